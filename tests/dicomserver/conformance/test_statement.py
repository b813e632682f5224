"""The conformance statement says what the code does, table by table."""

import pytest

from tests.dicomserver.conformance import STATEMENT
from tests.dicomserver.conformance.tables import all_tables
from tests.document_tables import tables_of, written

TABLES = all_tables()


@pytest.mark.parametrize("name", sorted(TABLES))
def test_table_says_what_the_code_does(name: str) -> None:
    """Where it does not: python -m tests.dicomserver.conformance"""
    assert tables_of(STATEMENT)[name] == written(TABLES[name])


def test_statement_has_no_other_tables() -> None:
    assert set(tables_of(STATEMENT)) == set(TABLES)


def test_statement_has_the_chapters_of_the_standard() -> None:
    text = STATEMENT.read_text(encoding="utf-8")
    chapters = (
        "1 Overview",
        "3 Introduction",
        "4 Networking",
        "5 DICOMweb",
        "6 Media",
        "7 Character sets",
        "8 Security",
    )
    assert [chapter for chapter in chapters if f"\n## {chapter}\n" not in text] == []

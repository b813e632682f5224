"""Whatever a file holds, its cleaned text travels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from wire import text as wire_text
from wire.text import clean, clean_identifier

FIELDS = [
    (wire_text.CodeText, wire_text.CODE_LENGTH),
    (wire_text.ShortText, wire_text.SHORT_LENGTH),
    (wire_text.IdentifierText, wire_text.IDENTIFIER_LENGTH),
    (wire_text.NameText, wire_text.NAME_LENGTH),
    (wire_text.Text, wire_text.TEXT_LENGTH),
]
anything = st.text(st.characters(), max_size=3000) | st.text("\x00\x1b\r\n\x85\ud800\udfff\u2028ab ", max_size=100)


@pytest.mark.parametrize(("field", "limit"), FIELDS)
@given(value=anything)
def test_cleaned_text_fits_its_field(field, limit, value):
    adapter = TypeAdapter(field)
    for cleaned in (clean(value, limit), clean_identifier(value, max(limit, 32))[:limit]):
        assert adapter.validate_json(adapter.dump_json(cleaned), strict=True) == cleaned


@given(value=anything)
def test_cleaning_twice_changes_nothing_more(value):
    assert clean(clean(value)) == clean(value)
    assert clean_identifier(clean_identifier(value)) == clean_identifier(value)


@pytest.mark.parametrize(
    ("value", "cleaned"),
    [
        (None, ""),
        ("", ""),
        (12, "12"),
        ("  Munteanu^Elena ", "Munteanu^Elena"),
        ("a\x00b\x1b[2Jc\r\nd", "a b [2Jc  d"),
        ("\ud800x", "\ufffdx"),
        ("Козак^Ирина=山田^太郎", "Козак^Ирина=山田^太郎"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("x" * 1025, "x" * 1023 + "…"),
    ],
)
def test_text_is_cleaned(value, cleaned):
    assert clean(value) == cleaned


def test_long_identifiers_that_differ_at_the_end_stay_different():
    first, second = clean_identifier("7" * 300 + "1"), clean_identifier("7" * 300 + "2")
    assert first != second
    assert len(first) == len(second) == 256
    assert clean_identifier("2002062031458") == "2002062031458"

"""docs/interoperability.md holds the matrix of tools and verbs, and each of its cells names a test that exists."""

import ast

import pytest

from tests.demonstration import ROOT
from tests.document_tables import tables_of, written
from tests.interop.document import INTEROPERABILITY, all_tables
from tests.interop.matrix import PROOFS


def names_in(path: str) -> set[str]:
    tree = ast.parse((ROOT / "tests" / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("path", sorted({proof.test.partition("::")[0] for proof in PROOFS}))
def test_every_proof_is_a_test(path: str) -> None:
    named = {proof.test.partition("::")[2] for proof in PROOFS if proof.test.startswith(f"{path}::")}
    assert named - names_in(path) == set()


def test_document_holds_the_matrix() -> None:
    """Where it does not: python -m tests.interop.document"""
    assert tables_of(INTEROPERABILITY) == {name: written(rows) for name, rows in all_tables().items()}

"""`python -m tests.interop.document`: write the matrix of docs/interoperability.md from the proofs."""

from typing import Final

from tests.demonstration import ROOT
from tests.document_tables import Row, replace_tables
from tests.interop.matrix import PROOFS

INTEROPERABILITY: Final = ROOT / "docs" / "interoperability.md"


def all_tables() -> dict[str, list[Row]]:
    """The matrix, and what shows each of its cells."""
    return {"matrix": matrix(), "proofs": proofs()}


def matrix() -> list[Row]:
    """A row a verb, a column a tool."""
    tools = tuple(dict.fromkeys(proof.tool for proof in PROOFS))
    shown = {(proof.verb, proof.tool) for proof in PROOFS}
    verbs = dict.fromkeys(proof.verb for proof in PROOFS)
    rows = ((verb, *("yes" if (verb, tool) in shown else "" for tool in tools)) for verb in verbs)
    return [("verb", *tools), *rows]


def proofs() -> list[Row]:
    """A row a tool and verb, with its tests."""
    rows: list[Row] = [("tool", "verb", "tests")]
    for tool, verb in dict.fromkeys((proof.tool, proof.verb) for proof in PROOFS):
        tests = [proof.test for proof in PROOFS if (proof.tool, proof.verb) == (tool, verb)]
        rows.append((tool, verb, "<br>".join(f"`{test}`" for test in tests)))
    return rows


if __name__ == "__main__":
    replace_tables(INTEROPERABILITY, all_tables())

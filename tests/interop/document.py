"""`python -m tests.interop.document`: write the matrix of docs/interoperability.md from the proofs."""

from typing import Final

from tests.demonstration import ROOT
from tests.document_tables import Row, replace_tables
from tests.interop.matrix import PROOFS

TOOLS: Final = ("dcmtk", "GDCM", "Orthanc", "dicom3tools", "dicomweb-client", "OHIF", "others")
INTEROPERABILITY: Final = ROOT / "docs" / "interoperability.md"


def all_tables() -> dict[str, list[Row]]:
    """The matrix, and what shows each of its cells."""
    return {"matrix": matrix(), "proofs": proofs()}


def matrix() -> list[Row]:
    """A row a verb, a column a tool; in each cell the tool's programs, or yes where it is one program."""
    tools = tuple(dict.fromkeys(proof.tool for proof in sorted(PROOFS, key=lambda one: TOOLS.index(one.tool))))
    verbs = dict.fromkeys(proof.verb for proof in PROOFS)
    return [("verb", *tools), *((verb, *(_programs(verb, tool) for tool in tools)) for verb in verbs)]


def _programs(verb: str, tool: str) -> str:
    named = dict.fromkeys(proof.program or "yes" for proof in PROOFS if (proof.verb, proof.tool) == (verb, tool))
    return ", ".join(named)


def proofs() -> list[Row]:
    """A row a verb and tool, with its tests."""
    rows: list[Row] = [("verb", "tool", "tests")]
    for verb, tool in dict.fromkeys((proof.verb, proof.tool) for proof in PROOFS):
        tests = dict.fromkeys(proof.test for proof in PROOFS if (proof.verb, proof.tool) == (verb, tool))
        rows += [(verb, tool, "<br>".join(f"`{test}`" for test in tests))]
    return rows


if __name__ == "__main__":
    replace_tables(INTEROPERABILITY, all_tables())

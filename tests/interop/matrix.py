"""Which tool of others is tried with which verb, and by which tests: the rows of docs/interoperability.md."""

from typing import Final, NamedTuple


class Proof(NamedTuple):
    """A verb that a tool does with a DICOM Server, and the test (file::name below tests/) that shows it."""

    tool: str
    verb: str
    test: str


PROOFS: Final[tuple[Proof, ...]] = ()

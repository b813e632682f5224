"""Fuzzes the header walker: it must agree with pydicom, which refuses what cannot be read and nothing else fails."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from dicomserver.archive.content import OpenFile
from dicomserver.ingest.errors import InstanceRefused, Reason
from dicomserver.ingest.header import InstanceHeader, parsed_header, walked_header

# The first byte says in which of these the rest is encoded.
TRANSFER_SYNTAXES: Final = (
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2.2",
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.4.80",
)
ISSUERS: Final = ("IDNP",)


def fuzz_one(data: bytes) -> None:
    """Read the bytes both ways. Raises AssertionError where they disagree, and whatever is not InstanceRefused."""
    if not data:
        return
    transfer_syntax_uid = TRANSFER_SYNTAXES[data[0] % len(TRANSFER_SYNTAXES)]
    compare(data[1:], transfer_syntax_uid)


def compare(data_set: bytes, transfer_syntax_uid: str) -> tuple[bool, bool]:
    """Whether the walker was sure, and whether the data set was taken. Raises AssertionError where the two disagree."""
    with tempfile.TemporaryFile() as file:
        file.write(b"head" + data_set)
        file.flush()
        place = OpenFile(file.fileno()), 4, transfer_syntax_uid
        scratch = Path(tempfile.gettempdir())
        walked = outcome(lambda: walked_header(*place, ISSUERS))
        parsed = outcome(lambda: parsed_header(*place, scratch, ISSUERS))
    if walked is not None and walked != parsed:
        raise AssertionError(f"walked: {walked!r}, parsed: {parsed!r}")
    return walked is not None, isinstance(parsed, InstanceHeader)


def outcome(read: Callable[[], InstanceHeader | None]) -> InstanceHeader | Reason | None:
    """The header, why there is none, or None where the walker is unsure."""
    try:
        return read()
    except InstanceRefused as refusal:
        return refusal.reason

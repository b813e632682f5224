"""How a transfer syntax encodes a data set, and a data set that is deflated made readable."""

import zlib
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Final

from dicomserver.ingest.errors import InstanceRefused, Reason

IMPLICIT_LITTLE: Final = "1.2.840.10008.1.2"
EXPLICIT_BIG: Final = "1.2.840.10008.1.2.2"
# Deflated Explicit VR Little Endian and the deflated forms of JPIP (PS3.5 A.5, A.7, A.12).
DEFLATED: Final = frozenset({"1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205"})
# A few kilobytes can inflate to gigabytes; nothing deflated in practice comes near this.
MAX_INFLATED_BYTES: Final = 2 * 1024**3
_STEP: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Encoding:
    """What must be known to read a data set's elements."""

    implicit: bool
    little_endian: bool
    deflated: bool


def encoding_of(transfer_syntax_uid: str) -> Encoding:
    """The encoding of any transfer syntax: all that are not listed are explicit VR little endian (PS3.5 10)."""
    return Encoding(
        implicit=transfer_syntax_uid == IMPLICIT_LITTLE,
        little_endian=transfer_syntax_uid != EXPLICIT_BIG,
        deflated=transfer_syntax_uid in DEFLATED,
    )


def inflate(file: IO[bytes], folder: Path) -> IO[bytes]:
    """The data set inflated into an unnamed file of the folder. Raises InstanceRefused."""
    target: IO[bytes] = TemporaryFile(dir=folder)  # noqa: SIM115 - handed to the caller
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        while not inflater.eof:
            pending = inflater.unconsumed_tail or file.read(_STEP)
            piece = inflater.decompress(pending, _STEP)
            if not pending and not piece:
                raise InstanceRefused(Reason.TRUNCATED, "The deflated data set ends too early.")
            target.write(piece)
            if target.tell() > MAX_INFLATED_BYTES:
                raise InstanceRefused(Reason.TOO_COMPLEX, "The deflated data set inflates to more than is believable.")
        target.flush()
    except zlib.error as error:
        target.close()
        raise InstanceRefused(Reason.UNREADABLE, "The deflated data set cannot be inflated.") from error
    except BaseException:
        target.close()
        raise
    return target

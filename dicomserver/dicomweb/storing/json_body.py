"""Takes the parts of a DICOM JSON request (PS3.18 8.7.3.2, 10.5.2): metadata into memory, bulk data into one file.

What metadata may refer to are the other parts of its own request, and nothing else: no address is ever asked.
"""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import urljoin

from django.utils.http import parse_header_parameters

from dicomserver.archive import ArchiveError, ArchiveFull
from dicomserver.dicomweb.media import DICOM_JSON
from dicomserver.dicomweb.storing.multipart import MultipartError, Piece

# JSON of so many bytes takes some ten times as much in memory.
MAX_METADATA_BYTES: Final = 32 * 1024 * 1024
MAX_BULK_PARTS: Final = 100_000
PIECE_BYTES: Final = 1024 * 1024
_JSON: Final = frozenset({DICOM_JSON, "application/json"})


@dataclass(frozen=True, slots=True)
class BulkPart:
    """One part of bulk data: what it is, and where in the file it lies."""

    media_type: str
    transfer_syntax_uid: str
    offset: int
    length: int


@dataclass(slots=True)
class JsonBody:
    """The parts of one request; to be used as a context, at whose end the file goes.

    `address` is that of the request: relative Content-Locations and BulkDataURIs mean places below it.
    """

    folder: Path
    address: str
    metadata: list[bytearray] = field(default_factory=list)
    _parts: dict[str, list[BulkPart]] = field(default_factory=dict)
    _file: int = -1
    _length: int = 0
    _count: int = 0
    _metadata_length: int = 0

    def __enter__(self) -> Self:
        """Make the file, which has no name: it goes with the process. Raises ArchiveError."""
        try:
            self._file = os.open(self.folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError:
            # A file system without files that have no name.
            descriptor, name = tempfile.mkstemp(dir=self.folder)
            Path(name).unlink()
            self._file = descriptor
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let the file go."""
        os.close(self._file)

    def open_part(self, headers: dict[str, str]) -> "_Metadata | _Bulk":
        """The sink of a part with these headers. Raises MultipartError."""
        media_type, parameters = _content_type(headers.get("content-type", DICOM_JSON))
        location = headers.get("content-location", "").strip()
        if media_type in _JSON and not location:
            self.metadata.append(bytearray())
            return _Metadata(self)
        self._count += 1
        if self._count > MAX_BULK_PARTS:
            raise MultipartError(f"The body has more than {MAX_BULK_PARTS} parts.")
        return _Bulk(self, location, media_type, parameters.get("transfer-syntax", ""))

    def named(self, address: str) -> list[BulkPart]:
        """The parts of this request that the address names, in their order; none where it names something else."""
        return self._parts.get(self._resolved(address), [])

    def pieces(self, part: BulkPart) -> Iterator[bytes]:
        """The part's bytes."""
        offset, end = part.offset, part.offset + part.length
        while offset < end:
            piece = os.pread(self._file, min(PIECE_BYTES, end - offset), offset)
            if not piece:
                raise ArchiveError("What was kept of the request cannot be read.")
            offset += len(piece)
            yield piece

    def add_metadata(self, piece: Piece) -> None:
        """Take the next bytes of the metadata part that came last. Raises MultipartError."""
        self._metadata_length += len(piece)
        if self._metadata_length > MAX_METADATA_BYTES:
            raise MultipartError(f"Metadata may have {MAX_METADATA_BYTES} bytes in a request.")
        self.metadata[-1] += piece

    def add_bulk(self, piece: Piece) -> None:
        """Take the next bytes of bulk data. Raises ArchiveError."""
        view = memoryview(piece)
        try:
            while view:
                written = os.pwrite(self._file, view, self._length)
                self._length += written
                view = view[written:]
        except OSError as error:
            raise ArchiveFull("There is no room for the request's bulk data.") from error

    def end_bulk(self, location: str, media_type: str, transfer_syntax_uid: str, start: int) -> None:
        """A part of bulk data that began at `start` is whole."""
        part = BulkPart(media_type, transfer_syntax_uid, start, self._length - start)
        self._parts.setdefault(self._resolved(location), []).append(part)

    @property
    def length(self) -> int:
        """Where the next bulk data begins."""
        return self._length

    def _resolved(self, location: str) -> str:
        try:
            return urljoin(self.address, location)
        except ValueError:
            # Such as an address with half a pair of brackets.
            return location


class _Metadata:
    """The sink of a metadata part."""

    def __init__(self, body: JsonBody) -> None:
        self._body = body

    def write(self, piece: Piece) -> None:
        """Take the next bytes."""
        self._body.add_metadata(piece)

    def finish(self) -> None:
        """It is whole."""

    def discard(self) -> None:
        """It never will be."""
        self._body.metadata.pop()


class _Bulk:
    """The sink of a part of bulk data."""

    def __init__(self, body: JsonBody, location: str, media_type: str, transfer_syntax_uid: str) -> None:
        self._body = body
        self._location = location
        self._media_type = media_type
        self._transfer_syntax_uid = transfer_syntax_uid
        self._start = body.length

    def write(self, piece: Piece) -> None:
        """Take the next bytes."""
        self._body.add_bulk(piece)

    def finish(self) -> None:
        """It is whole."""
        if self._location:
            self._body.end_bulk(self._location, self._media_type, self._transfer_syntax_uid, self._start)

    def discard(self) -> None:
        """It never will be: nothing can refer to it."""


def _content_type(text: str) -> tuple[str, dict[str, str]]:
    try:
        media_type, parameters = parse_header_parameters(text)
    except ValueError as error:
        raise MultipartError("A part's Content-Type is malformed.") from error
    return media_type.lower(), parameters

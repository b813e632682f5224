"""Feeds the multipart reader of STOW-RS: the result never depends on the pieces, and memory stays bounded."""

from dicomserver.dicomweb.storing.multipart import (
    MAX_HEADER_BYTES,
    MultipartError,
    MultipartReader,
    PartSink,
    Piece,
)

BOUNDARY = "b0"
# A header block that is not whole yet, and what may be a delimiter's beginning with its padding.
MAX_HELD_BYTES = MAX_HEADER_BYTES + 2048


class _Part:
    """Keeps one part for the comparison, and insists on the order of the calls."""

    def __init__(self, parts: "list[_Part]", headers: dict[str, str]) -> None:
        self.headers = headers
        self.content = bytearray()
        self.end = ""
        parts.append(self)

    def write(self, piece: Piece) -> None:
        if self.end or not piece:
            raise AssertionError("a write after the end, or of nothing")
        self.content += piece

    def finish(self) -> None:
        self._end("finished")

    def discard(self) -> None:
        self._end("discarded")

    def _end(self, how: str) -> None:
        if self.end:
            raise AssertionError("a part ended twice")
        self.end = how

    @property
    def seen(self) -> tuple[dict[str, str], bytes, str]:
        return self.headers, bytes(self.content), self.end


def fuzz_one(data: bytes) -> None:
    """Read the body as a whole and in pieces whose sizes the first bytes say. Raises where the two differ."""
    if len(data) < 4:
        return
    sizes, body = [size + 1 for size in data[:4]], data[4:]
    whole = _read(body, [len(body)])
    pieces = _read(body, sizes)
    if whole != pieces:
        raise AssertionError(f"the pieces matter: {whole} {pieces}")
    parts, error = whole
    if not error and any(end != "finished" for _, _, end in parts):
        raise AssertionError("a part of a whole body was not finished")


def _read(body: bytes, sizes: list[int]) -> tuple[list[tuple[dict[str, str], bytes, str]], str]:
    parts: list[_Part] = []

    def open_part(headers: dict[str, str]) -> PartSink:
        return _Part(parts, headers)

    reader = MultipartReader(BOUNDARY, open_part)
    error = ""
    position = turn = 0
    try:
        while position < len(body):
            size = sizes[turn % len(sizes)]
            reader.feed(body[position : position + size])
            if len(reader._held) > MAX_HELD_BYTES + size:  # noqa: SLF001 - memory is what this looks for
                raise AssertionError("more is held back than a header block")
            position += size
            turn += 1
        reader.close()
    except MultipartError as problem:
        error = type(problem).__name__
    reader.abort()
    if any(not part.end for part in parts):
        raise AssertionError("a part was left open")
    return [part.seen for part in parts], error

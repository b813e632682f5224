"""Takes a multipart body apart as it streams by (RFC 2046 5.1, RFC 2387): bounded memory, hardly a copy."""

import re
from collections.abc import Callable
from enum import Enum, auto
from typing import Final, Protocol, TypeAlias

MAX_HEADER_BYTES: Final = 16 * 1024
# Nobody writes more in front of the first part; a body without its announced boundary is told early.
MAX_PREAMBLE_BYTES: Final = 64 * 1024

# RFC 2046 5.1.1, bchars; a space may not be the last. It allows 70, but Orthanc sends 73.
_BOUNDARY: Final = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,199}[0-9A-Za-z'()+_,./:=?-]")
# What makes a line that begins with a delimiter a delimiter line: transport padding (here bounded) and its end.
_DELIMITER_LINE: Final = re.compile(rb"(--)?[ \t]{0,1024}\r\n")
_PERHAPS_DELIMITER_LINE: Final = re.compile(rb"-|(--)?[ \t]{0,1024}\r?")
_LAST_LINE: Final = re.compile(rb"--[ \t]{0,1024}\r?")
_HEADER: Final = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*:[ \t]*(.*?)[ \t]*", re.DOTALL)
_FOLDED: Final = re.compile(rb"\r\n[ \t]+")
_LINE_BREAK: Final = b"\r\n"
_NO_MORE: Final = -1

Piece: TypeAlias = bytes | memoryview


class MultipartError(ValueError):
    """The body is not what its Content-Type announces."""


class TruncatedBody(MultipartError):
    """The body ended before its closing delimiter: the part that was under way is not whole."""


class PartSink(Protocol):
    """Takes one part's content: pieces, then exactly one of `finish` and `discard`."""

    def write(self, piece: Piece) -> None:
        """Take the next bytes; they never change, and may be kept for as long as their memory can be spared."""

    def finish(self) -> None:
        """The part is whole."""

    def discard(self) -> None:
        """The part will never be whole."""


class _State(Enum):
    CONTENT = auto()
    HEADERS = auto()
    EPILOGUE = auto()


class _Preamble:
    """What stands before the first part is nobody's."""

    def __init__(self) -> None:
        self._seen = 0

    def write(self, piece: Piece) -> None:
        self._seen += len(piece)
        if self._seen > MAX_PREAMBLE_BYTES:
            raise MultipartError("The boundary does not stand at the beginning of the body.")

    def finish(self) -> None:
        """The first part begins."""

    def discard(self) -> None:
        """There is no part."""


class MultipartReader:
    """Feed it the body in pieces of any size; it hands each part's content to the sink that `open_part` returns.

    What it does depends on the bytes alone, never on where the pieces end. It holds back at most the header block of
    one part, or what may be the beginning of a delimiter. `open_part` gets the part's headers, names in lower case.
    """

    def __init__(self, boundary: str, open_part: Callable[[dict[str, str]], PartSink]) -> None:
        """Raises MultipartError where the boundary is none."""
        if not _BOUNDARY.fullmatch(boundary):
            raise MultipartError("The boundary is missing or malformed.")
        self._delimiter = b"\r\n--" + boundary.encode("ascii")
        self._open_part = open_part
        self._sink: PartSink = _Preamble()
        self._state = _State.CONTENT
        # As if a line had ended before the body: its first line may be a delimiter.
        self._held = _LINE_BREAK
        # So many of the bytes held back are not content: a line break that may belong to a delimiter.
        self._before_content = len(_LINE_BREAK)

    @property
    def is_complete(self) -> bool:
        """Whether the closing delimiter was seen; what follows it means nothing."""
        return self._state is _State.EPILOGUE

    def feed(self, piece: bytes) -> None:
        """Take the next bytes of the body. Raises MultipartError and what the sinks raise; call `abort` then."""
        data = self._held + piece if self._held else piece
        self._held = b""
        position = 0
        while position != _NO_MORE and self._state is not _State.EPILOGUE:
            position = (self._content if self._state is _State.CONTENT else self._headers)(data, position)

    def close(self) -> None:
        """The body has ended. Raises TruncatedBody where that is too early; the part under way was then discarded."""
        is_delimiter = self._state is _State.CONTENT and self._held.startswith(self._delimiter)
        # The last line need not end with a line break.
        if is_delimiter and _LAST_LINE.fullmatch(self._held, len(self._delimiter)):
            self._state = _State.EPILOGUE
            self._sink.finish()
        if not self.is_complete:
            self.abort()
            raise TruncatedBody("The body ends before its closing delimiter.")

    def abort(self) -> None:
        """Discard the part under way; harmless to repeat, and after the end."""
        if self._state is _State.CONTENT:
            self._sink.discard()
        self._state = _State.EPILOGUE

    def _content(self, data: bytes, position: int) -> int:
        """Hand out content up to the next delimiter line; returns where its line break stands, or _NO_MORE."""
        begin = position + self._before_content
        search = position
        while (found := data.find(self._delimiter, search)) >= 0:
            behind = found + len(self._delimiter)
            if line := _DELIMITER_LINE.match(data, behind):
                self._hand_out(data, begin, found)
                self._state = _State.EPILOGUE if line[1] else _State.HEADERS
                self._sink.finish()
                return line.end() - len(_LINE_BREAK)
            if _PERHAPS_DELIMITER_LINE.fullmatch(data, behind):
                break
            search = found + 1
        if found < 0:
            found = self._possible_delimiter(data, position)
        self._hand_out(data, begin, found)
        self._held = data[found:]
        self._before_content = max(begin - found, 0)
        return _NO_MORE

    def _possible_delimiter(self, data: bytes, position: int) -> int:
        """Where, at the end of the data, a delimiter may have begun; the end itself where none has."""
        # A delimiter holds one carriage return, at its beginning: only the last one in the data matters.
        found = data.rfind(b"\r", max(position, len(data) - len(self._delimiter) + 1))
        return found if found >= 0 and self._delimiter.startswith(data[found:]) else len(data)

    def _headers(self, data: bytes, position: int) -> int:
        """Read the header block behind the line break at the position; returns where the content's search begins."""
        blank = data.find(b"\r\n\r\n", position)
        # A part without content may lack the blank line too: then the next delimiter follows its headers.
        end = data.find(self._delimiter, position, blank if blank >= 0 else len(data))
        if end < 0:
            end = blank
        # Where the end is still to come, a part of it may be there already.
        length = end - position if end >= 0 else len(data) - position - len(self._delimiter)
        if length > MAX_HEADER_BYTES:
            raise MultipartError(f"A part's headers are longer than {MAX_HEADER_BYTES} bytes.")
        if end < 0:
            self._held = data[position:]
            return _NO_MORE
        self._sink = self._open_part(_parse_headers(data[position + len(_LINE_BREAK) : end]))
        self._state = _State.CONTENT
        self._before_content = len(_LINE_BREAK)
        return end + len(_LINE_BREAK) if end == blank else end

    def _hand_out(self, data: bytes, begin: int, end: int) -> None:
        if begin < end:
            whole = begin == 0 and end == len(data)
            self._sink.write(data if whole else memoryview(data)[begin:end])


def _parse_headers(block: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    if not block:
        return headers
    for line in _FOLDED.sub(b" ", block).decode("latin-1").split("\r\n"):
        header = _HEADER.fullmatch(line)
        if header is None:
            raise MultipartError("A part's headers are malformed.")
        headers.setdefault(header[1].lower(), header[2])
    return headers

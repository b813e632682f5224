"""Reads an HL7 version 2 message and writes its acknowledgement (HL7 2.5, chapter 2)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import hl7

ACCEPT: Final = "AA"
ERROR: Final = "AE"
REJECT: Final = "AR"
# HL7 table 0211: what MSH-18 may say, and how Python calls it.
CHARACTER_SETS: Final = {
    "ASCII": "ascii",
    "UNICODE UTF-8": "utf-8",
    "UTF-8": "utf-8",
    "UNICODE UTF-16": "utf-16",
    "GB 18030-2000": "gb18030",
    "ISO IR87": "iso2022_jp",
    "KS X 1001": "euc_kr",
    "WINDOWS-1250": "cp1250",
    "WINDOWS-1251": "cp1251",
    **{f"8859/{part}": f"iso8859_{part}" for part in (1, 2, 3, 4, 5, 6, 7, 8, 9, 15)},
}
_LONGEST_ECHO: Final = 180
_LONGEST_TEXT: Final = 80
# HL7 2.5, 2.8.32: "" is a value that is to be deleted.
_NULL: Final = '""'


class MessageRefused(Exception):
    """The message is not taken: `code` is AE or AR; the text names segments and fields, never values."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True)
class Header:
    """MSH as an acknowledgement needs it: separators, and fields as text, before the rest of the message is read."""

    separators: str
    fields: tuple[str, ...]
    encoding: str

    def field(self, number: int) -> str:
        """MSH-`number`, from 3 on; empty where it was not sent."""
        return self.fields[number - 2] if 0 < number - 2 < len(self.fields) else ""

    @property
    def kind(self) -> str:
        """Message code and trigger event, such as ORM^O01."""
        parts = self.field(9).split(self.separators[1])
        return "^".join(parts[:2])

    @property
    def sender(self) -> str:
        """Sending application and facility."""
        return f"{self.field(3)[:_LONGEST_ECHO]}|{self.field(4)[:_LONGEST_ECHO]}"


def read_header(data: bytes, default_encoding: str) -> Header:
    """The header of a message. Raises MessageRefused where there is none, or none that can be answered."""
    line = re.split(rb"[\r\n]", data.lstrip(b"\r\n \t"), maxsplit=1)[0]
    if not line.startswith(b"MSH") or len(line) < 9:
        raise MessageRefused(REJECT, "The message does not begin with an MSH segment.")
    separators = line[3:8].decode("latin-1")
    if len(set(separators)) != len(separators) or any(one.isalnum() or not one.isprintable() for one in separators):
        raise MessageRefused(REJECT, "MSH-1 and MSH-2 name no separators.")
    plain = line.decode("latin-1").split(separators[0])[1:]
    named = plain[16].strip() if len(plain) > 16 else ""
    # Of several, the first is the message's own; escapes to others are not read.
    first = named.split(separators[2])[0].strip().upper()
    encoding = CHARACTER_SETS.get(first, "") if first else default_encoding
    text = line.decode(encoding or "latin-1", "replace")
    return Header(separators, tuple(text.split(separators[0])[1:]), encoding)


def acknowledgement(header: Header | None, code: str, text: str, *, now: datetime, application: str) -> bytes:
    """The ACK: who sent is who receives, and what is answered is named by its control ID (MSA-2)."""
    if header is None:
        header = Header("|^~\\&", (), "ascii")
    bar = header.separators[0]
    caret = header.separators[1]
    trigger = header.kind.partition("^")[2]
    kind = caret.join(("ACK", _echo(trigger), "ACK")) if trigger else "ACK"
    fields = [
        *("MSH", header.separators[1:], _echo(application), _echo(header.field(6)), _echo(header.field(3))),
        *(_echo(header.field(4)), f"{now:%Y%m%d%H%M%S}", "", kind, f"{now:%Y%m%d%H%M%S%f}", _echo(header.field(11))),
        *(_echo(header.field(12)) or "2.5", "", "", "", "", "", _echo(header.field(18))),
    ]
    said = "".join(letter for letter in text if letter not in header.separators)[:_LONGEST_TEXT]
    answer = [bar.join(fields).rstrip(bar), bar.join(("MSA", code, _echo(header.field(10)), said)).rstrip(bar)]
    return "".join(segment + "\r" for segment in answer).encode(header.encoding or "ascii", "replace")


def _echo(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())[:_LONGEST_ECHO]


class Message:
    """A parsed message: values by segment, field, component and subcomponent, unescaped; what is not there is empty."""

    def __init__(self, data: bytes, header: Header) -> None:
        """Raises MessageRefused."""
        if not header.encoding:
            raise MessageRefused(ERROR, "MSH-18 names a character set that is not read here.")
        try:
            text = data.decode(header.encoding)
        except UnicodeDecodeError as error:
            raise MessageRefused(ERROR, "The text is not in the character set of MSH-18.") from error
        text = re.sub(r"\r?\n|\r", "\r", text.strip("\r\n \t"))
        try:
            self._message = hl7.parse(text)
        except Exception as error:
            # Hostile text fails in the parser in many ways.
            raise MessageRefused(REJECT, "The message cannot be parsed.") from error

    def __iter__(self) -> Iterator["Segment"]:
        return (Segment(self._message, segment) for segment in self._message)

    def first(self, name: str) -> "Segment":
        """The first segment of this name; an empty one where there is none."""
        return next((segment for segment in self if segment.name == name), Segment(self._message, []))


class Segment:
    """One segment."""

    def __init__(self, message: Any, segment: Any) -> None:
        self._message = message
        self._segment = segment
        self.name = str(segment[0]) if len(segment) else ""

    def __bool__(self) -> bool:
        return bool(self.name)

    def repetitions(self, field: int) -> int:
        """How often a field is there."""
        if field >= len(self._segment) or not str(self._segment[field]):
            return 0
        return len(self._segment[field])

    def value(self, field: int, component: int = 1, subcomponent: int = 1, *, repetition: int = 0) -> str:
        """One value, counted from 1, but repetitions from 0."""
        here = self._segment
        for place in (field, repetition, component - 1, subcomponent - 1):
            if isinstance(here, str):
                # What is not divided is its own first part.
                if place:
                    return ""
                continue
            if place >= len(here):
                return ""
            here = here[place]
        text = str(self._message.unescape(str(here))).strip()
        return "" if text == _NULL else text

"""Text that may travel: bounded, one line, no control characters; and how a sender makes it so."""

import hashlib
import sys
from typing import Annotated, Final

from pydantic import Field

CODE_LENGTH: Final = 16
SHORT_LENGTH: Final = 64
IDENTIFIER_LENGTH: Final = 256
VERSION_LENGTH: Final = 40
NAME_LENGTH: Final = 4 * 324
TEXT_LENGTH: Final = 1024
URL_LENGTH: Final = 500

# C0, DEL and C1 (with NUL, which PostgreSQL cannot store) and the two line separators of Unicode.
_REFUSED: Final = frozenset([*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029])
_REPLACEMENTS: Final = dict.fromkeys(_REFUSED, " ") | dict.fromkeys(range(0xD800, 0xE000), "\ufffd")
_DIGEST_LENGTH: Final = 16
_PATTERN: Final = r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$"

CodeText = Annotated[str, Field(max_length=CODE_LENGTH, pattern=_PATTERN)]
ShortText = Annotated[str, Field(max_length=SHORT_LENGTH, pattern=_PATTERN)]
IdentifierText = Annotated[str, Field(max_length=IDENTIFIER_LENGTH, pattern=_PATTERN)]
NameText = Annotated[str, Field(max_length=NAME_LENGTH, pattern=_PATTERN)]
Text = Annotated[str, Field(max_length=TEXT_LENGTH, pattern=_PATTERN)]
ShortId = Annotated[str, Field(min_length=1, max_length=SHORT_LENGTH, pattern=_PATTERN)]
Version = Annotated[str, Field(min_length=1, max_length=VERSION_LENGTH, pattern=_PATTERN)]


def clean(value: object, limit: int = TEXT_LENGTH) -> str:
    """Text of `value` that every model of the wire accepts in a field of `limit` characters.

    Control characters become spaces, undecodable halves become U+FFFD, outer white space goes, and
    what is too long is cut with an ellipsis: a hostile file never makes a message that is refused
    for ever. None becomes the empty string.
    """
    if value is None:
        return ""
    text = str(value).translate(_REPLACEMENTS).strip()
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def clean_identifier(value: object, limit: int = IDENTIFIER_LENGTH) -> str:
    """Like `clean`, but two identifiers that differ only after the cut stay different."""
    text = clean(value, limit)
    whole = clean(value, sys.maxsize)
    if text == whole:
        return text
    digest = hashlib.sha256(whole.encode()).hexdigest()[:_DIGEST_LENGTH]
    return f"{whole[: limit - _DIGEST_LENGTH - 1]}…{digest}"

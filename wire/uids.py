"""DICOM unique identifiers, parsed once at the border so that no unparsed one becomes a path."""

import re
from typing import Annotated, Final

from pydantic import Field

MAX_UID_LENGTH: Final = 64  # PS3.5 9.1
# PS3.5 9.1: components of digits, without leading zero unless the component is 0.
_PATTERN: Final = r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))*"
_UID: Final = re.compile(_PATTERN, re.ASCII)

Uid = Annotated[str, Field(min_length=1, max_length=MAX_UID_LENGTH, pattern=f"^{_PATTERN}$")]


class InvalidUid(ValueError):
    """What was given is no UID of PS3.5 9.1; the message never repeats it, for it may be anything."""


def parse_uid(text: object) -> str:
    """The UID as a plain str: safe in a path, a URL and a query. Raises InvalidUid."""
    if not isinstance(text, str):
        raise InvalidUid(f"A UID is text, not {type(text).__name__}.")
    if not text:
        raise InvalidUid("The UID is empty.")
    if len(text) > MAX_UID_LENGTH:
        raise InvalidUid(f"The UID has {len(text)} characters, more than {MAX_UID_LENGTH}.")
    match = _UID.fullmatch(text)
    if match is None:
        raise InvalidUid("The UID is not made of dot-separated numbers without leading zeros.")
    return match.group()

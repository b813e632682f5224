"""Chooses the Specific Character Set of an answer: the query's own where that holds all texts (PS3.5 6.1.2)."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from pydicom.charset import convert_encodings, decode_bytes, default_encoding, encode_string, python_encoding

UNICODE: Final = "ISO_IR 192"
_DELIMITERS: Final = re.compile(r"[\\^=]")


def character_set_for(asked: Sequence[str], texts: Iterable[str]) -> tuple[str, ...]:
    """The terms for an answer with these texts to a query in `asked`; none where the default repertoire is enough.

    >>> character_set_for(["ISO_IR 144"], ["Козлова^Ирина"])
    ('ISO_IR 144',)
    >>> character_set_for(["ISO_IR 100"], ["Козлова^Ирина"])
    ('ISO_IR 192',)
    >>> character_set_for([], ["Popescu^Ion"])
    ()
    """
    distinct = list(dict.fromkeys(texts))
    if not any(asked) or not all(term in python_encoding for term in asked):
        return () if all(text.isascii() for text in distinct) else (UNICODE,)
    return tuple(asked) if all(_holds(asked, text) for text in distinct) else (UNICODE,)


def _holds(terms: Sequence[str], text: str) -> bool:
    """Whether the text comes back from the character set as it is."""
    if text.isascii() and "\\" not in text and "~" not in text:
        return True
    encodings = convert_encodings(list(terms))
    if default_encoding in encodings and any("\x80" <= letter <= "\xff" for letter in text):
        # pydicom takes the default repertoire, which is ASCII, for Latin-1.
        return False
    if not all(any(_encodes(letter, encoding) for encoding in encodings) for letter in set(text)):
        return False
    # Values, component groups and components are encoded each by itself (PS3.5 6.1.2.5.3).
    pieces = [piece for piece in _DELIMITERS.split(text) if piece]
    try:
        return all(decode_bytes(encode_string(piece, encodings), encodings, set()) == piece for piece in pieces)
    except (ValueError, LookupError):
        # pydicom's own encoders stumble over some texts.
        return False


def _encodes(letter: str, encoding: str) -> bool:
    try:
        letter.encode(encoding)
    except (UnicodeError, LookupError):
        return False
    return True

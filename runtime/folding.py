"""Folds text so that spelling, case, diacritics and script do not keep a search from its name."""

import hashlib
import re
import unicodedata
from typing import Final

# ICAO 9303 part 3, section 6: Cyrillic as travel documents write it. What Unicode decomposes (ё, й, ї, ў) is not
# listed.
CYRILLIC: Final = {
    "а": "a", "б": "b", "в": "v", "г": "g", "ґ": "g", "д": "d", "ђ": "dj", "е": "e", "є": "ie", "ж": "zh", "з": "z",
    "ѕ": "dz", "и": "i", "і": "i", "ј": "j", "к": "k", "л": "l", "љ": "lj", "м": "m", "н": "n", "њ": "nj", "о": "o",
    "п": "p", "р": "r", "с": "s", "т": "t", "ћ": "c", "у": "u", "ф": "f", "х": "kh", "ц": "ts", "ч": "ch", "џ": "dz",
    "ш": "sh", "щ": "shch", "ъ": "", "ы": "y", "ь": "", "э": "e", "ю": "iu", "я": "ia",
}  # fmt: skip
# Latin letters that Unicode does not decompose.
LATIN: Final = {"æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ħ": "h", "ı": "i", "ŋ": "n"}

_LETTERS: Final = str.maketrans({**CYRILLIC, **LATIN})
_WORD: Final = re.compile(r"[^\W_]+")
# PS3.5 6.2.1.1: family, given and middle name; prefix and suffix follow and tell nobody apart.
_NAMING_COMPONENTS: Final = 3
_DIGEST_LENGTH: Final = 16


def fold(text: str) -> str:
    """Return `text` in lower-case letters without diacritics, Cyrillic transliterated.

    >>> fold("Козлова") == fold("KOZLOVA")
    True
    >>> fold("Știrbu-Țurcanu Ioana, Bălți")
    'stirbu-turcanu ioana, balti'
    """
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    plain = "".join(letter for letter in decomposed if not _is_mark(letter))
    return unicodedata.normalize("NFKC", plain.translate(_LETTERS))


def words(text: str) -> list[str]:
    """Return the folded words of `text` in their order.

    >>> words("NC-2026 118/204")
    ['nc', '2026', '118', '204']
    """
    return _WORD.findall(fold(text))


def name_key(person_name: str) -> str:
    """Return the key under which two spellings of a DICOM person name meet; "" where it names nobody.

    >>> name_key("Козак^Ирина^^Dr.")
    'kozak irina'
    >>> name_key("KOZAK Irina")
    'kozak irina'
    """
    components = person_name.split("^")[:_NAMING_COMPONENTS]
    return " ".join(word for component in components for word in words(component))


def bounded(text: str, limit: int) -> str:
    """Return `text` within `limit` characters; two long texts that differ stay different."""
    if len(text) <= limit:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_LENGTH]
    return text[: limit - _DIGEST_LENGTH - 1] + "…" + digest


def _is_mark(letter: str) -> bool:
    # Format characters (soft hyphen, zero-width joiner) are as invisible as combining marks.
    return unicodedata.combining(letter) != 0 or unicodedata.category(letter) == "Cf"

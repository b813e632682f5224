"""Wildcards of PS3.4 C.2.2.2.4, `*` and `?`: as patterns of SQL, as letters to look up, and matched here."""

import re
from typing import Final

_WILD: Final = re.compile(r"[*?]+")
# More of them would make the look-up longer, and PostgreSQL believe that hardly anything has them all.
MAX_TRIGRAMS: Final = 4


def has_wildcard(text: str) -> bool:
    """Whether the text is a pattern."""
    return "*" in text or "?" in text


def is_universal(text: str) -> bool:
    """Whether the text stands for anything at all."""
    return not text.strip("*")


def like_pattern(text: str) -> str:
    """The pattern for LIKE; any number of `*` in a row are one.

    >>> like_pattern("100%_**a?")
    '100\\\\%\\\\_%a_'
    """
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return re.sub(r"\*+", "%", escaped).replace("?", "_")


def literals(text: str) -> list[str]:
    """What stands between the wildcards."""
    return [literal for literal in _WILD.split(text) if literal]


def trigrams(texts: list[str]) -> list[str]:
    """Some groups of three letters in the texts, from all over them, as `index_trigrams` of the database finds them.

    >>> trigrams(["==popescu^ion=="])
    ['==p', 'esc', '^io', 'n==']
    """
    found = list(dict.fromkeys(text[at : at + 3] for text in texts for at in range(len(text) - 2)))
    if len(found) <= MAX_TRIGRAMS:
        return found
    return [found[number * (len(found) - 1) // (MAX_TRIGRAMS - 1)] for number in range(MAX_TRIGRAMS)]


def fits(text: str, pattern: str) -> bool:
    """Whether the text matches the pattern, in time that a hostile pattern cannot blow up."""
    at = in_pattern = 0
    star, resume = -1, 0
    while at < len(text):
        if in_pattern < len(pattern) and pattern[in_pattern] == "*":
            star, resume = in_pattern, at
            in_pattern += 1
        elif in_pattern < len(pattern) and pattern[in_pattern] in {"?", text[at]}:
            at, in_pattern = at + 1, in_pattern + 1
        elif star >= 0:
            resume += 1
            at, in_pattern = resume, star + 1
        else:
            return False
    return not pattern[in_pattern:].strip("*")

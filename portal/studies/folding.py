"""What of a study is searched, folded to words: the document's side and the query's side."""

from collections.abc import Iterable
from typing import Final

from portal.folding import bounded, fold, name_key, words

__all__ = ["bounded", "fold", "identifier_words", "name_key", "query_words", "text_words", "words"]

# A lexeme of PostgreSQL is at most 2046 bytes, four a character.
MAX_WORD_LENGTH: Final = 100
MAX_QUERY_WORDS: Final = 12


def text_words(texts: Iterable[str]) -> set[str]:
    """Return the words under which names and descriptions are found."""
    return {word[:MAX_WORD_LENGTH] for text in texts for word in words(text)}


def identifier_words(identifiers: Iterable[str]) -> set[str]:
    """Return the words under which identifiers are found: their parts, and the whole without spaces and dashes.

    >>> sorted(identifier_words(["2002 0620 3145 8"]))
    ['0620', '2002', '2002062031458', '3145', '8']
    """
    found: set[str] = set()
    for identifier in identifiers:
        parts = words(identifier)
        found.update(part[:MAX_WORD_LENGTH] for part in parts)
        if parts:
            found.add("".join(parts)[:MAX_WORD_LENGTH])
    return found


def query_words(query: str) -> list[str]:
    """Return the words that a reader typed, each of which begins a word of what is sought."""
    return [word[:MAX_WORD_LENGTH] for word in words(query)[:MAX_QUERY_WORDS]]

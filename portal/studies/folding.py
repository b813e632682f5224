"""What of a study is searched, folded to words: the document's side and the query's side."""

from collections.abc import Iterable
from typing import Final

from runtime.folding import bounded, fold, name_key, words

__all__ = ["bounded", "fold", "identifier_words", "name_key", "query_words", "text_words", "words"]

# A lexeme of PostgreSQL is at most 2046 bytes, four a character.
MAX_WORD_LENGTH: Final = 100
MAX_QUERY_WORDS: Final = 12


def text_words(texts: Iterable[str]) -> list[str]:
    """Return the words under which names and descriptions are found."""
    return [word[:MAX_WORD_LENGTH] for text in texts for word in words(text)]


def identifier_words(identifiers: Iterable[str]) -> list[str]:
    """Return the words under which identifiers are found: the whole without spaces and dashes, then the parts.

    >>> identifier_words(["2002 0620 3145 8"])
    ['2002062031458', '2002', '0620', '3145', '8']
    """
    parted = [parts for identifier in identifiers if (parts := words(identifier))]
    wholes = ["".join(parts) for parts in parted]
    return [word[:MAX_WORD_LENGTH] for word in (*wholes, *(part for parts in parted for part in parts))]


def query_words(query: str) -> list[str]:
    """Return the words that a reader typed, each of which begins a word of what is sought."""
    return [word[:MAX_WORD_LENGTH] for word in words(query)[:MAX_QUERY_WORDS]]

"""Search in the catalogue: builds a study's tsvector and the prefix query that is matched against it."""

from collections.abc import Iterable
from typing import Any, Final

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchQuery, SearchVectorField
from django.db.models import Func, Q, TextField, Value

from portal.studies.folding import query_words

# A tsvector has at most 1 MiB; a word at most 100 characters of 4 bytes.
MAX_WORDS: Final = 2000


def vector_of(words: Iterable[str]) -> Func:
    """Return an expression for the tsvector of exactly these words; PostgreSQL's own parser splits none of them.

    Of very many the first are kept, so that no report is too large to be taken in.
    """
    kept = list(dict.fromkeys(words))[:MAX_WORDS]
    value = Value(kept, output_field=ArrayField(TextField()))
    return Func(value, function="array_to_tsvector", output_field=SearchVectorField())


def matching(query: str) -> Q:
    """Return the condition for studies in which each word of `query` begins some word; true for an empty query.

    An identifier typed with spaces or dashes also finds the one stored without them.
    """
    parts = query_words(query)
    if not parts:
        return Q()
    every = " & ".join(_prefix(part) for part in parts)
    if len(parts) > 1 and any(character.isdigit() for character in query):
        every = f"({every}) | {_prefix(''.join(parts))}"
    return Q(search_vector=_WrittenQuery(every))


class _WrittenQuery(SearchQuery):
    """A tsquery given in PostgreSQL's own notation, which its parser leaves as it is."""

    def __init__(self, value: str) -> None:
        super().__init__(value, search_type="raw")

    def as_sql(self, compiler: Any, connection: Any, function: Any = None, template: Any = None) -> Any:  # type: ignore[override]
        """Cast the text instead of parsing it with a text search configuration."""
        return super().as_sql(compiler, connection, function, template or "CAST(%(expressions)s AS tsquery)")


def _prefix(word: str) -> str:
    # Words hold letters and digits only, so nothing in them can end the quotes.
    return f"'{word}':*"

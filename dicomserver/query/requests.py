"""A query as the engine takes it, whoever asked it."""

from dataclasses import dataclass
from typing import Any, Final

from dicomserver.query.attributes import ATTRIBUTES, UNIQUE_KEYS, Attribute, Level
from dicomserver.query.criteria import Criterion, OneOf

# Studies or series whose content a query may name to be small.
MAX_NAMED: Final = 100
_NARROW: Final = frozenset({"StudyInstanceUID", "SeriesInstanceUID"})


class QueryTooLong(Exception):
    """The database needs more time for the query than it is given."""


@dataclass(frozen=True, slots=True)
class QueryRequest:
    """What entities of which level are asked for, and what is to be told of each.

    All criteria hold together; several of one attribute may contradict each other, and then nothing matches. The UIDs
    down to the level are always told (of a patient the ID), whatever is in `returned`.
    """

    level: Level
    criteria: tuple[tuple[Attribute, Criterion], ...] = ()
    returned: frozenset[str] = frozenset()
    limit: int | None = None
    offset: int = 0

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """What is told of each entity."""
        first = min(Level.STUDY, self.level)
        unique = {UNIQUE_KEYS[level].keyword for level in Level if first <= level <= self.level}
        wanted = self.returned | unique
        return tuple(one for one in ATTRIBUTES.values() if one.keyword in wanted and one.level <= self.level)

    @property
    def is_narrow(self) -> bool:
        """Whether it can only be about certain entities, or is within a few studies or series, which keeps it small."""
        own = UNIQUE_KEYS[self.level].keyword if self.level is not Level.PATIENT else ""
        return any(
            attribute.keyword == own or (attribute.keyword in _NARROW and len(criterion.values) <= MAX_NAMED)
            for attribute, criterion in self.criteria
            if isinstance(criterion, OneOf)
        )


def within(
    study_instance_uid: str | None = None, series_instance_uid: str | None = None
) -> tuple[tuple[Attribute, Criterion], ...]:
    """The criteria that keep a query within a study, or a series of it."""
    named = (("StudyInstanceUID", study_instance_uid), ("SeriesInstanceUID", series_instance_uid))
    return tuple((ATTRIBUTES[keyword], OneOf((uid,))) for keyword, uid in named if uid is not None)


@dataclass(frozen=True, slots=True)
class Found:
    """An entity that matched: values by keyword, as DICOM JSON has them (PS3.18 F.2), none where there is none.

    `pk` is the key of the entity's row; of a patient, that of one of the patient's studies.
    """

    pk: int
    values: dict[str, list[Any]]

"""What a page shows of searches and retrievals: a study that several archives have is one, and says what is here."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from dicomserver.elsewhere.errors import NotFoundElsewhere
from dicomserver.elsewhere.models import Asked, AskedArchive, Match, Retrieval, Search
from dicomserver.index.models import Study

MAX_STUDIES: Final = 500
MAX_RETRIEVALS: Final = 100
_SILENT: Final = "It cannot be reached, or does not answer."


@dataclass(frozen=True, slots=True)
class AskedNow:
    """An archive in a search, as it stands now."""

    archive: str
    state: str
    detail: str
    studies: int


@dataclass(frozen=True, slots=True)
class Place:
    """An archive that has a study, and how many instances of it; None where it does not say."""

    archive: str
    instances: int | None


@dataclass(frozen=True, slots=True)
class FoundStudy:
    """One study with all places that have it, and how many of its instances are here."""

    study_instance_uid: str
    description: dict[str, Any]
    places: tuple[Place, ...]
    held: int

    @property
    def missing(self) -> int | None:
        """How many instances more there are elsewhere; None where no archive says."""
        known = [place.instances for place in self.places if place.instances is not None]
        return max(max(known) - self.held, 0) if known else None


def search_of(sub: str, search_id: UUID) -> Search:
    """A person's own search. Raises NotFoundElsewhere."""
    search = Search.objects.filter(pk=search_id, sub=sub).first()
    if search is None:
        raise NotFoundElsewhere("There is no such search.")
    return search


def archives_of(search: Search) -> list[AskedNow]:
    """Its archives by name; one whose time ran out has failed, whoever was asking it."""
    now = timezone.now()
    rows = AskedArchive.objects.filter(search=search).order_by("archive")
    counts: dict[int, int] = {}
    for asked_id in Match.objects.filter(asked__search=search).values_list("asked_id", flat=True):
        counts[asked_id] = counts.get(asked_id, 0) + 1
    return [AskedNow(row.archive, *_state_of(row, now), counts.get(row.pk, 0)) for row in rows]


def studies_of(search: Search) -> list[FoundStudy]:
    """What was found so far, the newest first, each study once."""
    rows = Match.objects.filter(asked__search=search).select_related("asked").order_by("asked__archive")
    merged: dict[str, list[Match]] = {}
    for row in rows:
        merged.setdefault(row.study_instance_uid, []).append(row)
    held = held_instances(merged)
    found = [_found(uid, matches, held.get(uid, 0)) for uid, matches in merged.items()]
    moment = ("study_date", "study_time", "patient_name")
    found.sort(key=lambda study: [str(study.description.get(name, "")) for name in moment], reverse=True)
    return found[:MAX_STUDIES]


def held_instances(study_instance_uids: Iterable[str]) -> dict[str, int]:
    """How many instances of each study are here, for those of which any is."""
    held = Study.objects.filter(study_instance_uid__in=list(study_instance_uids), number_of_instances__gt=0)
    return dict(held.values_list("study_instance_uid", "number_of_instances"))


def recent_retrievals() -> QuerySet[Retrieval]:
    """What the institution's radiologists had fetched, the newest first."""
    return Retrieval.objects.order_by("-created_at")[:MAX_RETRIEVALS]


def retrieval_by_id(retrieval_id: UUID) -> Retrieval:
    """One retrieval, of whichever radiologist. Raises NotFoundElsewhere."""
    retrieval = Retrieval.objects.filter(pk=retrieval_id).first()
    if retrieval is None:
        raise NotFoundElsewhere("There is no such retrieval.")
    return retrieval


def _state_of(row: AskedArchive, now: datetime) -> tuple[str, str]:
    if row.state in (Asked.WAITING, Asked.ASKING) and row.due_at <= now:
        return Asked.FAILED.value, _SILENT
    return row.state, row.detail


def _found(uid: str, matches: list[Match], held: int) -> FoundStudy:
    """The fullest description counts: archives differ in what they tell."""
    fullest = max(matches, key=lambda match: _fullness(match.description))
    places = tuple(Place(match.asked.archive, match.number_of_instances) for match in matches)
    return FoundStudy(uid, fullest.description, places, held)


def _fullness(description: dict[str, Any]) -> tuple[int, int]:
    """How many fields are told, then how much: an archive may have lost letters that another has."""
    told = [str(value) for value in description.values() if value]
    return len(told), sum(map(len, told))

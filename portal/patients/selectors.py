"""A patient's own studies, from every institution, on one timeline."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.utils.dateparse import parse_date

from portal.accounts.models import User
from portal.grants.identities import own_patients
from portal.grants.policy import Sight
from portal.studies.models import Study

PAGE_SIZE: Final = 30
UNDATED: Final = date.min
"""Studies without a date stand at the end of the timeline."""


@dataclass(frozen=True)
class OwnImages:
    """Some studies, the latest first, the key of the last where more follow, and whether others are hidden."""

    studies: tuple[Study, ...]
    next: int | None
    is_in_conflict: bool


def own_studies(sight: Sight) -> QuerySet[Study]:
    """The holdings that are the person's own by national ID; what others gave them is not among them."""
    if not isinstance(sight.user, User):
        return Study.objects.none()
    return sight.studies.filter(patient_id__in=own_patients(sight.user).patient_ids)


def has_studies_of_others(sight: Sight) -> bool:
    """True where somebody gave the person access to studies that are not their own."""
    if not isinstance(sight.user, User):
        return False
    return sight.studies.exclude(patient_id__in=own_patients(sight.user).patient_ids).exists()


def own_images(sight: Sight, *, after: int | None = None, size: int = PAGE_SIZE) -> OwnImages:
    """One page of the timeline; `after` is the key of the last study seen."""
    studies = own_studies(sight).annotate(day=Coalesce("study_date", Value(UNDATED)))
    last = studies.filter(pk=after).first() if after is not None else None
    if last is not None:
        studies = studies.filter(Q(day__lt=last.day) | Q(day=last.day, pk__lt=last.pk))
    related = studies.select_related("server__institution", "patient__institution").defer("search_vector")
    found = list(related.prefetch_related("patient__identifiers", "series").order_by("-day", "-pk")[: size + 1])
    shown = tuple(found[:size])
    return OwnImages(shown, shown[-1].pk if len(found) > size else None, sight.is_in_conflict)


def parse_key(text: str) -> int | None:
    """The key in an address; None for anything that is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def parse_day(text: str) -> date | None:
    """The day in an address; None for anything that is none."""
    try:
        day = parse_date(text)
    except ValueError:
        return None
    # The end of the last day that the calendar knows cannot be written.
    return day if day is not None and date.min < day < date.max else None

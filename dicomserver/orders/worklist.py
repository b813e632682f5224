"""Finds the items of the modality worklist that fit a query, those that are due first at first."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from dicomserver.orders.items import Item, worklist_item
from dicomserver.orders.matching import Keys
from dicomserver.orders.models import ScheduledProcedureStep
from dicomserver.orders.selectors import open_steps

_CHUNK: Final = 200
_WILDCARDS: Final = frozenset("*?")


def matching_items(keys: Keys, calling_ae_title: str) -> Iterator[Item]:
    """The items that fit, as many as there are; whoever asks stops at the limit.

    A step for any station is offered as one for the station that the query names, else for the one that asks.
    """
    step_keys = keys.sequences.get("ScheduledProcedureStepSequence")
    named = step_keys.wanted("ScheduledStationAETitle") if step_keys is not None else []
    station = named[0] if len(named) == 1 and _WILDCARDS.isdisjoint(named[0]) else calling_ae_title
    only_own = settings.WORKLIST_BY_CALLING_STATION and not named
    for steps in steps_to_compare(keys):
        for step in steps.iterator(_CHUNK):
            if only_own and not _is_for(step, calling_ae_title):
                continue
            item = worklist_item(step, station)
            if keys.match(item):
                yield item


def steps_to_compare(keys: Keys) -> list[QuerySet[ScheduledProcedureStep]]:
    """The steps among which those are that fit, one query after the other.

    What nobody did leaves the worklist some days after it was due; who names its day or its accession number still
    finds it. A step without a day is never overdue.
    """
    step_keys = keys.sequences.get("ScheduledProcedureStepSequence")
    steps = open_steps().filter(_restriction(keys, step_keys))
    if keys.wanted("AccessionNumber") or (
        step_keys is not None and step_keys.wanted("ScheduledProcedureStepStartDate")
    ):
        return [steps]
    # Days are those of the institution's clocks, which are within one of UTC's.
    first = timezone.now().date() - timedelta(days=settings.WORKLIST_OVERDUE_DAYS)
    # Two ranges of the index of open steps: one condition for both would read all that is overdue.
    return [steps.filter(start_date=""), steps.filter(start_date__gte=f"{first:%Y%m%d}")]


def _is_for(step: ScheduledProcedureStep, ae_title: str) -> bool:
    return not step.station_ae_titles or ae_title in step.station_ae_titles


def _restriction(keys: Keys, step_keys: Keys | None) -> Q:
    """What the database can leave out; all that fits stays in."""
    restriction = Q()
    for keyword, column in (
        ("PatientID", "order__patient_id"),
        ("AccessionNumber", "order__accession_number"),
        ("StudyInstanceUID", "order__study_instance_uid"),
    ):
        restriction &= _one_of(column, keys.wanted(keyword))
    if step_keys is not None:
        restriction &= _one_of("modality", step_keys.wanted("Modality"))
        dates = step_keys.range("ScheduledProcedureStepStartDate")
        if dates is not None:
            restriction &= Q(start_date__gte=dates.first) if dates.first else Q()
            restriction &= Q(start_date__lte=dates.last) if dates.last else Q()
    return restriction


def _one_of(column: str, wanted: list[str]) -> Q:
    if not wanted or any(not _WILDCARDS.isdisjoint(value) for value in wanted):
        return Q()
    return Q(**{f"{column}__in": wanted})

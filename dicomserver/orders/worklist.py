"""Finds the items of the modality worklist that fit a query, those that are due first at first."""

from collections.abc import Iterator
from typing import Final

from django.conf import settings
from django.db.models import Q

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
    steps = open_steps().filter(_restriction(keys, step_keys))
    for step in steps.iterator(_CHUNK):
        if only_own and not _is_for(step, calling_ae_title):
            continue
        item = worklist_item(step, station)
        if keys.match(item):
            yield item


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

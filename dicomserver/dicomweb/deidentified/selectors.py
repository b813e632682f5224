"""Reading the index for de-identified answers: only what is shown, always of one study."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Count, QuerySet

from dicomserver.dicomweb.deidentified.shown import IS_SHOWN
from dicomserver.dicomweb.selectors import (
    FOUND_FIELDS,
    STORED_FIELDS,
    FoundInstance,
    Scope,
    SeriesState,
    StoredInstance,
    middle_of,
)
from dicomserver.index.frames import FrameTable
from dicomserver.index.models import Instance, Series


@dataclass(frozen=True, slots=True)
class ShownInstance:
    """An instance that is shown: where it is, where in its file the data set begins, and what the index tells of it."""

    stored: StoredInstance
    found: FoundInstance
    series: SeriesState
    data_set_offset: int


def shown_instances(scope: Scope) -> Iterator[ShownInstance]:
    """What is shown of the scope, in order, all as it was at one moment."""
    series = [f"series__{field}" for field in SeriesState._fields]
    fields = (*STORED_FIELDS, *FOUND_FIELDS, *series, "data_set_offset")
    first, second = len(STORED_FIELDS), len(STORED_FIELDS) + len(FOUND_FIELDS)
    for row in _shown(scope).values_list(*fields).iterator(chunk_size=500):
        yield ShownInstance(
            StoredInstance(*row[:first]), FoundInstance(*row[first:second]), SeriesState(*row[second:-1]), row[-1]
        )


def shown_uids(study_instance_uid: str) -> list[tuple[str, str]]:
    """The series' and the instance's UID of all that is shown of the study."""
    shown = Instance.objects.filter(IS_SHOWN, series__study__study_instance_uid=study_instance_uid)
    return list(shown.values_list("series__series_instance_uid", "sop_instance_uid"))


def shown_series(study_instance_uid: str) -> list[Series]:
    """The series of which something is shown, by number; each counts what is shown of it alone."""
    shown = Instance.objects.filter(IS_SHOWN, series__study__study_instance_uid=study_instance_uid)
    counts = dict(shown.order_by().values_list("series").annotate(count=Count("pk")))
    found = list(Series.objects.filter(pk__in=counts).order_by("series_number", "series_instance_uid"))
    for series in found:
        series.number_of_instances = counts[series.pk]
    return found


def shown_series_states(scope: Scope) -> tuple[SeriesState, ...]:
    """The state of each series in the scope of which something is shown."""
    fields = [f"series__{field}" for field in SeriesState._fields]
    return tuple(SeriesState(*row) for row in _shown(scope).order_by().values_list(*fields).distinct())


def middle_shown_instance(scope: Scope) -> tuple[StoredInstance, FrameTable] | None:
    """Like `selectors.middle_instance`, of what is shown."""
    return middle_of(_shown(scope))


def _shown(scope: Scope) -> QuerySet[Instance]:
    return scope.instances().filter(IS_SHOWN)

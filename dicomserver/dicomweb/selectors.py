"""Reading the index for DICOMweb: lean rows, always of one study."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from django.db import connection
from django.db.models import F, QuerySet

from dicomserver.index.frames import FrameTable
from dicomserver.index.models import Instance, InstanceMetadata, Series

STORED_FIELDS: Final = (
    "pk",
    "series__series_instance_uid",
    "sop_instance_uid",
    "relative_path",
    "transfer_syntax_uid",
    "data_set_sha256",
    "file_bytes",
    "number_of_frames",
)

FOUND_FIELDS: Final = (
    "series__series_instance_uid",
    "sop_instance_uid",
    "series__modality",
    "sop_class_uid",
    "transfer_syntax_uid",
    "instance_number",
    "number_of_frames",
    "rows",
    "columns",
    "bits_allocated",
)

# Instances on either side of the one asked for that are looked up with it.
NEIGHBOURS: Final = 150

# Written out, as building them anew would take a third of the time of a small request.
_REVISION: Final = "SELECT revision FROM index_study WHERE study_instance_uid = %s"
_STATES: Final = """
    SELECT series.series_instance_uid, series.revision, series.number_of_instances
    FROM index_series AS series
    JOIN index_study AS study ON study.id = series.study_id
    WHERE study.study_instance_uid = %s AND (%s::text IS NULL OR series.series_instance_uid = %s)
        AND series.number_of_instances > 0
"""
_PLACE_COLUMNS: Final = """
    instance.id, series.series_instance_uid, instance.sop_instance_uid, instance.relative_path,
    instance.transfer_syntax_uid, instance.data_set_sha256, instance.file_bytes, instance.number_of_frames,
    instance.frame_table
"""
_PLACE: Final = f"""
    SELECT {_PLACE_COLUMNS}
    FROM index_instance AS instance
    JOIN index_series AS series ON series.id = instance.series_id
    JOIN index_study AS study ON study.id = series.study_id
    WHERE instance.sop_instance_uid = %(instance)s AND series.series_instance_uid = %(series)s
        AND study.study_instance_uid = %(study)s
"""  # noqa: S608 - of constants
_PLACES: Final = f"""
    SELECT {_PLACE_COLUMNS}
    FROM index_instance AS instance
    JOIN index_series AS series ON series.id = instance.series_id
    JOIN index_study AS study ON study.id = series.study_id
    WHERE instance.sop_instance_uid = ANY(%(instances)s) AND series.series_instance_uid = %(series)s
        AND study.study_instance_uid = %(study)s
"""  # noqa: S608 - of constants
_NEIGHBOURS: Final = f"""
    SELECT {_PLACE_COLUMNS}
    FROM index_instance AS asked
    JOIN index_series AS series ON series.id = asked.series_id
    JOIN index_study AS study ON study.id = series.study_id
    JOIN index_instance AS instance ON instance.series_id = series.id AND instance.number_of_frames = 1
        AND instance.instance_number BETWEEN asked.instance_number - {NEIGHBOURS}
        AND asked.instance_number + {NEIGHBOURS} AND instance.id <> asked.id
    WHERE asked.sop_instance_uid = %(instance)s AND series.series_instance_uid = %(series)s
        AND study.study_instance_uid = %(study)s
    LIMIT {3 * NEIGHBOURS}
"""  # noqa: S608 - of constants


@dataclass(frozen=True, slots=True)
class StoredInstance:
    """Where an instance is and what its bytes are."""

    pk: int
    series_instance_uid: str
    sop_instance_uid: str
    relative_path: str
    transfer_syntax_uid: str
    data_set_sha256: str
    file_bytes: int
    number_of_frames: int | None


@dataclass(frozen=True, slots=True)
class BulkSource:
    """An instance, where in its file the data set begins, and where its bulk values are: {tag: [vr, offset, length]}.

    `places` is None where its metadata is not prepared, `frame_table` where it has no frames.
    """

    stored: StoredInstance
    data_set_offset: int
    places: dict[str, list[Any]] | None
    frame_table: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class FoundInstance:
    """What a search tells of an instance."""

    series_instance_uid: str
    sop_instance_uid: str
    modality: str
    sop_class_uid: str
    transfer_syntax_uid: str
    instance_number: int | None
    number_of_frames: int | None
    rows: int | None
    columns: int | None
    bits_allocated: int | None


class SeriesState(NamedTuple):
    """A series, and what changes with each instance that it gains."""

    series_instance_uid: str
    revision: int
    number_of_instances: int


class SeriesToPrepare(NamedTuple):
    """A series of which something is not prepared for its present revision."""

    pk: int
    study_instance_uid: str
    series_instance_uid: str
    revision: int


@dataclass(frozen=True, slots=True)
class PreparedMetadata:
    """An instance with its DICOM JSON, and the values that are not in it: {tag: [vr, offset, length]}.

    `dicom_json` is None where it is not prepared.
    """

    found: FoundInstance
    series: SeriesState
    dicom_json: str | None
    bulk_data: dict[str, list[Any]]


class Scope(NamedTuple):
    """A study, or one series or instance of it."""

    study_instance_uid: str
    series_instance_uid: str | None = None
    sop_instance_uid: str | None = None

    def instances(self) -> QuerySet[Instance]:
        """The instances in it, by series and number."""
        return self._narrowed().order_by(
            "series__series_number", "series__series_instance_uid", "instance_number", "sop_instance_uid"
        )

    def _narrowed(self) -> QuerySet[Instance]:
        found = Instance.objects.filter(series__study__study_instance_uid=self.study_instance_uid)
        if self.series_instance_uid is not None:
            found = found.filter(series__series_instance_uid=self.series_instance_uid)
        if self.sop_instance_uid is not None:
            found = found.filter(sop_instance_uid=self.sop_instance_uid)
        return found


def stored_instances(scope: Scope) -> list[StoredInstance]:
    """The instances' places, in order."""
    return [StoredInstance(*row) for row in scope.instances().values_list(*STORED_FIELDS)]


def places(scope: Scope, *, with_neighbours: bool = False) -> list[tuple[StoredInstance, str | None]]:
    """One instance's place and the JSON of its frame table, and those of the slices around it where they are wanted.

    Empty where there is no such instance.
    """
    values = {
        "study": scope.study_instance_uid,
        "series": scope.series_instance_uid,
        "instance": scope.sop_instance_uid,
    }
    with connection.cursor() as cursor:
        cursor.execute(f"{_PLACE} UNION ALL ({_NEIGHBOURS})" if with_neighbours else _PLACE, values)
        return [(StoredInstance(*row[:-1]), row[-1]) for row in cursor.fetchall()]


def several_places(
    series: Scope, sop_instance_uids: Sequence[str], *, with_neighbours: bool = False
) -> list[tuple[StoredInstance, str | None]]:
    """The places of these instances of a series, and those of the slices around the last where they are wanted."""
    values = {
        "study": series.study_instance_uid,
        "series": series.series_instance_uid,
        "instances": list(sop_instance_uids),
        "instance": sop_instance_uids[-1],
    }
    with connection.cursor() as cursor:
        cursor.execute(f"{_PLACES} UNION ALL ({_NEIGHBOURS})" if with_neighbours else _PLACES, values)
        return [(StoredInstance(*row[:-1]), row[-1]) for row in cursor.fetchall()]


def instance_with_bulk_data(scope: Scope) -> BulkSource | None:
    """One instance and where in its file its bulk values are; None where there is no such instance."""
    return next(_bulk_sources(scope.instances().order_by()[:1]), None)


def bulk_sources(instance_pks: Sequence[int]) -> list[BulkSource]:
    """The same of several instances, in the order of their keys in the argument; those that are gone are left out."""
    found = {source.stored.pk: source for source in _bulk_sources(Instance.objects.filter(pk__in=instance_pks))}
    return [found[pk] for pk in instance_pks if pk in found]


def _bulk_sources(instances: QuerySet[Instance]) -> Iterator[BulkSource]:
    fields = (*STORED_FIELDS, "data_set_offset", "metadata__bulk_data", "frame_table")
    for *stored, data_set_offset, places, frame_table in instances.values_list(*fields):
        found = _in_file(places, data_set_offset)
        yield BulkSource(StoredInstance(*stored), data_set_offset, found, frame_table)


def data_set_offsets(scope: Scope) -> dict[int, int]:
    """Where in its file the data set of each instance of the scope begins, by key."""
    return dict(scope.instances().order_by().values_list("pk", "data_set_offset"))


def study_revision(study_instance_uid: str) -> int | None:
    """The study's revision, which changes with whatever is in it; None where it is not here."""
    with connection.cursor() as cursor:
        cursor.execute(_REVISION, (study_instance_uid,))
        row = cursor.fetchone()
    return None if row is None else row[0]


def series_states(scope: Scope) -> tuple[SeriesState, ...]:
    """The state of each series in the scope that has instances."""
    with connection.cursor() as cursor:
        cursor.execute(_STATES, (scope.study_instance_uid, *[scope.series_instance_uid] * 2))
        return tuple(SeriesState(*row) for row in cursor.fetchall())


def unprepared_series(*, quiet_seconds: float, limit: int) -> list[SeriesToPrepare]:
    """Series whose metadata is not prepared and to which nothing was added for a moment, oldest change first."""
    # A revision is the time of the change in microseconds.
    quiet = Series.objects.filter(revision__lt=time.time_ns() // 1000 - int(quiet_seconds * 1e6))
    return _to_prepare(quiet.filter(prepared_revision__lt=F("revision")), limit)


def unpictured_series(*, limit: int) -> list[SeriesToPrepare]:
    """Series of complete studies of which no pictures are prepared, oldest change first."""
    complete = Series.objects.filter(study__completed_at__isnull=False)
    return _to_prepare(complete.filter(pictured_revision__lt=F("revision")), limit)


def _to_prepare(series: QuerySet[Series], limit: int) -> list[SeriesToPrepare]:
    rows = series.order_by("revision").values_list("pk", "study__study_instance_uid", "series_instance_uid", "revision")
    return [SeriesToPrepare(*row) for row in rows[:limit]]


def prepared_metadata(scope: Scope) -> Iterator[PreparedMetadata]:
    """The metadata of the scope's instances, in order, all as they were at one moment."""
    series = (f"series__{field}" for field in SeriesState._fields)
    fields = (*FOUND_FIELDS, *series, "metadata__dicom_json", "metadata__bulk_data")
    split = len(FOUND_FIELDS)
    for row in scope.instances().values_list(*fields).iterator(chunk_size=500):
        yield PreparedMetadata(FoundInstance(*row[:split]), SeriesState(*row[split:-2]), row[-2], row[-1] or {})


def metadata_of(instance_pk: int) -> tuple[str, dict[str, list[Any]]] | None:
    """One instance's DICOM JSON, and where in its file its bulk values are; None where it is not prepared."""
    rows = InstanceMetadata.objects.filter(pk=instance_pk)
    row = rows.values_list("dicom_json", "bulk_data", "instance__data_set_offset").first()
    return None if row is None else (row[0], _in_file(row[1], row[2]) or {})


def _in_file(bulk_data: dict[str, list[Any]] | None, data_set_offset: int) -> dict[str, list[Any]] | None:
    """Places of the data set as places of its file."""
    if bulk_data is None:
        return None
    return {tag: [vr, offset + data_set_offset, length] for tag, (vr, offset, length) in bulk_data.items()}


def middle_instance(scope: Scope) -> tuple[StoredInstance, FrameTable] | None:
    """The instance with pixels in the middle of the scope, which says most about a series, and its frames."""
    return middle_of(scope.instances())


def middle_of(instances: QuerySet[Instance]) -> tuple[StoredInstance, FrameTable] | None:
    """The one with pixels in the middle of ordered instances, and its frames."""
    with_pixels = instances.filter(frame_table__isnull=False)
    count = with_pixels.count()
    if not count:
        return None
    row = with_pixels.values_list(*STORED_FIELDS, "frame_table")[count // 2]
    return StoredInstance(*row[:-1]), FrameTable.from_json(row[-1])

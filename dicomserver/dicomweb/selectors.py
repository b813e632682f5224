"""Reading the index for DICOMweb: lean rows, always of one study."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from django.db import connection
from django.db.models import QuerySet

from dicomserver.index.models import Instance, InstanceMetadata, Series, Study

_STORED_FIELDS: Final = (
    "pk",
    "series__series_instance_uid",
    "sop_instance_uid",
    "relative_path",
    "transfer_syntax_uid",
    "data_set_sha256",
    "file_bytes",
    "number_of_frames",
)

_FOUND_FIELDS: Final = (
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

# Written out, as building it anew would take a third of the time of a frame request.
_FRAMES: Final = """
    SELECT instance.id, series.series_instance_uid, instance.sop_instance_uid, instance.relative_path,
        instance.transfer_syntax_uid, instance.data_set_sha256, instance.file_bytes, instance.number_of_frames,
        instance.frame_table
    FROM index_instance AS instance
    JOIN index_series AS series ON series.id = instance.series_id
    JOIN index_study AS study ON study.id = series.study_id
    WHERE instance.sop_instance_uid = %s AND series.series_instance_uid = %s AND study.study_instance_uid = %s
"""


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


@dataclass(frozen=True, slots=True)
class PreparedMetadata:
    """An instance with its DICOM JSON, and the values that are not in it: {tag: [vr, offset, length]}.

    `dicom_json` is None where it is not prepared.
    """

    found: FoundInstance
    series: SeriesState
    dicom_json: str | None
    bulk_data: dict[str, list[Any]]


@dataclass(frozen=True, slots=True)
class Scope:
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
    return [StoredInstance(*row) for row in scope.instances().values_list(*_STORED_FIELDS)]


def instance_with_frames(scope: Scope) -> tuple[StoredInstance, dict[str, Any] | None] | None:
    """One instance's place and its stored frame table; None where there is no such instance."""
    with connection.cursor() as cursor:
        cursor.execute(_FRAMES, (scope.sop_instance_uid, scope.series_instance_uid, scope.study_instance_uid))
        row = cursor.fetchone()
    return None if row is None else (StoredInstance(*row[:-1]), row[-1] and json.loads(row[-1]))


def instance_with_bulk_data(
    scope: Scope,
) -> tuple[StoredInstance, dict[str, list[Any]] | None, dict[str, Any] | None] | None:
    """One instance's place, where in its file its bulk values are, and its frame table.

    None where there is no such instance; the places are None where its metadata is not prepared.
    """
    fields = (*_STORED_FIELDS, "data_set_offset", "metadata__bulk_data", "frame_table")
    row = scope.instances().order_by().values_list(*fields).first()
    return None if row is None else (StoredInstance(*row[:-3]), _in_file(row[-2], row[-3]), row[-1])


def study_revision(study_instance_uid: str) -> int | None:
    """The study's revision, which changes with whatever is in it; None where it is not here."""
    return Study.objects.filter(study_instance_uid=study_instance_uid).values_list("revision", flat=True).first()


def series_states(scope: Scope) -> tuple[SeriesState, ...]:
    """The state of each series in the scope that has instances."""
    found = Series.objects.filter(study__study_instance_uid=scope.study_instance_uid, number_of_instances__gt=0)
    if scope.series_instance_uid is not None:
        found = found.filter(series_instance_uid=scope.series_instance_uid)
    return tuple(SeriesState(*row) for row in found.values_list(*SeriesState._fields))


def prepared_metadata(scope: Scope) -> Iterator[PreparedMetadata]:
    """The metadata of the scope's instances, in order, all as they were at one moment."""
    series = (f"series__{field}" for field in SeriesState._fields)
    fields = (*_FOUND_FIELDS, *series, "metadata__dicom_json", "metadata__bulk_data")
    split = len(_FOUND_FIELDS)
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


def study_for_search(study_instance_uid: str) -> Study | None:
    """The study's row."""
    return Study.objects.filter(study_instance_uid=study_instance_uid).first()


def series_for_search(study: Study) -> QuerySet[Series]:
    """The study's series, by number."""
    return Series.objects.filter(study=study).order_by("series_number", "series_instance_uid")


def instances_for_search(scope: Scope) -> list[FoundInstance]:
    """What a search tells of the scope's instances, in order."""
    return [FoundInstance(*row) for row in scope.instances().values_list(*_FOUND_FIELDS)]


def middle_instance(scope: Scope) -> tuple[StoredInstance, dict[str, Any]] | None:
    """The instance with pixels in the middle of the scope: it says most about a series."""
    with_pixels = scope.instances().filter(frame_table__isnull=False)
    count = with_pixels.count()
    if not count:
        return None
    row = with_pixels.values_list(*_STORED_FIELDS, "frame_table")[count // 2]
    return StoredInstance(*row[:-1]), row[-1]

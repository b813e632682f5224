"""Changes to the index: studies' rows under their locks, and the rows of more instances."""

import json
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from django.db import connection
from django.db.models import Case, F, JSONField, Value, When
from django.db.models.functions import Greatest

from dicomserver.index.folded import series_columns, study_columns
from dicomserver.index.models import Series, Study

_COLUMNS: Final = {
    "series_id": "bigint",
    "sop_instance_uid": "text",
    "sop_class_uid": "text",
    "instance_number": "bigint",
    "transfer_syntax_uid": "text",
    "relative_path": "text",
    "file_bytes": "bigint",
    "data_set_offset": "integer",
    "data_set_sha256": "text",
    "header_sha256": "text",
    "rows": "integer",
    "columns": "integer",
    "number_of_frames": "integer",
    "bits_allocated": "integer",
    "frame_table": "text",
    "received_at": "timestamptz",
    "calling_ae_title": "text",
    "called_ae_title": "text",
    "origin": "text",
}
# One statement for all of a batch; nothing but the names above is put into it.
_INSERT: Final = """
    INSERT INTO index_instance ({names})
    SELECT {selected} FROM unnest({arrays}) AS new ({names})
    ON CONFLICT (sop_instance_uid) DO NOTHING
    RETURNING sop_instance_uid
""".format(  # noqa: S608
    names=", ".join(f'"{name}"' for name in _COLUMNS),
    selected=", ".join(f'"{name}"::jsonb' if name == "frame_table" else f'"{name}"' for name in _COLUMNS),
    arrays=", ".join(f"%s::{kind}[]" for kind in _COLUMNS.values()),
)


@dataclass(frozen=True, slots=True)
class NewInstance:
    """The rows of one instance: values by field name, as the models have them."""

    study_instance_uid: str
    study: dict[str, Any]
    series_instance_uid: str
    series: dict[str, Any]
    instance: dict[str, Any]

    @property
    def sop_instance_uid(self) -> str:
        """The instance's UID."""
        return str(self.instance["sop_instance_uid"])


class _KnownSeries(NamedTuple):
    """A series' row, and the SOP classes of the instances that it had before."""

    pk: int
    sop_class_uids: tuple[str, ...]


def next_revision(current: int = 0) -> int:
    """The revision after `current`: microseconds since 1970, or one more where the clock has not moved on.

    An index rebuilt from the archive starts without memory; time makes sure that its revisions are higher than
    those that the portal has seen.
    """
    return max(current + 1, time.time_ns() // 1000)


def lock_studies(new: Iterable[tuple[str, dict[str, Any], Any]]) -> dict[str, Study]:
    """The studies' rows by UID, locked until the transaction ends, made now where they are new.

    `new` is UID, attributes and time of receipt of each instance that will be added. Every change of a study takes
    this lock first, in the order of the UIDs, so that batches of the same studies queue up.
    """
    wanted: dict[str, tuple[dict[str, Any], Any]] = {}
    for uid, attributes, received_at in new:
        wanted.setdefault(uid, (attributes, received_at))
    found = _locked(wanted)
    missing = [_new_study(uid, attributes, at) for uid, (attributes, at) in sorted(wanted.items()) if uid not in found]
    if missing:
        Study.objects.bulk_create(missing, ignore_conflicts=True)
        found |= _locked(study.study_instance_uid for study in missing)
    return found


def _new_study(uid: str, attributes: dict[str, Any], received_at: Any) -> Study:
    study = Study(
        study_instance_uid=uid, revision=0, first_received_at=received_at, last_received_at=received_at, **attributes
    )
    _fold(study)
    return study


def _fold(study: Study) -> list[str]:
    """Let what queries look at follow from the other fields; returns the names of what it set."""
    columns = study_columns(vars(study))
    for field, value in columns.items():
        setattr(study, field, value)
    return list(columns)


def _locked(uids: Iterable[str]) -> dict[str, Study]:
    rows = Study.objects.select_for_update(no_key=True).filter(study_instance_uid__in=list(uids))
    return {study.study_instance_uid: study for study in rows.order_by("study_instance_uid")}


def add_instances(studies: Mapping[str, Study], new: Sequence[NewInstance]) -> set[str]:
    """Insert the instances into their locked studies, which grow by them; returns the UIDs that were inserted.

    One that is missing in the answer was stored by another study's batch a moment ago.
    """
    series = _series_of(studies, new)
    rows = sorted(new, key=lambda one: one.sop_instance_uid)
    inserted = _insert([(series[one.study_instance_uid, one.series_instance_uid].pk, one.instance) for one in rows])
    by_series: dict[_KnownSeries, list[NewInstance]] = defaultdict(list)
    by_study: dict[str, list[NewInstance]] = defaultdict(list)
    # As they came: of some attributes the first instance decides.
    for one in new:
        if one.sop_instance_uid in inserted:
            by_series[series[one.study_instance_uid, one.series_instance_uid]].append(one)
            by_study[one.study_instance_uid].append(one)
    for known, added in by_series.items():
        Series.objects.filter(pk=known.pk).update(
            number_of_instances=F("number_of_instances") + len(added),
            revision=Greatest(F("revision") + 1, next_revision()),
            **_burned_in(added),
            **_request_attributes(added),
            **_sop_classes(known, added),
        )
    for uid, added in by_study.items():
        _grow(studies[uid], added)
    return inserted


def _burned_in(added: Sequence[NewInstance]) -> dict[str, Any]:
    """What the series says from now on of text in its pixels, where its new instances say anything."""
    said = {one.series.get("burned_in_annotation") for one in added}
    if "YES" in said:
        return {"burned_in_annotation": "YES"}
    if "NO" in said:
        unless_known = When(burned_in_annotation="", then=Value("NO"))
        return {"burned_in_annotation": Case(unless_known, default=F("burned_in_annotation"))}
    return {}


def _request_attributes(added: Sequence[NewInstance]) -> dict[str, Any]:
    """The requests that the series answers, of the first of its new instances that says any, unless they are known."""
    said = next((found for one in added if (found := one.series.get("request_attributes"))), None)
    if said is None:
        return {}
    unless_known = When(request_attributes=[], then=Value(said, JSONField()))
    return {"request_attributes": Case(unless_known, default=F("request_attributes"))}


def _sop_classes(series: _KnownSeries, added: Sequence[NewInstance]) -> dict[str, Any]:
    """The SOP classes of the series, where its new instances bring another one."""
    found = {*series.sop_class_uids, *(one.instance["sop_class_uid"] for one in added)}
    return {} if len(found) == len(series.sop_class_uids) else {"sop_class_uids": sorted(found)}


def _series_of(studies: Mapping[str, Study], new: Sequence[NewInstance]) -> dict[tuple[str, str], _KnownSeries]:
    """The series' rows by study and series UID; no one else makes or changes them, as the studies are locked."""
    uids = {study.pk: uid for uid, study in studies.items()}
    wanted = {(one.study_instance_uid, one.series_instance_uid): one.series for one in reversed(new)}
    known = {
        (uids[study_pk], series_uid): _KnownSeries(pk, tuple(sop_class_uids))
        for pk, study_pk, series_uid, sop_class_uids in Series.objects.filter(
            study_id__in=uids, series_instance_uid__in={uid for _, uid in wanted}
        ).values_list("pk", "study_id", "series_instance_uid", "sop_class_uids")
    }
    missing = {key: attributes for key, attributes in wanted.items() if key not in known}
    made = Series.objects.bulk_create(
        Series(study=studies[study_uid], series_instance_uid=series_uid, **attributes, **series_columns(attributes))
        for (study_uid, series_uid), attributes in missing.items()
    )
    return known | {key: _KnownSeries(series.pk, ()) for key, series in zip(missing, made, strict=True)}


def _insert(rows: Sequence[tuple[int, dict[str, Any]]]) -> set[str]:
    columns: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
    for series_pk, values in rows:
        stored = values | {"series_id": series_pk}
        if stored["frame_table"] is not None:
            stored["frame_table"] = json.dumps(stored["frame_table"], separators=(",", ":"))
        for name, column in columns.items():
            column.append(stored[name])
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, list(columns.values()))
        return {uid for (uid,) in cursor.fetchall()}


def _grow(study: Study, added: Sequence[NewInstance]) -> None:
    """Let the locked study grow by the instances; values that it lacks are taken from their data sets.

    What is there already stays: a study's patient is who its first instance says.
    """
    changed = [
        "number_of_instances",
        "stored_bytes",
        "last_received_at",
        "first_received_at",
        "completed_at",
        "revision",
    ]
    received = [one.instance["received_at"] for one in added]
    study.number_of_instances += len(added)
    study.stored_bytes += sum(one.instance["file_bytes"] for one in added)
    study.first_received_at = min(study.first_received_at, *received)
    study.last_received_at = max(study.last_received_at, *received)
    study.completed_at = None
    study.revision = next_revision(study.revision)
    gained: list[str] = []
    for attributes in {id(one.study): one.study for one in added}.values():
        for field, value in attributes.items():
            if value and not getattr(study, field):
                setattr(study, field, value)
                gained.append(field)
    if gained:
        changed += [*gained, *_fold(study)]
    study.save(update_fields=changed)

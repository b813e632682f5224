"""Performed procedure steps as modalities create and change them (PS3.4 Annex F), and what follows for the orders."""

from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal

from django.db import IntegrityError, transaction
from django.utils import timezone
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset

from dicomserver.orders.completeness import announce_instances, settle_study
from dicomserver.orders.models import PerformedProcedureStep, ScheduledProcedureStep, State
from dicomserver.orders.selectors import orders_locked, performed_step_locked, steps_named
from dicomserver.orders.services import restate
from wire.uids import InvalidUid, parse_uid

# PS3.7 Annex C.
INVALID_ATTRIBUTE_VALUE: Final = 0x0106
PROCESSING_FAILURE: Final = 0x0110
DUPLICATE_SOP_INSTANCE: Final = 0x0111
NO_SUCH_SOP_INSTANCE: Final = 0x0112
INVALID_SOP_INSTANCE: Final = 0x0117
MISSING_ATTRIBUTE: Final = 0x0120
MISSING_ATTRIBUTE_VALUE: Final = 0x0121
# PS3.4 Table F.7.2-3: the step is over.
MAY_NO_LONGER_BE_UPDATED: Final = 0xA710

# PS3.3 C.4.14, Performed Procedure Step Status, and how this server calls it.
STATES: Final[dict[str, State]] = {
    "IN PROGRESS": State.IN_PROGRESS,
    "COMPLETED": State.COMPLETED,
    "DISCONTINUED": State.DISCONTINUED,
}
# PS3.4 Table F.7.2-1, N-CREATE: what the SCU must send with a value.
_REQUIRED: Final = (
    "ScheduledStepAttributesSequence",
    "PerformedProcedureStepID",
    "PerformedStationAETitle",
    "PerformedProcedureStepStartDate",
    "PerformedProcedureStepStartTime",
    "PerformedProcedureStepStatus",
    "Modality",
)
# The same table, N-SET: what stays as it was created.
_CREATED_FOR_GOOD: Final = (
    "ScheduledStepAttributesSequence",
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "ReferencedPatientSequence",
    "PerformedProcedureStepID",
    "PerformedStationAETitle",
    "PerformedStationName",
    "PerformedLocation",
    "PerformedProcedureStepStartDate",
    "PerformedProcedureStepStartTime",
    "Modality",
    "StudyID",
)
_TAGS_FOR_GOOD: Final = frozenset(f"{tag_for_keyword(keyword):08X}" for keyword in _CREATED_FOR_GOOD)
# PS3.16 CID 9300: the wrong entry of the worklist was chosen.
_WRONG_ENTRY: Final = "110514"
_MAX_STEPS: Final = 100


class StepRefused(Exception):
    """The request is refused with a status of PS3.7 Annex C; the comment (LO) names attributes, never values."""

    def __init__(self, status: int, comment: str, error_id: int | None = None) -> None:
        super().__init__(comment)
        self.status = status
        self.comment = comment[:64]
        self.error_id = error_id


def create_performed_step(*, sop_instance_uid: str, ds: Dataset, calling_ae_title: str) -> None:
    """N-CREATE: a modality has begun. Raises StepRefused, and then nothing is changed."""
    uid = _uid(sop_instance_uid, INVALID_SOP_INSTANCE, "The SOP Instance UID")
    if PerformedProcedureStep.objects.filter(sop_instance_uid=uid).exists():
        raise StepRefused(DUPLICATE_SOP_INSTANCE, "There is this performed procedure step already.")
    for keyword in _REQUIRED:
        _require(ds, keyword)
    if _text(ds, "PerformedProcedureStepStatus") != "IN PROGRESS":
        raise StepRefused(INVALID_ATTRIBUTE_VALUE, "A performed procedure step is created IN PROGRESS.")
    named = list(_scheduled_steps(ds))
    row = PerformedProcedureStep(
        sop_instance_uid=uid,
        calling_ae_title=calling_ae_title[:16],
        study_instance_uids=sorted({study for study, _ in named}),
    )
    try:
        with transaction.atomic():
            _write(row, _json(ds), ds)
            row.steps.set({step for study, step_id in named for step in steps_named(study, step_id)})
            _tell(row)
    except IntegrityError as error:
        raise StepRefused(DUPLICATE_SOP_INSTANCE, "There is this performed procedure step already.") from error


@transaction.atomic
def change_performed_step(*, sop_instance_uid: str, ds: Dataset) -> None:
    """N-SET: more of the step is known, or it is over. Raises StepRefused, and then nothing is changed."""
    row = performed_step_locked(_uid(sop_instance_uid, INVALID_SOP_INSTANCE, "The SOP Instance UID"))
    if row is None:
        raise StepRefused(NO_SUCH_SOP_INSTANCE, "There is no such performed procedure step.")
    if row.state != State.IN_PROGRESS:
        comment = "Performed Procedure Step Object may no longer be updated"
        raise StepRefused(PROCESSING_FAILURE, comment, MAY_NO_LONGER_BE_UPDATED)
    changes = _json(ds)
    for keyword in _CREATED_FOR_GOOD:
        if keyword in ds and not _is_repeated(keyword, changes, row.data_set):
            raise StepRefused(INVALID_ATTRIBUTE_VALUE, f"{keyword} cannot be changed.")
    if "PerformedProcedureStepStatus" in ds and _text(ds, "PerformedProcedureStepStatus") not in STATES:
        raise StepRefused(INVALID_ATTRIBUTE_VALUE, "PerformedProcedureStepStatus is none of those that there are.")
    merged = row.data_set | {tag: value for tag, value in changes.items() if tag not in _TAGS_FOR_GOOD}
    _write(row, merged, Dataset.from_json(merged))
    _tell(row)


def _is_repeated(keyword: str, changes: dict[str, Any], kept: dict[str, Any]) -> bool:
    """Whether a change says of an attribute what is kept already; of the scheduled steps, which they are."""
    if keyword == "ScheduledStepAttributesSequence":
        said, known = (set(_scheduled_steps(Dataset.from_json(one))) for one in (changes, kept))
        return said == known
    tag = f"{tag_for_keyword(keyword):08X}"
    return bool(changes[tag].get("Value", []) == kept.get(tag, {}).get("Value", []))


def referenced_instances(ds: Dataset) -> list[str]:
    """The instances that the performed series of a step refer to. Raises StepRefused for what is no UID."""
    found = []
    for series in _items(ds, "PerformedSeriesSequence"):
        for keyword in ("ReferencedImageSequence", "ReferencedNonImageCompositeSOPInstanceSequence"):
            for item in _items(series, keyword):
                uid = _text(item, "ReferencedSOPInstanceUID")
                found.append(_uid(uid, INVALID_ATTRIBUTE_VALUE, "A ReferencedSOPInstanceUID"))
    return found


def _write(row: PerformedProcedureStep, data_set: dict[str, Any], ds: Dataset) -> None:
    row.state = STATES[_text(ds, "PerformedProcedureStepStatus")]
    row.data_set = data_set
    row.performed_station_ae_title = _text(ds, "PerformedStationAETitle")[:16]
    row.started_at = _moment(ds, "Start")
    row.ended_at = _moment(ds, "End")
    if row.state != State.IN_PROGRESS and not row.ended_at:
        # A modality that forgets to say when it ended has ended now.
        row.ended_at = timezone.now().strftime("%Y%m%d%H%M%S")
    reasons = _items(ds, "PerformedProcedureStepDiscontinuationReasonCodeSequence")
    row.is_mistake = any(_text(reason, "CodeValue") == _WRONG_ENTRY for reason in reasons)
    row.changed_at = timezone.now()
    # Before anything is written: what refers to no instance is refused.
    announced = referenced_instances(ds)
    row.save()
    if row.state != State.IN_PROGRESS and announced and row.study_instance_uids:
        # Of several studies it cannot be told to which an instance will belong: each of them waits for all.
        for study in row.study_instance_uids:
            announce_instances(study, announced, "procedure_step")


def _tell(row: PerformedProcedureStep) -> None:
    """Let orders and studies follow the performed step."""
    orders = ScheduledProcedureStep.objects.filter(performed=row).values_list("order_id", flat=True)
    for order in orders_locked(set(orders)):
        restate(order)
    for study in row.study_instance_uids:
        settle_study(study)


def _scheduled_steps(ds: Dataset) -> Iterator[tuple[str, str]]:
    """The study and the ID of each scheduled step that was performed; the ID may be empty."""
    items = _items(ds, "ScheduledStepAttributesSequence")
    if len(items) > _MAX_STEPS:
        raise StepRefused(INVALID_ATTRIBUTE_VALUE, f"ScheduledStepAttributesSequence has over {_MAX_STEPS} items.")
    for item in items:
        _require(item, "StudyInstanceUID")
        study = _uid(_text(item, "StudyInstanceUID"), INVALID_ATTRIBUTE_VALUE, "StudyInstanceUID")
        yield study, _text(item, "ScheduledProcedureStepID")


def _require(ds: Dataset, keyword: str) -> None:
    if keyword not in ds:
        raise StepRefused(MISSING_ATTRIBUTE, f"{keyword} is missing.")
    if not _items(ds, keyword) if ds[keyword].VR == "SQ" else not _text(ds, keyword):
        raise StepRefused(MISSING_ATTRIBUTE_VALUE, f"{keyword} is empty.")


def _json(ds: Dataset) -> dict[str, Any]:
    try:
        return ds.to_json_dict()
    except Exception as error:
        raise StepRefused(INVALID_ATTRIBUTE_VALUE, "An attribute has a value that cannot be read.") from error


def _moment(ds: Dataset, end: Literal["Start", "End"]) -> str:
    date = _text(ds, f"PerformedProcedureStep{end}Date")
    return (date + _text(ds, f"PerformedProcedureStep{end}Time"))[:32] if date else ""


def _text(ds: Dataset, keyword: str) -> str:
    value = ds.get(keyword)
    return (
        "" if value is None or (isinstance(value, Iterable) and not isinstance(value, str)) else str(value).strip(" \0")
    )


def _items(ds: Dataset, keyword: str) -> list[Dataset]:
    value = ds[keyword].value if keyword in ds and ds[keyword].VR == "SQ" else None
    return list(value or [])


def _uid(text: str, status: int, what: str) -> str:
    try:
        return parse_uid(text)
    except InvalidUid as error:
        raise StepRefused(status, f"{what} is none.") from error

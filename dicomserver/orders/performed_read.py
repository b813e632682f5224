"""Reads performed procedure steps for those who ask what was done (PS3.4 F.8, N-GET)."""

from collections.abc import Iterator, Sequence
from typing import Final

from pydicom.datadict import keyword_for_tag, tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag
from pydicom.valuerep import STR_VR

from dicomserver.orders.performed import INVALID_SOP_INSTANCE, NO_SUCH_SOP_INSTANCE, StepRefused
from dicomserver.orders.selectors import performed_step
from dicomserver.query.character_sets import character_set_for
from wire.uids import InvalidUid, parse_uid

# PS3.4 Table F.8.2-1: what may be asked for, beside whatever else the modality said.
READABLE: Final = (
    "SpecificCharacterSet",
    "Modality",
    "ProcedureCodeSequence",
    "ReferencedPatientSequence",
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyID",
    "PerformedStationAETitle",
    "PerformedStationName",
    "PerformedLocation",
    "PerformedProcedureStepStartDate",
    "PerformedProcedureStepStartTime",
    "PerformedProcedureStepEndDate",
    "PerformedProcedureStepEndTime",
    "PerformedProcedureStepStatus",
    "PerformedProcedureStepID",
    "PerformedProcedureStepDescription",
    "PerformedProcedureTypeDescription",
    "PerformedProtocolCodeSequence",
    "ScheduledStepAttributesSequence",
    "CommentsOnThePerformedProcedureStep",
    "PerformedProcedureStepDiscontinuationReasonCodeSequence",
    "PerformedSeriesSequence",
)
_READABLE_TAGS: Final = frozenset(BaseTag(tag) for tag in map(tag_for_keyword, READABLE) if tag is not None)


def read_performed_step(sop_instance_uid: str, asked: Sequence[BaseTag]) -> tuple[Dataset, bool]:
    """The attributes of a step that are asked for, all without any; and whether all of them are known here.

    What the modality did not say is empty, as a type 2 attribute. Raises StepRefused.
    """
    try:
        row = performed_step(parse_uid(sop_instance_uid))
    except InvalidUid as error:
        raise StepRefused(INVALID_SOP_INSTANCE, "The SOP Instance UID is none.") from error
    if row is None:
        raise StepRefused(NO_SUCH_SOP_INSTANCE, "There is no such performed procedure step.")
    kept = Dataset.from_json(row.data_set)
    found, knows_all = Dataset(), True
    for tag in sorted(set(asked)) if asked else [*kept.keys()]:
        if tag in kept:
            found[tag] = kept[tag]
        elif tag in _READABLE_TAGS:
            setattr(found, keyword_for_tag(tag), None)
        else:
            knows_all = False
    _name_character_set(found, kept)
    return found, knows_all


def _name_character_set(ds: Dataset, kept: Dataset) -> None:
    """Say in which character set the texts are: that in which they came, where it holds what N-SET added too."""
    said = kept.get("SpecificCharacterSet") or []
    terms = character_set_for([said] if isinstance(said, str) else list(said), _texts(ds))
    if terms:
        ds.SpecificCharacterSet = list(terms) if len(terms) > 1 else terms[0]
    elif "SpecificCharacterSet" in ds:
        ds.SpecificCharacterSet = None


def _texts(ds: Dataset) -> Iterator[str]:
    for element in ds.iterall():
        if element.VR in STR_VR and element.value:
            values = element.value if element.VM > 1 else [element.value]
            yield from map(str, values)

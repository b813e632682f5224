"""What the index knows of patients, studies, series and instances: each attribute's level, column and kind of matching.

This table is what C-FIND, QIDO-RS and the conformance statement say of keys.
"""

from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Final

from pydicom.datadict import dictionary_VR, tag_for_keyword


class Level(IntEnum):
    """The levels of the Query/Retrieve information models, from the top (PS3.4 C.6)."""

    PATIENT = 0
    STUDY = 1
    SERIES = 2
    INSTANCE = 3


class Kind(Enum):
    """How a value of a query is compared with what the index has."""

    # Whole, one or several, no wildcards.
    UID = "uid"
    # As sent, case counts; wildcards.
    TEXT = "text"
    # The same, in the elements of a JSON array.
    IDENTIFIERS = "identifiers"
    # Folded: case, diacritics and script do not count; wildcards.
    NAME = "name"
    FOLDED = "folded"
    DATE = "date"
    TIME = "time"
    NUMBER = "number"
    # Of what is below: any of the study's series.
    BELOW_TEXT = "below_text"
    BELOW_UIDS = "below_uids"
    # A sequence, matched by attributes of its items.
    ITEMS = "items"
    # What is the same for all that this server has.
    CONSTANT = "constant"
    # Only answered.
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute: `column` is what is answered, `matched` what values are compared with, both in SQL.

    The tables are called study, series and instance. `beginning` says that there is an index on the first 64 letters.
    `items` are what a sequence's items have; their columns are those of the item `one`.
    """

    keyword: str
    level: Level
    kind: Kind
    column: str
    matched: str = ""
    beginning: bool = False
    items: tuple["Attribute", ...] = ()

    @property
    def tag(self) -> int:
        """The tag as a number."""
        return tag_for_keyword(self.keyword) or 0

    @property
    def vr(self) -> str:
        """The value representation of PS3.6."""
        return dictionary_VR(self.tag)

    @property
    def can_match(self) -> bool:
        """Whether it may be asked for by a value."""
        return self.kind is not Kind.RETURNED


_PATIENT_NAME: Final = """jsonb_build_array(jsonb_build_object('alphabetic', study.patient_name_alphabetic,
    'ideographic', study.patient_name_ideographic, 'phonetic', study.patient_name_phonetic))"""
_OTHER_IDS: Final = "(SELECT jsonb_agg(one->'identifier') FROM jsonb_array_elements(study.other_patient_ids) AS one)"
_MODALITIES: Final = """ARRAY(SELECT DISTINCT below.modality FROM index_series AS below
    WHERE below.study_id = study.id AND below.modality <> '' ORDER BY below.modality)"""
_SOP_CLASSES: Final = """ARRAY(SELECT DISTINCT one FROM index_series AS below, unnest(below.sop_class_uids) AS one
    WHERE below.study_id = study.id ORDER BY one)"""
_SERIES_COUNT: Final = "(SELECT count(*) FROM index_series AS below WHERE below.study_id = study.id)"
_OF_PATIENT: Final = "(SELECT {} FROM index_study AS own WHERE own.patient_key = study.patient_key)"
_PATIENT_SERIES: Final = """(SELECT count(*) FROM index_study AS own JOIN index_series AS below
    ON below.study_id = own.id WHERE own.patient_key = study.patient_key)"""

_ITEM_TEXT: Final = "(one->'{}'->'Value'->>0)"

_PATIENT, _STUDY, _SERIES, _INSTANCE = Level.PATIENT, Level.STUDY, Level.SERIES, Level.INSTANCE

_REQUEST_ITEMS: Final = (
    Attribute("ScheduledProcedureStepID", _SERIES, Kind.TEXT, _ITEM_TEXT.format("00400009")),
    Attribute("RequestedProcedureID", _SERIES, Kind.TEXT, _ITEM_TEXT.format("00401001")),
)

_ALL: Final = (
    Attribute("InstanceAvailability", _PATIENT, Kind.CONSTANT, "'ONLINE'"),
    Attribute("PatientName", _PATIENT, Kind.NAME, _PATIENT_NAME, "study.patient_name_folded"),
    Attribute("PatientID", _PATIENT, Kind.TEXT, "study.patient_id", beginning=True),
    Attribute("IssuerOfPatientID", _PATIENT, Kind.TEXT, "study.issuer_of_patient_id"),
    Attribute("OtherPatientIDs", _PATIENT, Kind.IDENTIFIERS, _OTHER_IDS, "study.other_patient_ids"),
    Attribute("PatientBirthDate", _PATIENT, Kind.DATE, "study.patient_birth_date"),
    Attribute("PatientSex", _PATIENT, Kind.TEXT, "study.patient_sex"),
    Attribute("NumberOfPatientRelatedStudies", _PATIENT, Kind.RETURNED, _OF_PATIENT.format("count(*)")),
    Attribute("NumberOfPatientRelatedSeries", _PATIENT, Kind.RETURNED, _PATIENT_SERIES),
    Attribute(
        "NumberOfPatientRelatedInstances", _PATIENT, Kind.RETURNED, _OF_PATIENT.format("sum(own.number_of_instances)")
    ),
    Attribute("StudyInstanceUID", _STUDY, Kind.UID, "study.study_instance_uid"),
    Attribute("StudyDate", _STUDY, Kind.DATE, "study.study_date"),
    Attribute("StudyTime", _STUDY, Kind.TIME, "study.study_time"),
    Attribute("TimezoneOffsetFromUTC", _STUDY, Kind.RETURNED, "study.timezone_offset_from_utc"),
    Attribute("AccessionNumber", _STUDY, Kind.TEXT, "study.accession_number", beginning=True),
    Attribute("StudyID", _STUDY, Kind.TEXT, "study.study_id", beginning=True),
    Attribute("StudyDescription", _STUDY, Kind.FOLDED, "study.study_description", "study.study_description_folded"),
    Attribute(
        "ReferringPhysicianName",
        _STUDY,
        Kind.NAME,
        "jsonb_build_array(study.referring_physician_name)",
        "study.referring_physician_name_folded",
    ),
    Attribute("RequestingPhysician", _STUDY, Kind.RETURNED, "study.requesting_physician_names"),
    Attribute("InstitutionName", _STUDY, Kind.FOLDED, "study.institution_name", "study.institution_name_folded"),
    Attribute("ModalitiesInStudy", _STUDY, Kind.BELOW_TEXT, _MODALITIES, "below.modality"),
    Attribute("SOPClassesInStudy", _STUDY, Kind.BELOW_UIDS, _SOP_CLASSES, "below.sop_class_uids"),
    Attribute("NumberOfStudyRelatedSeries", _STUDY, Kind.RETURNED, _SERIES_COUNT),
    Attribute("NumberOfStudyRelatedInstances", _STUDY, Kind.RETURNED, "study.number_of_instances"),
    Attribute("SeriesInstanceUID", _SERIES, Kind.UID, "series.series_instance_uid"),
    Attribute("Modality", _SERIES, Kind.TEXT, "series.modality"),
    Attribute("SeriesNumber", _SERIES, Kind.NUMBER, "series.series_number"),
    Attribute(
        "SeriesDescription", _SERIES, Kind.FOLDED, "series.series_description", "series.series_description_folded"
    ),
    Attribute("ProtocolName", _SERIES, Kind.FOLDED, "series.protocol_name", "series.protocol_name_folded"),
    Attribute("BodyPartExamined", _SERIES, Kind.TEXT, "series.body_part_examined"),
    Attribute("StationName", _SERIES, Kind.TEXT, "series.station_name"),
    Attribute("SeriesDate", _SERIES, Kind.DATE, "series.series_date"),
    Attribute("SeriesTime", _SERIES, Kind.TIME, "series.series_time"),
    Attribute("PerformedProcedureStepStartDate", _SERIES, Kind.DATE, "series.performed_procedure_step_start_date"),
    Attribute("PerformedProcedureStepStartTime", _SERIES, Kind.TIME, "series.performed_procedure_step_start_time"),
    Attribute("RequestAttributesSequence", _SERIES, Kind.ITEMS, "series.request_attributes", items=_REQUEST_ITEMS),
    Attribute("NumberOfSeriesRelatedInstances", _SERIES, Kind.RETURNED, "series.number_of_instances"),
    Attribute("SOPInstanceUID", _INSTANCE, Kind.UID, "instance.sop_instance_uid"),
    Attribute("SOPClassUID", _INSTANCE, Kind.UID, "instance.sop_class_uid"),
    Attribute("AvailableTransferSyntaxUID", _INSTANCE, Kind.UID, "instance.transfer_syntax_uid"),
    Attribute("InstanceNumber", _INSTANCE, Kind.NUMBER, "instance.instance_number"),
    Attribute("NumberOfFrames", _INSTANCE, Kind.NUMBER, "instance.number_of_frames"),
    Attribute("Rows", _INSTANCE, Kind.NUMBER, 'instance."rows"'),
    Attribute("Columns", _INSTANCE, Kind.NUMBER, 'instance."columns"'),
    Attribute("BitsAllocated", _INSTANCE, Kind.NUMBER, "instance.bits_allocated"),
)
ATTRIBUTES: Final = {attribute.keyword: attribute for attribute in _ALL}
BY_TAG: Final = {attribute.tag: attribute for attribute in _ALL}

# PS3.4 C.6.1.1 and C.6.2.1: what identifies an entity of each level.
UNIQUE_KEYS: Final = {
    Level.PATIENT: ATTRIBUTES["PatientID"],
    Level.STUDY: ATTRIBUTES["StudyInstanceUID"],
    Level.SERIES: ATTRIBUTES["SeriesInstanceUID"],
    Level.INSTANCE: ATTRIBUTES["SOPInstanceUID"],
}
# The date and the time of one moment (PS3.4 C.2.2.2.5: combined matching of both).
MOMENTS: Final = (
    ("StudyDate", "StudyTime"),
    ("SeriesDate", "SeriesTime"),
    ("PerformedProcedureStepStartDate", "PerformedProcedureStepStartTime"),
)
CONSTANTS: Final = {"InstanceAvailability": "ONLINE"}


def attributes_of(level: Level) -> tuple[Attribute, ...]:
    """What may be asked of entities of the level: their own attributes, and those of what they belong to."""
    return tuple(attribute for attribute in _ALL if attribute.level <= level)

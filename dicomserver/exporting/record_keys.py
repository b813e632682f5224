"""Which attributes the records of a DICOMDIR carry (PS3.3 F.5), and which SOP class makes which type of record."""

from dataclasses import dataclass
from typing import Final

from pydicom.uid import UID


@dataclass(frozen=True, slots=True)
class Keys:
    """Keywords by their type: 1 with what stands in where there is none; 2 (may be empty); 1C and 3 (where present)."""

    required: dict[str, str]
    may_be_empty: tuple[str, ...] = ()
    if_present: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """All keywords."""
        return (*self.required, *self.may_be_empty, *self.if_present)


# What stands in for a date, a time or a number that is nowhere is filled in by `directory`.
DATE: Final = "date"
TIME: Final = "time"
NUMBER: Final = "number"
UNKNOWN: Final = "UNKNOWN"

_CONTENT: Final = {"InstanceNumber": NUMBER, "ContentDate": DATE, "ContentTime": TIME}
_LABELLED: Final = Keys(_CONTENT | {"ContentLabel": UNKNOWN}, ("ContentDescription", "ContentCreatorName"))
_NUMBERED: Final = Keys({"InstanceNumber": NUMBER})

PATIENT: Final = Keys({"PatientID": UNKNOWN}, ("PatientName",), ("PatientBirthDate", "PatientSex"))
STUDY: Final = Keys(
    {"StudyDate": DATE, "StudyTime": TIME, "StudyInstanceUID": "", "StudyID": UNKNOWN},
    ("StudyDescription", "AccessionNumber"),
)
SERIES: Final = Keys(
    {"Modality": "OT", "SeriesInstanceUID": "", "SeriesNumber": NUMBER}, (), ("SeriesDescription", "BodyPartExamined")
)

BY_RECORD_TYPE: Final[dict[str, Keys]] = {
    "IMAGE": Keys({"InstanceNumber": NUMBER}, (), ("ImageType", "Rows", "Columns", "NumberOfFrames")),
    "RT DOSE": Keys({"InstanceNumber": NUMBER, "DoseSummationType": "PLAN"}),
    "RT STRUCTURE SET": Keys(
        {"InstanceNumber": NUMBER, "StructureSetLabel": UNKNOWN}, ("StructureSetDate", "StructureSetTime")
    ),
    "RT PLAN": Keys({"InstanceNumber": NUMBER, "RTPlanLabel": UNKNOWN}, ("RTPlanDate", "RTPlanTime")),
    "RT TREAT RECORD": Keys({"InstanceNumber": NUMBER}, ("TreatmentDate", "TreatmentTime")),
    "PRESENTATION": Keys(
        {
            "PresentationCreationDate": DATE,
            "PresentationCreationTime": TIME,
            "InstanceNumber": NUMBER,
            "ContentLabel": UNKNOWN,
        },
        ("ContentDescription", "ContentCreatorName"),
        ("ReferencedSeriesSequence", "BlendingSequence"),
    ),
    "WAVEFORM": Keys(_CONTENT),
    "RAW DATA": Keys(_CONTENT),
    "SR DOCUMENT": Keys(
        _CONTENT | {"CompletionFlag": "PARTIAL", "VerificationFlag": "UNVERIFIED", "ConceptNameCodeSequence": ""},
        (),
        ("VerificationDateTime",),
    ),
    "KEY OBJECT DOC": Keys(_CONTENT | {"ConceptNameCodeSequence": ""}),
    "SPECTROSCOPY": Keys(
        _CONTENT
        | {"ImageType": UNKNOWN, "NumberOfFrames": "1", "Rows": "1", "Columns": "1"}
        | {"DataPointRows": "1", "DataPointColumns": "1"},
        (),
        ("ReferencedImageEvidenceSequence",),
    ),
    "REGISTRATION": _LABELLED,
    "FIDUCIAL": _LABELLED,
    "VALUE MAP": _LABELLED,
    "MEASUREMENT": _LABELLED,
    "SURFACE": _LABELLED,
    "TRACT": _LABELLED,
    "SURFACE SCAN": Keys({"ContentDate": DATE, "ContentTime": TIME}),
    "ENCAP DOC": Keys(
        {"InstanceNumber": NUMBER, "MIMETypeOfEncapsulatedDocument": "application/octet-stream"},
        ("ContentDate", "ContentTime", "DocumentTitle", "ConceptNameCodeSequence"),
        ("HL7InstanceIdentifier",),
    ),
    "STEREOMETRIC": Keys({}),
    "PLAN": Keys({}),
    "ASSESSMENT": Keys({"InstanceNumber": NUMBER, "InstanceCreationDate": DATE}, ("InstanceCreationTime",)),
    "RADIOTHERAPY": Keys(
        {"InstanceNumber": NUMBER},
        ("ContentDescription", "ContentCreatorName"),
        ("UserContentLabel", "UserContentLongLabel"),
    ),
}

# Words in the names of SOP classes (PS3.6 Annex A), the first that fits; all else makes records of images.
_BY_NAME: Final = (
    ("Key Object Selection", "KEY OBJECT DOC"),
    (" SR ", "SR DOCUMENT"),
    ("Structured Report", "SR DOCUMENT"),
    ("Report Storage", "SR DOCUMENT"),
    ("Procedure Log", "SR DOCUMENT"),
    ("Presentation State", "PRESENTATION"),
    ("Basic Structured Display", "PRESENTATION"),
    ("Waveform", "WAVEFORM"),
    ("ECG", "WAVEFORM"),
    ("Encapsulated", "ENCAP DOC"),
    ("RT Dose", "RT DOSE"),
    ("RT Structure Set", "RT STRUCTURE SET"),
    ("RT Plan", "RT PLAN"),
    ("RT Ion Plan", "RT PLAN"),
    ("Treatment Record", "RT TREAT RECORD"),
    ("Treatment Summary", "RT TREAT RECORD"),
    ("RT Brachy Application Setup Delivery", "PLAN"),
    ("RT Beams Delivery", "PLAN"),
    ("RT Physician Intent", "RADIOTHERAPY"),
    ("RT Segment Annotation", "RADIOTHERAPY"),
    ("RT Radiation", "RADIOTHERAPY"),
    ("C-Arm Photon-Electron Radiation", "RADIOTHERAPY"),
    ("Robotic-Arm Radiation", "RADIOTHERAPY"),
    ("Tomotherapeutic Radiation", "RADIOTHERAPY"),
    ("MR Spectroscopy", "SPECTROSCOPY"),
    ("Raw Data", "RAW DATA"),
    ("Spatial Registration", "REGISTRATION"),
    ("Spatial Fiducials", "FIDUCIAL"),
    ("Real World Value Mapping", "VALUE MAP"),
    ("Stereometric", "STEREOMETRIC"),
    ("Measurements Storage", "MEASUREMENT"),
    ("Surface Segmentation", "SURFACE"),
    ("Surface Scan", "SURFACE SCAN"),
    ("Tractography", "TRACT"),
    ("Content Assessment", "ASSESSMENT"),
)


def record_type_of(sop_class_uid: str) -> str:
    """The type of record for an instance of the class (PS3.3 F.4)."""
    name = UID(sop_class_uid).name
    return next((record_type for words, record_type in _BY_NAME if words in name), "IMAGE")

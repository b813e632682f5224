"""What an archive says of a study, taken from its answer; never fails on a broken value."""

from typing import Final

from pydantic import BaseModel, ConfigDict
from pydicom.dataset import Dataset

from dicomserver.elsewhere.words import Words
from dicomserver.ingest.attributes import integer, text
from wire.text import SHORT_LENGTH
from wire.uids import InvalidUid, parse_uid

_LONGEST: Final = 200
_MAX_MODALITIES: Final = 20


class Description(BaseModel):
    """A study in an archive, as people know it; dates and times as DICOM writes them."""

    model_config = ConfigDict(frozen=True)

    patient_name: str = ""
    patient_id: str = ""
    patient_birth_date: str = ""
    patient_sex: str = ""
    study_date: str = ""
    study_time: str = ""
    accession_number: str = ""
    study_description: str = ""
    modalities: tuple[str, ...] = ()


def study_uid_of(ds: Dataset) -> str | None:
    """The study's UID; None where the answer names none that can be asked for."""
    try:
        return parse_uid(text(ds, "StudyInstanceUID"))
    except InvalidUid:
        return None


def description_of(ds: Dataset) -> Description:
    """What the answer says of the study."""
    return Description(
        patient_name=text(ds, "PatientName", _LONGEST),
        patient_id=text(ds, "PatientID", _LONGEST),
        patient_birth_date=text(ds, "PatientBirthDate", SHORT_LENGTH),
        patient_sex=text(ds, "PatientSex", SHORT_LENGTH),
        study_date=text(ds, "StudyDate", SHORT_LENGTH),
        study_time=text(ds, "StudyTime", SHORT_LENGTH),
        accession_number=text(ds, "AccessionNumber", _LONGEST),
        study_description=text(ds, "StudyDescription", _LONGEST),
        modalities=modalities_of(ds),
    )


def modalities_of(ds: Dataset) -> tuple[str, ...]:
    """The study's modalities, in order, each once; empty where the archive does not say."""
    given = {modality.strip() for modality in text(ds, "ModalitiesInStudy").split("\\")}
    return tuple(sorted(given - {""}))[:_MAX_MODALITIES]


def instances_of(ds: Dataset) -> int | None:
    """How many instances the archive has of the study; None where it does not say."""
    number = integer(ds, "NumberOfStudyRelatedInstances")
    return None if number is None or number < 0 else number


def is_wanted(ds: Dataset, words: Words) -> bool:
    """False where the answer says itself that it is not what was asked for: not every archive knows every key."""
    modalities = modalities_of(ds)
    return not words.modalities or not modalities or not set(words.modalities).isdisjoint(modalities)

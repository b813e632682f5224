"""What somebody looks for in other archives, and the C-FIND identifier that asks for it (PS3.4 C.6.2.1.2)."""

import re
from datetime import date
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydicom.dataset import Dataset

from wire.text import clean
from wire.uids import Uid

# PS3.5 6.2: LO and SH hold 64 and 16 characters; a person name's component group holds 64.
_LONG: Final = 64
_SHORT: Final = 16
MAX_MODALITIES: Final = 16
MAX_ARCHIVES: Final = 32
_MODALITY: Final = re.compile(r"[A-Z0-9_ ]{1,16}")
_WILDCARDS: Final = ("*", "?")

# What every archive is asked to say of a study, whether it is looked for by it or not.
_RETURNED: Final = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "StudyDescription",
    "ReferringPhysicianName",
    "ModalitiesInStudy",
    "NumberOfStudyRelatedSeries",
    "NumberOfStudyRelatedInstances",
)


def _one_value(text: str) -> str:
    """The text without what would make several values of it, or no text at all."""
    cleaned = clean(text).replace("\\", " ").strip()
    if cleaned and not cleaned.strip("".join(_WILDCARDS) + "^= "):
        raise ValueError("wildcards alone would ask for everybody")
    return cleaned


def _modality(text: str) -> str:
    if not _MODALITY.fullmatch(text):
        raise ValueError("a modality is up to 16 capital letters and digits")
    return text


Name = Annotated[str, StringConstraints(max_length=_LONG), AfterValidator(_one_value)]
LongText = Annotated[str, StringConstraints(max_length=_LONG), AfterValidator(_one_value)]
ShortCode = Annotated[str, StringConstraints(max_length=_SHORT), AfterValidator(_one_value)]


class Words(BaseModel):
    """The words of a search; at least one of them has to narrow it. Dates as in ISO 8601."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    patient_name: Name = ""
    patient_id: LongText = ""
    accession_number: ShortCode = ""
    study_instance_uid: Uid | None = None
    study_date_from: date | None = None
    study_date_to: date | None = None
    modalities: Annotated[tuple[Annotated[str, AfterValidator(_modality)], ...], Field(max_length=MAX_MODALITIES)] = ()

    @model_validator(mode="after")
    def _narrows(self) -> "Words":
        if not any((self.patient_name, self.patient_id, self.accession_number, self.study_instance_uid, self._dates)):
            raise ValueError("give a name, an ID, an accession number or dates")
        if self.study_date_from and self.study_date_to and self.study_date_from > self.study_date_to:
            raise ValueError("the dates are the wrong way round")
        return self

    @property
    def _dates(self) -> str:
        """The range of PS3.4 C.2.2.2.5; empty where no date was given."""
        first, last = (day.strftime("%Y%m%d") if day else "" for day in (self.study_date_from, self.study_date_to))
        if first == last:
            return first
        return f"{first}-{last}"

    def identifier(self) -> Dataset:
        """The keys at STUDY level, with all that is wanted in return; text beyond ASCII in UTF-8."""
        ds = Dataset()
        for keyword in _RETURNED:
            setattr(ds, keyword, "")
        ds.StudyInstanceUID = self.study_instance_uid or ""
        ds.PatientName = name_pattern(self.patient_name)
        ds.PatientID = self.patient_id
        ds.AccessionNumber = self.accession_number
        ds.StudyDate = self._dates
        ds.ModalitiesInStudy = list(self.modalities) or ""
        if not (self.patient_name + self.patient_id + self.accession_number).isascii():
            ds.SpecificCharacterSet = "ISO_IR 192"
        return ds

    def given(self) -> dict[str, Any]:
        """The words that were given, as plain JSON."""
        return {name: value for name, value in self.model_dump(mode="json").items() if value}


def name_pattern(name: str) -> str:
    """A name as archives match it: family name first, what was typed as the beginning of the last component.

    >>> name_pattern("Popescu Ion")
    'Popescu^Ion*'
    """
    if not name or any(wildcard in name for wildcard in _WILDCARDS):
        return name
    if "^" not in name and "," in name:
        name = "^".join(part.strip() for part in name.split(",", 1))
    if "^" not in name:
        name = name.replace(" ", "^", 1)
    return f"{name}*"

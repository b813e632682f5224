"""How somebody wants a file to be kept that is none of DICOM's: checked when it is said, kept with the upload."""

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydicom.uid import generate_uid

from dicomserver.importing.wrapping.services import Wish
from dicomserver.importing.wrapping.subjects import (
    Subject,
    SubjectRefused,
    new_subject,
    new_subject_of_patient,
    subject_of,
    subject_of_order,
)
from dicomserver.index.selectors import study_by_uid
from wire.uids import InvalidUid, parse_uid

_Short = Annotated[str, Field(max_length=64)]
MAX_WISH_BYTES: Final = 4096


class WishRefused(ValueError):
    """What was asked for cannot be done; the message says why, in a sentence."""


class WishRecord(BaseModel):
    """A study that this server holds; or the accession number alone of an order; or a new study, of the patient of a
    study that is here or of one typed in."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    study_instance_uid: _Short = ""
    patient_of_study_instance_uid: _Short = ""
    patient_id: _Short = ""
    patient_name: _Short = ""
    patient_birth_date: _Short = ""
    patient_sex: _Short = ""
    study_description: _Short = ""
    accession_number: _Short = ""
    title: _Short = ""
    shows_identity: bool = True


def checked_wish(text: str, *, person: str, batch: str, allowed_study: str | None) -> dict[str, Any]:
    """The wish as it is kept, with the UID of a new study. Raises WishRefused.

    A study that is here is named only by who comes with a token for it: `allowed_study`.
    """
    try:
        record = WishRecord.model_validate_json(text)
    except ValidationError as error:
        raise WishRefused("What is to be done with the file cannot be understood.") from error
    here = record.study_instance_uid or record.patient_of_study_instance_uid
    if here and here != allowed_study:
        raise WishRefused("The token is not for the study to which the file shall be added.")
    wish = record.model_dump()
    if not record.study_instance_uid:
        of = record.patient_of_study_instance_uid or record.patient_id
        uid = generate_uid(entropy_srcs=[person, batch, of, record.patient_name])
        wish["new_study_instance_uid"] = str(uid)
    wish_of(wish, group=batch)
    return wish


def wish_of(kept: dict[str, Any], *, group: str) -> Wish:
    """The kept wish, with patient and study as they are now. Raises WishRefused."""
    values = dict(kept)
    title, shows_identity = values.pop("title"), values.pop("shows_identity")
    return Wish(_subject(values), title=title, group=group, shows_identity=shows_identity)


def _subject(values: dict[str, Any]) -> Subject:
    held, new = values.pop("study_instance_uid"), values.pop("new_study_instance_uid", "")
    # Wishes that were kept before it existed have none.
    of_patient = values.pop("patient_of_study_instance_uid", "")
    try:
        if not held and not of_patient:
            if values["accession_number"] and not values["patient_id"] and not values["patient_name"]:
                return subject_of_order(values["accession_number"])
            return new_subject(study_instance_uid=new, **values)
        study = study_by_uid(parse_uid(held or of_patient))
    except (SubjectRefused, InvalidUid) as error:
        raise WishRefused(str(error)) from error
    if study is None:
        raise WishRefused("This server does not hold the study.")
    if held:
        return subject_of(study)
    return new_subject_of_patient(study, study_instance_uid=new, study_description=values["study_description"])

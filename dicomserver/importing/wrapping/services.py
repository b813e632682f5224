"""Takes in a PDF, picture or video as DICOM, for a patient and study that somebody chose."""

import hashlib
from dataclasses import dataclass
from typing import BinaryIO, Final

from django.db.models import Max
from django.utils import timezone
from pydicom.dataset import Dataset
from pydicom.uid import EncapsulatedPDFStorage, generate_uid

from dicomserver.archive import Archive, ArchiveError, FileMeta
from dicomserver.importing.files import head_of
from dicomserver.importing.kinds import Kind, kind_of
from dicomserver.importing.results import FileOutcome, FileResult, outcome_of
from dicomserver.importing.wrapping.documents import wrapped_pdf
from dicomserver.importing.wrapping.pictures import wrapped_picture
from dicomserver.importing.wrapping.subjects import Subject
from dicomserver.importing.wrapping.videos import wrapped_video
from dicomserver.importing.wrapping.wrapped import CHARACTER_SET, Wrapped, WrappingRefused, encoded
from dicomserver.index.models import Origin, Series
from dicomserver.index.selectors import instance_by_uid
from dicomserver.ingest.errors import IngestUnavailable, InstanceRefused
from dicomserver.ingest.outcomes import Source
from dicomserver.ingest.services import ingest_instance

MAX_TITLE: Final = 64
_MANUFACTURER: Final = "DICOM Network"
_STEP: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Wish:
    """How a file shall be kept: whose it is, under which title, and together with what others.

    Files of one `group` that are of one class make one series. `shows_identity` says whether the picture itself may
    say who the patient is: nobody looks, so it is so unless somebody says otherwise.
    """

    subject: Subject
    title: str = ""
    group: str = ""
    shows_identity: bool = True


def wrap_file(file: BinaryIO, name: str, wish: Wish, archive: Archive, source: Source | None = None) -> FileResult:
    """Take in the file as DICOM; the same file for the same study again changes nothing. Raises IngestUnavailable."""
    kind = kind_of(head_of(file))
    try:
        wrapped = _wrapped(file, kind)
        digest = _digest(file)
        uid = generate_uid(entropy_srcs=[wish.subject.study_instance_uid, digest])
        if instance_by_uid(uid) is not None:
            return _result(name, FileOutcome.ALREADY_STORED, wish, uid)
        ds = _whole(wrapped, wish, uid, wish.group or digest)
        outcome = _take_in(wrapped, ds, archive, source or Source(Origin.IMPORT))
    except WrappingRefused as refusal:
        return FileResult(name, FileOutcome.REFUSED, str(refusal), "not_wrapped")
    except InstanceRefused as refusal:
        return FileResult(name, FileOutcome.REFUSED, str(refusal), refusal.reason)
    except OSError as error:
        return FileResult(name, FileOutcome.UNREADABLE, f"The file cannot be read: {error.strerror}.", "unreadable")
    return _result(name, outcome, wish, uid)


def _wrapped(file: BinaryIO, kind: Kind) -> Wrapped:
    if kind is Kind.PDF:
        return wrapped_pdf(file)
    if kind in {Kind.JPEG, Kind.PNG}:
        return wrapped_picture(file, kind)
    if kind is Kind.MP4:
        return wrapped_video(file)
    raise WrappingRefused("Only PDF, JPEG, PNG and MP4 can be kept as DICOM; the file is something else.")


def _whole(wrapped: Wrapped, wish: Wish, sop_instance_uid: str, group: str) -> Dataset:
    """All attributes but the large value: patient, study, series, equipment, and those of the file's own kind."""
    subject, now, ds = wish.subject, timezone.now(), Dataset()
    ds.update(wrapped.ds)
    ds.SpecificCharacterSet = CHARACTER_SET
    ds.SOPClassUID, ds.SOPInstanceUID = wrapped.sop_class_uid, sop_instance_uid
    ds.InstanceCreationDate, ds.InstanceCreationTime = f"{now:%Y%m%d}", f"{now:%H%M%S}"
    ds.PatientName, ds.PatientID = subject.patient_name, subject.patient_id
    if subject.issuer_of_patient_id:
        ds.IssuerOfPatientID = subject.issuer_of_patient_id
    ds.PatientBirthDate, ds.PatientSex = subject.patient_birth_date, subject.patient_sex
    ds.StudyInstanceUID, ds.StudyID = subject.study_instance_uid, subject.study_id
    ds.StudyDate, ds.StudyTime = subject.study_date, subject.study_time
    ds.AccessionNumber, ds.ReferringPhysicianName = subject.accession_number, subject.referring_physician_name
    if subject.study_description:
        ds.StudyDescription = subject.study_description
    ds.Modality = wrapped.modality
    ds.SeriesInstanceUID = generate_uid(entropy_srcs=[subject.study_instance_uid, wrapped.sop_class_uid, group])
    ds.SeriesNumber, ds.InstanceNumber = _numbers(subject.study_instance_uid, ds.SeriesInstanceUID)
    if wrapped.sop_class_uid != EncapsulatedPDFStorage:
        # Type 2C: nobody knows whether the body part is one of a pair.
        ds.Laterality = ""
    ds.Manufacturer = _MANUFACTURER
    ds.BurnedInAnnotation = "YES" if wish.shows_identity else "NO"
    ds.ContentDate, ds.ContentTime = f"{now:%Y%m%d}", f"{now:%H%M%S}"
    title = wish.title.strip()[:MAX_TITLE]
    if wrapped.sop_class_uid == EncapsulatedPDFStorage:
        ds.DocumentTitle = title
    if title:
        ds.SeriesDescription = title
    return ds


def _numbers(study_instance_uid: str, series_instance_uid: str) -> tuple[int, int]:
    """Numbers of series and instance that nothing else in the study has."""
    series = Series.objects.filter(study__study_instance_uid=study_instance_uid)
    own = series.filter(series_instance_uid=series_instance_uid).first()
    if own is not None:
        return own.series_number or 1, own.number_of_instances + 1
    return (series.aggregate(last=Max("series_number"))["last"] or 0) + 1, 1


def _take_in(wrapped: Wrapped, ds: Dataset, archive: Archive, source: Source) -> FileOutcome:
    meta = FileMeta(ds.SOPClassUID, ds.SOPInstanceUID, wrapped.transfer_syntax_uid)
    try:
        incoming = archive.receive(meta)
        try:
            for piece in encoded(wrapped, ds):
                incoming.write(piece)
        except BaseException:
            incoming.discard()
            raise
    except ArchiveError as error:
        raise IngestUnavailable(str(error)) from error
    return outcome_of(ingest_instance(incoming=incoming, source=source, archive=archive).outcome)


def _digest(file: BinaryIO) -> str:
    file.seek(0)
    digest = hashlib.sha256()
    while piece := file.read(_STEP):
        digest.update(piece)
    return digest.hexdigest()


def _result(name: str, outcome: FileOutcome, wish: Wish, uid: str) -> FileResult:
    return FileResult(name, outcome, study_instance_uid=wish.subject.study_instance_uid, sop_instance_uid=uid)

"""Documents, pictures and videos kept as DICOM: the bytes that went in, the attributes of the class, whose it is."""

import io
import struct
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames

from dicomserver.archive import Archive
from dicomserver.importing.wishes import checked_wish, wish_of
from dicomserver.importing.wrapping import wrapped as wrapped_module
from dicomserver.importing.wrapping.services import Wish, wrap_file
from dicomserver.importing.wrapping.subjects import SubjectRefused, new_subject, subject_of, subject_of_order
from dicomserver.index.models import Instance, Study
from dicomserver.orders.services import apply_order
from tests.dicomserver.importing.documents import PDF, jpeg, picture, png, saved, video
from tests.dicomserver.importing.made_files import part10, write
from tests.dicomserver.network import TakeIn, take_in
from tests.dicomserver.objects import files_below, small_ct
from tests.dicomserver.orders.made_orders import made_order, name

__all__ = ["take_in"]

pytestmark = pytest.mark.django_db

BASELINE = "1.2.840.10008.1.2.4.50"
EXPLICIT = "1.2.840.10008.1.2.1"


@pytest.fixture
def study(take_in: TakeIn) -> Study:
    """A study of a patient whose name is not ASCII."""
    return take_in(small_ct(PatientName="Ștefan^Ion", PatientBirthDate="19700101")).series.study


def wrap(archive: Archive, study: Study, content: bytes, **changes: Any) -> Any:
    return wrap_file(BytesIO(content), "file", Wish(subject_of(study), **changes), archive)


def kept(archive: Archive, result: Any) -> Dataset:
    assert str(result.outcome) == "stored", result.explanation
    row = Instance.objects.get(sop_instance_uid=result.sop_instance_uid)
    return dcmread(archive.path_of(row.relative_path))


def test_a_pdf_becomes_an_encapsulated_document_of_the_study(archive: Archive, study: Study) -> None:
    ds = kept(archive, wrap(archive, study, PDF, title="Discharge letter"))
    assert ds.SOPClassUID == "1.2.840.10008.5.1.4.1.1.104.1"
    assert (ds.StudyInstanceUID, ds.PatientName, ds.PatientID) == (study.study_instance_uid, "Ștefan^Ion", "P-1")
    assert (ds.Modality, ds.DocumentTitle, ds.MIMETypeOfEncapsulatedDocument) == (
        "DOC", "Discharge letter", "application/pdf",
    )  # fmt: skip
    assert ds.EncapsulatedDocumentLength == len(PDF)
    assert ds.EncapsulatedDocument[: len(PDF)] == PDF
    assert (ds.ConversionType, ds.BurnedInAnnotation) == ("WSD", "YES")
    assert (ds.SeriesNumber, ds.InstanceNumber) == (4, 1)
    study.refresh_from_db()
    assert study.number_of_instances == 2


def test_a_baseline_jpeg_keeps_its_bytes_and_loses_what_the_camera_said(archive: Archive, study: Study) -> None:
    exif = Image.Exif()
    exif[0x010E] = "SECRET PLACE"
    content = jpeg(exif=exif)
    ds = kept(archive, wrap(archive, study, content))
    assert ds.file_meta.TransferSyntaxUID == BASELINE
    assert ds.SOPClassUID == "1.2.840.10008.5.1.4.1.1.77.1.4"
    (frame,) = generate_frames(ds.PixelData, number_of_frames=1)
    scan = content.index(b"\xff\xda")
    assert frame.rstrip(b"\0").endswith(content[scan:].rstrip(b"\0"))
    assert b"SECRET" not in frame
    assert (ds.PhotometricInterpretation, ds.Rows, ds.Columns) == ("YBR_FULL_422", 24, 40)
    assert (ds.LossyImageCompression, ds.LossyImageCompressionMethod) == ("01", "ISO_10918_1")
    shown = Image.open(io.BytesIO(frame)).convert("RGB")
    assert shown.tobytes() == Image.open(io.BytesIO(content)).convert("RGB").tobytes()


@pytest.mark.parametrize("case", ["progressive", "turned", "cmyk"])
def test_other_jpegs_are_decoded(archive: Archive, study: Study, case: str) -> None:
    turned = Image.Exif()
    turned[0x0112] = 6
    content = {
        "progressive": jpeg(progressive=True),
        "turned": jpeg(exif=turned),
        "cmyk": jpeg("CMYK"),
    }[case]
    ds = kept(archive, wrap(archive, study, content))
    assert ds.file_meta.TransferSyntaxUID == EXPLICIT
    assert (ds.PhotometricInterpretation, ds.LossyImageCompression) == ("RGB", "01")
    assert (ds.Rows, ds.Columns) == ((40, 24) if case == "turned" else (24, 40))
    assert len(ds.PixelData) == 40 * 24 * 3


@pytest.mark.parametrize(
    ("mode", "bits", "interpretation"),
    [("RGB", 8, "RGB"), ("L", 8, "MONOCHROME2"), ("1", 8, "MONOCHROME2"), ("P", 8, "RGB"), ("RGBA", 8, "RGB"),
     ("I;16", 16, "MONOCHROME2")],
)  # fmt: skip
def test_a_png_becomes_a_secondary_capture_without_loss(
    archive: Archive, study: Study, mode: str, bits: int, interpretation: str
) -> None:
    ds = kept(archive, wrap(archive, study, png(mode)))
    assert ds.SOPClassUID == "1.2.840.10008.5.1.4.1.1.7"
    assert (ds.BitsAllocated, ds.PhotometricInterpretation, ds.LossyImageCompression) == (bits, interpretation, "00")
    wanted = picture(mode)
    if mode != "I;16":
        wanted = wanted.convert("RGB" if interpretation == "RGB" else "L")
    assert ds.PixelData == wanted.tobytes()
    assert (ds.ConversionType, list(ds.ImageType)) == ("WSD", ["DERIVED", "SECONDARY"])
    assert "PatientOrientation" in ds


@pytest.mark.parametrize(
    ("name", "syntax", "frames", "method"),
    [("h264", "1.2.840.10008.1.2.4.102", 25, "ISO_14496_10"), ("hevc", "1.2.840.10008.1.2.4.107", 10, "ISO_23008_2")],
)
def test_a_video_is_kept_whole_in_the_syntax_of_its_coding(
    archive: Archive, study: Study, name: str, syntax: str, frames: int, method: str
) -> None:
    content = video(name)
    ds = kept(archive, wrap(archive, study, content))
    assert ds.file_meta.TransferSyntaxUID == syntax
    assert ds.SOPClassUID == "1.2.840.10008.5.1.4.1.1.77.1.4.1"
    assert (ds.Rows, ds.Columns, ds.NumberOfFrames, ds.FrameTime, ds.CineRate) == (48, 64, frames, 40, 25)
    assert ds.LossyImageCompressionMethod == method
    (stream,) = generate_frames(ds.PixelData, number_of_frames=1)
    assert stream[: len(content)] == content


def changed_level(content: bytes, at: int, value: int) -> bytes:
    changed = bytearray(content)
    changed[content.index(b"avcC") + 4 + at] = value
    return bytes(changed)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "Only PDF, JPEG, PNG and MP4"),
        (b"MZ\x90 a program", "Only PDF, JPEG, PNG and MP4"),
        (PDF[:30], "The PDF is cut off"),
        (jpeg()[:200], "The picture is damaged or cut off"),
        (b"\xff\xd8\xff\xe0" + bytes(500), "The picture is damaged or cut off"),
        (png()[:80], "The picture is damaged or cut off"),
        (video()[:1000], "The video is cut off"),
        (video("mpeg4"), "coded in a way that DICOM does not know"),
        (changed_level(video(), 3, 51), "coded in a way that DICOM does not know"),
        (changed_level(video(), 1, 110), "coded in a way that DICOM does not know"),
        (b"\0\0\0\x18ftypmp42" + bytes(12), "The video is cut off"),
        (b"\0\0\0\x18ftypmp42" + bytes(12) + b"\0\0\0\x10moov" + bytes(8) + b"\0\0\0\x08mdat", "There is no video"),
    ],
)  # fmt: skip
def test_what_is_not_whole_or_not_known_is_refused_in_words(
    archive: Archive, study: Study, content: bytes, said: str
) -> None:
    result = wrap(archive, study, content)
    assert (str(result.outcome), said in result.explanation) == ("refused", True), result.explanation
    assert Instance.objects.count() == 1
    assert [path for path in files_below(archive.incoming) if path.suffix != ".part"] == []


def test_every_cut_of_a_video_is_refused_or_read(archive: Archive, study: Study) -> None:
    content = video()
    for length in range(8, len(content), 61):
        outcome = str(wrap(archive, study, content[:length]).outcome)
        assert outcome == "refused", length


def test_a_picture_that_would_fill_the_memory_is_refused(
    archive: Archive, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = bytearray(png())
    struct.pack_into(">LL", header, 16, 60_000, 60_000)
    assert str(wrap(archive, study, bytes(header)).outcome) == "refused"
    monkeypatch.setattr("dicomserver.importing.wrapping.pictures.MAX_PIXELS", 100)
    assert wrap(archive, study, png()).explanation == "The picture has more pixels than can be kept."


def test_a_moving_png_is_refused(archive: Archive, study: Study) -> None:
    moving = saved(picture(), "PNG", save_all=True, append_images=[picture("L").convert("RGB")])
    assert wrap(archive, study, moving).explanation == "The picture moves. Send it as an MP4 video."


def test_the_same_file_for_the_same_study_is_kept_once(archive: Archive, study: Study) -> None:
    first, second = (wrap(archive, study, PDF) for _ in range(2))
    assert (str(first.outcome), str(second.outcome)) == ("stored", "already_stored")
    assert first.sop_instance_uid == second.sop_instance_uid
    assert Instance.objects.count() == 2


def test_files_of_one_group_and_class_make_one_series(archive: Archive, study: Study) -> None:
    found = [kept(archive, wrap(archive, study, content, group="g")) for content in (png(), png("L"), PDF)]
    assert found[0].SeriesInstanceUID == found[1].SeriesInstanceUID != found[2].SeriesInstanceUID
    assert [ds.InstanceNumber for ds in found] == [1, 2, 1]
    assert [ds.SeriesNumber for ds in found] == [4, 4, 5]


@pytest.mark.parametrize(
    "changes",
    [{"patient_id": ""}, {"patient_name": " "}, {"patient_birth_date": "1.1.1970"}, {"patient_sex": "X"},
     {"patient_id": "a\\b"}, {"patient_name": "x" * 65}, {"accession_number": "x" * 17}, {"patient_id": "a\nb"}],
)  # fmt: skip
def test_a_new_patient_is_typed_in_whole(changes: dict[str, str]) -> None:
    values = {"study_instance_uid": "1.2.3", "patient_id": "P-9", "patient_name": "New^Patient"}
    assert new_subject(**values).patient_id == "P-9"
    with pytest.raises(SubjectRefused):
        new_subject(**values | changes)


def test_an_order_says_whose_a_document_is(archive: Archive) -> None:
    order = made_order(patient={"patient_name": name("Ordered^Olga"), "patient_id": "O-1"})
    apply_order(order)
    subject = subject_of_order(order.accession_number)
    assert (subject.study_instance_uid, subject.patient_name, subject.patient_id, subject.accession_number) == (
        order.study_instance_uid, "Ordered^Olga", "O-1", order.accession_number,
    )  # fmt: skip
    result = wrap_file(BytesIO(PDF), "file", Wish(subject), archive)
    ds = kept(archive, result)
    assert (ds.StudyInstanceUID, ds.AccessionNumber, ds.PatientName) == (
        order.study_instance_uid, order.accession_number, "Ordered^Olga",
    )  # fmt: skip
    # Begun, the study itself says it.
    assert subject_of_order(order.accession_number).study_date == ds.StudyDate
    wish = checked_wish(
        f'{{"accession_number": "{order.accession_number}"}}', person="p", batch="b", allowed_study=None
    )
    assert wish_of(wish, group="b").subject.patient_id == "O-1"
    with pytest.raises(SubjectRefused, match="There is no order"):
        subject_of_order("A-0")


def test_the_command_wraps_for_a_study_and_for_a_new_patient(archive: Archive, study: Study, tmp_path: Path) -> None:
    path = write(tmp_path, "letter.pdf", PDF)
    out = StringIO()
    call_command("wrap_document", str(path), "--study", study.study_instance_uid, "--title", "Letter", stdout=out)
    assert out.getvalue().startswith(f"stored: study {study.study_instance_uid}, instance ")
    call_command("wrap_document", str(path), "--patient-id", "N-1", "--patient-name", "New^Ana", stdout=StringIO())
    assert Study.objects.get(patient_id="N-1").patient_name_alphabetic == "New^Ana"
    for arguments in (["--study", "1.2.3"], [], ["--patient-id", "N-2"]):
        with pytest.raises(CommandError):
            call_command("wrap_document", str(path), *arguments)
    with pytest.raises(CommandError, match="Only PDF"):
        call_command("wrap_document", str(write(tmp_path, "a.dcm", part10())), "--study", study.study_instance_uid)
    with pytest.raises(CommandError, match="No such file"):
        call_command("wrap_document", str(tmp_path / "none"), "--study", study.study_instance_uid)


def test_a_large_video_takes_no_memory(archive: Archive, study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    largest = []

    class Watched(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            found = super().read(size)
            largest.append(len(found))
            return found

    content = video() + struct.pack(">L4s", 8 + 5_000_000, b"free") + bytes(5_000_000)
    monkeypatch.setattr(wrapped_module, "_STEP", 64 * 1024)
    result = wrap_file(Watched(content), "video", Wish(subject_of(study)), archive)
    assert str(result.outcome) == "stored"
    assert max(largest) <= 1024 * 1024

"""Phantom files are good DICOM: geometry, identifiers, character sets, pixels; and the same each time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import ExplicitVRLittleEndian, JPEGLSLossless

from demo.catalogue import CODRU_CT, CT_1, MR_1, PlannedStudy
from demo.people import PATIENTS
from demo.phantoms.build import Build
from demo.phantoms.head import Head
from demo.phantoms.library import CONTENTS, phantom_studies
from demo.phantoms.studies import StudyMaker
from wire.uids import parse_uid

AS_OF = datetime(2026, 11, 20, 8, tzinfo=ZoneInfo("Europe/Chisinau"))
REFERRING = "Чебан^Андрей^^Dr."


def planned(kind: str = "mr_head_plain", **changes: object) -> PlannedStudy:
    """A small study."""
    body = Build("files") if "chest" in kind or "abdomen" in kind else Head("files")
    values: dict[str, object] = {
        "key": "test", "institution": "A", "patient": "grosu", "kind": kind, "description": "Test", "body_part": "HEAD",
        "accession": "04-1", "study_id": "1", "equipment": MR_1, "referring": REFERRING, "hours_ago": 5.0, "body": body,
        "slices": 3, "compressed": True,
    }  # fmt: skip
    return PlannedStudy(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def ct(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    study = planned("ct_chest", key="ct", equipment=CT_1, body_part="CHEST", compressed=False)
    return StudyMaker(study, AS_OF, tmp_path_factory.mktemp("ct")).make()


@pytest.fixture(scope="module")
def mr(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return StudyMaker(planned(), AS_OF, tmp_path_factory.mktemp("mr")).make()


def series(paths: list[Path], number: int) -> list[Dataset]:
    """The pictures of a series in order."""
    return [ds for path in paths if (ds := dcmread(path)).SeriesNumber == number]


def test_chest_ct_has_scout_lung_and_soft_tissue_series(ct: list[Path]) -> None:
    found = {(ds.SeriesNumber, ds.SeriesDescription) for ds in map(dcmread, ct)}
    assert found == {(1, "Scout"), (2, "Lung 100.0"), (3, "Soft 100.0")}
    assert len(ct) == 2 + 3 + 3


def test_slices_lie_one_thickness_apart_along_their_normal(ct: list[Path], mr: list[Path]) -> None:
    for paths, number in ((ct, 2), (mr, 1), (mr, 2)):
        pictures = series(paths, number)
        row, column = np.array(pictures[0].ImageOrientationPatient, float).reshape(2, 3)
        assert np.dot(row, column) == 0
        places = [float(np.dot(np.cross(row, column), ds.ImagePositionPatient)) for ds in pictures]
        assert np.allclose(np.abs(np.diff(places)), float(pictures[0].SpacingBetweenSlices), atol=1e-3)
        assert [float(ds.SliceLocation) for ds in pictures] == pytest.approx(places, abs=1e-3)


def test_series_of_one_study_share_a_frame_of_reference(ct: list[Path]) -> None:
    assert len({dcmread(path).FrameOfReferenceUID for path in ct}) == 1


def test_field_of_view_is_centred_on_the_patient(ct: list[Path]) -> None:
    ds = series(ct, 2)[0]
    step = float(ds.PixelSpacing[0])
    assert step * ds.Columns == pytest.approx(float(ds.ReconstructionDiameter), abs=0.01)
    assert float(ds.ImagePositionPatient[0]) == pytest.approx(-step * (ds.Columns - 1) / 2, abs=0.01)


def test_rescaled_values_are_hounsfield_units_in_both_number_formats(tmp_path: Path) -> None:
    for equipment, representation in ((CT_1, 0), (CODRU_CT, 1)):
        study = planned("ct_chest_low", equipment=equipment, compressed=False)
        ds = dcmread(StudyMaker(study, AS_OF, tmp_path / equipment.station).make()[1])
        values = ds.pixel_array * float(ds.RescaleSlope) + float(ds.RescaleIntercept)
        assert ds.PixelRepresentation == representation
        assert float(np.median(values[:30])) == pytest.approx(-1000, abs=60)
        assert (float(ds.WindowCenter), float(ds.WindowWidth)) == (-600, 1500)


def test_compressed_pictures_are_lossless_jpeg_ls_of_the_plain_ones(tmp_path: Path) -> None:
    plain = StudyMaker(planned(compressed=False), AS_OF, tmp_path / "plain").make()
    packed = StudyMaker(planned(compressed=True), AS_OF, tmp_path / "packed").make()
    one, other = dcmread(plain[-1]), dcmread(packed[-1])
    assert one.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert other.file_meta.TransferSyntaxUID == JPEGLSLossless
    assert np.array_equal(one.pixel_array, other.pixel_array)


def test_uids_are_valid_and_each_picture_has_its_own(ct: list[Path], mr: list[Path]) -> None:
    pictures = [dcmread(path) for path in (*ct, *mr)]
    assert len({parse_uid(ds.SOPInstanceUID) for ds in pictures}) == len(pictures)
    assert {parse_uid(ds.SOPInstanceUID) == ds.file_meta.MediaStorageSOPInstanceUID for ds in pictures} == {True}
    for ds in pictures:
        parse_uid(ds.StudyInstanceUID)
        parse_uid(ds.SeriesInstanceUID)


@pytest.mark.parametrize("character_set", ["ISO_IR 192", "ISO_IR 144"])
def test_names_survive_their_character_set(tmp_path: Path, character_set: str) -> None:
    ds = dcmread(StudyMaker(planned(slices=1, character_set=character_set), AS_OF, tmp_path).make()[-1])
    assert ds.SpecificCharacterSet == character_set
    assert str(ds.PatientName) == PATIENTS["grosu"].name
    assert str(ds.ReferringPhysicianName) == REFERRING


def test_patient_has_a_local_id_with_issuer_and_the_national_id_beside_it(mr: list[Path]) -> None:
    ds = dcmread(mr[0])
    assert (ds.PatientID, ds.IssuerOfPatientID) == ("NC-187702", "NISTRU")
    other = ds.OtherPatientIDsSequence[0]
    assert (other.PatientID, other.IssuerOfPatientID) == (PATIENTS["grosu"].national_id, "IDNP")
    assert ds.PatientAge == "076Y"


def test_unknown_patient_has_no_birth_date_sex_or_age(tmp_path: Path) -> None:
    ds = dcmread(StudyMaker(planned(patient="trauma", slices=1), AS_OF, tmp_path).make()[0])
    assert (ds.PatientBirthDate, ds.PatientSex) == ("", "")
    assert "PatientAge" not in ds
    assert "OtherPatientIDsSequence" not in ds


# PS3.3: what is of type 1 or 2 in every image of these IODs that we make.
EVERYWHERE = (
    "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "StudyDate", "StudyTime",
    "AccessionNumber", "Modality", "Manufacturer", "PatientName",
    "PatientID", "PatientBirthDate", "PatientSex", "StudyID", "SeriesNumber",
    "InstanceNumber", "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation",
    "SamplesPerPixel", "PhotometricInterpretation", "PixelData", "ReferringPhysicianName", "ImageType",
)  # fmt: skip
IN_SPACE = ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness", "FrameOfReferenceUID",
            "PositionReferenceIndicator", "PatientPosition")  # fmt: skip
OF_CT = ("RescaleIntercept", "RescaleSlope", "KVP", "AcquisitionNumber")
OF_MR = ("ScanningSequence", "SequenceVariant", "ScanOptions", "MRAcquisitionType", "RepetitionTime", "EchoTime",
         "EchoTrainLength")  # fmt: skip
OF_CR = ("BodyPartExamined", "ViewPosition")


def test_required_attributes_are_there(ct: list[Path], mr: list[Path], tmp_path: Path) -> None:
    cr = StudyMaker(planned("cr_chest", body_part="CHEST"), AS_OF, tmp_path).make()
    for paths, wanted in ((ct, (*IN_SPACE, *OF_CT)), (mr, (*IN_SPACE, *OF_MR)), (cr, OF_CR)):
        for path in paths:
            ds = dcmread(path)
            assert [keyword for keyword in (*EVERYWHERE, *wanted) if keyword not in ds] == []


def test_same_study_gives_the_same_bytes(mr: list[Path], tmp_path: Path) -> None:
    again = StudyMaker(planned(), AS_OF, tmp_path).make()
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in mr]


def test_library_makes_files_once_and_finds_them_again(tmp_path: Path) -> None:
    studies = [planned(key="one", slices=1), planned(key="two", slices=1)]
    made = phantom_studies(tmp_path / "phantoms", AS_OF, studies)
    times = [path.stat().st_mtime_ns for study in made for path in study.files]
    found = phantom_studies(tmp_path / "phantoms", AS_OF.replace(day=25), studies)
    assert found == made
    assert [path.stat().st_mtime_ns for study in found for path in study.files] == times
    assert dcmread(made[0].files[0]).StudyInstanceUID == made[0].study_instance_uid


def test_of_two_who_want_the_same_files_at_once_one_makes_them(tmp_path: Path) -> None:
    studies = [planned(key="one", slices=1)]
    # On different days, which the UIDs would tell.
    days = (AS_OF, AS_OF.replace(day=25))
    with ThreadPoolExecutor(len(days)) as pool:
        one, other = pool.map(lambda day: phantom_studies(tmp_path / "phantoms", day, studies), days)
    assert one == other
    assert one[0].study_instance_uid == dcmread(one[0].files[0]).StudyInstanceUID


def test_library_makes_everything_again_after_a_crash_half_way(tmp_path: Path) -> None:
    studies = [planned(key="one", slices=1)]
    made = phantom_studies(tmp_path / "phantoms", AS_OF, studies)
    (tmp_path / "phantoms" / CONTENTS).unlink()
    made[0].files[0].unlink()
    again = phantom_studies(tmp_path / "phantoms", AS_OF, studies)
    assert again == made
    assert again[0].files[0].exists()

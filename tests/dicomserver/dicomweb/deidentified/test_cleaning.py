"""What the profile makes of single attributes, by option; and where names could hide."""

from datetime import date, timedelta
from typing import Any

import pytest
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag

from dicomserver.dicomweb.deidentified.cleaning import clean, stays_as_it_is
from dicomserver.dicomweb.deidentified.disguise import Disguise
from dicomserver.dicomweb.deidentified.profile import Action, action_for, profiled_tags
from dicomserver.dicomweb.deidentified.shown import SOP_CLASSES
from tests.dicomserver.objects import CT, small_ct
from wire.deidentification import Deidentification, Option, days_shifted, map_uid

KEY = "0c" * 32
DATES, PATIENT = (Option.SHIFT_DATES,), (Option.RETAIN_PATIENT_CHARACTERISTICS,)
DEVICE, PRIVATE = (Option.RETAIN_DEVICE_IDENTITY,), (Option.RETAIN_SAFE_PRIVATE,)


def disguise(*options: Option) -> Disguise:
    return Disguise(Deidentification(study_instance_uid="1.2.3", key=KEY, pseudonym="Q-1", options=options))


def cleaned(*options: Option, implicit: bool = False, **changes: Any) -> Dataset:
    """A slice with these changes as it is read from a file, cleaned."""
    return clean(read(small_ct(**changes), implicit=implicit), disguise(*options))


def read(ds: Dataset, *, implicit: bool = False) -> Dataset:
    buffer = DicomBytesIO()
    buffer.is_implicit_VR, buffer.is_little_endian = implicit, True
    write_dataset(buffer, ds)
    buffer.seek(0)
    return read_dataset(buffer, implicit, True)  # type: ignore[arg-type]


def test_basic_profile_names_what_was_done() -> None:
    ds = cleaned()
    assert (ds.PatientName, ds.PatientID, ds.PatientIdentityRemoved) == ("Q-1", "Q-1", "YES")
    assert ds.LongitudinalTemporalInformationModified == "REMOVED"
    assert [(item.CodeValue, item.CodingSchemeDesignator) for item in ds.DeidentificationMethodCodeSequence] == [
        ("113100", "DCM")
    ]
    assert not any([ds.AccessionNumber, ds.PatientBirthDate, ds.PatientSex, ds.StudyDate])
    assert "StudyDescription" not in ds
    assert "IssuerOfPatientID" not in ds
    assert (ds.Rows, ds.Modality, ds.SOPClassUID) == (4, "CT", CT)
    assert ds.SOPInstanceUID.startswith("2.25.")


def test_names_are_there_even_where_the_instance_had_none() -> None:
    assert cleaned(PatientName=None, PatientID=None).PatientName == "Q-1"


@pytest.mark.parametrize("implicit", [False, True])
def test_dates_move_together_and_keep_their_intervals(implicit: bool) -> None:
    ds = cleaned(
        *DATES,
        implicit=implicit,
        StudyDate="20260301",
        SeriesDate="2026.03.02",
        AcquisitionDateTime="20260303101112.5+0200",
        AcquisitionTime="101112.777",
        ContentDate="Popescu",
        ContentTime="at ten",
    )
    moved = date(2026, 3, 1) - timedelta(days=days_shifted(KEY))
    assert ds.StudyDate == moved.strftime("%Y%m%d")
    assert ds.SeriesDate == (moved + timedelta(days=1)).strftime("%Y%m%d")
    assert ds.AcquisitionDateTime == (moved + timedelta(days=2)).strftime("%Y%m%d") + "101112.5+0200"
    assert ds.AcquisitionTime == "101112.777"
    assert not any([ds.ContentDate, ds.ContentTime, ds.PatientBirthDate])
    assert ds.LongitudinalTemporalInformationModified == "MODIFIED"


@pytest.mark.parametrize("text", ["00010101", "20261399", "2026", "", "99999999", "20260101-20260102"])
def test_date_that_cannot_be_moved_is_emptied(text: str) -> None:
    assert disguise(*DATES).shifted("DA", text) == ""
    assert disguise(*DATES).shifted("DT", text) == ""


@pytest.mark.parametrize(
    ("age", "kept"),
    [
        ("045Y", "045Y"),
        ("089Y", "089Y"),
        ("090Y", "090Y"),
        ("103Y", "090Y"),
        ("011M", "011M"),
        ("Popescu", ""),
        ("95Y", ""),
    ],
)
def test_age_is_kept_where_it_is_one_and_capped_where_it_is_rare(age: str, kept: str) -> None:
    ds = cleaned(*PATIENT, PatientAge=age, PatientWeight="70.5", EthnicGroup="x")
    assert (ds.PatientAge or "", ds.PatientSex, ds.PatientWeight) == (kept, "M", 70.5)
    assert "PatientAge" not in cleaned(PatientAge=age)


def test_device_stays_with_its_option_alone() -> None:
    device = {"StationName": "CT-2", "DeviceSerialNumber": "SN7", "DateOfLastCalibration": "20260101"}
    ds = cleaned(*DEVICE, **device)
    assert (ds.StationName, ds.DeviceSerialNumber) == ("CT-2", "SN7")
    assert "DateOfLastCalibration" not in ds
    ds = cleaned(**device)
    assert (ds.StationName, ds.DeviceSerialNumber) == ("ANONYMIZED", "ANONYMIZED")


def test_uids_of_the_standard_stay_and_all_others_are_mapped() -> None:
    reference = Dataset()
    reference.ReferencedSOPClassUID = CT
    reference.ReferencedSOPInstanceUID = "1.2.3.4"
    ds = cleaned(ReferencedImageSequence=Sequence([reference]), FrameOfReferenceUID="1.2.840.10008.77.1")
    (item,) = ds.ReferencedImageSequence
    assert (item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID) == (CT, map_uid(KEY, "1.2.3.4"))
    # It begins like the standard's, and yet is none of them.
    assert ds.FrameOfReferenceUID == map_uid(KEY, "1.2.840.10008.77.1")


@pytest.mark.parametrize("implicit", [False, True])
def test_names_deep_in_sequences_go(implicit: bool) -> None:
    inner = Dataset()
    inner.PatientName = "Popescu^Ion"
    inner.OperatorsName = "Ionescu"
    inner.CodeMeaning = "kept"
    inner.add_new(0x00091010, "LO", "private")
    for _ in range(5):
        outer = Dataset()
        outer.AnatomicRegionSequence = Sequence([inner])
        inner = outer
    text = str(cleaned(implicit=implicit, AnatomicRegionSequence=Sequence([inner])))
    assert "Popescu" not in text
    assert "Ionescu" not in text
    assert "private" not in text
    assert "kept" in text


def test_sequences_nested_without_end_are_cut_off() -> None:
    inner = Dataset()
    inner.CodeMeaning = "deep"
    for _ in range(60):
        outer = Dataset()
        outer.AnatomicRegionSequence = Sequence([inner])
        inner = outer
    assert "deep" not in str(cleaned(AnatomicRegionSequence=Sequence([inner])))


@pytest.mark.parametrize("vr", ["PN", "LT", "UT", "UN", "AE", "UR", None, "DS", "IS", "DA", "TM", "DT", "AS"])
@pytest.mark.parametrize("keyword", ["PixelSpacing", "StudyDate", "KVP", "PatientAge", "PatientWeight", "SeriesNumber"])
def test_name_where_no_name_belongs_goes(keyword: str, vr: str | None) -> None:
    ds = read(small_ct(), implicit=vr is None)
    tag = Tag(keyword)
    ds[tag] = RawDataElement(tag, vr, 8, b"Popescu ", 0, vr is None, True)
    found = clean(ds, disguise(*Option))
    raw = found.get_item(tag)
    assert raw is None or b"Popescu" not in (raw.value or b"" if isinstance(raw, RawDataElement) else str(raw).encode())


@pytest.mark.parametrize("vr", ["LO", "SH", "UC", "CS", "OB", "PN", "DS", "SQ"])
@pytest.mark.parametrize("keyword", ["Rows", "PregnancyStatus", "RescaleSlope", "FrameIncrementPointer", "GridPitch"])
def test_text_where_numbers_belong_goes(keyword: str, vr: str) -> None:
    ds = read(small_ct())
    tag = Tag(keyword)
    ds[tag] = RawDataElement(tag, vr, 8, b"Popescu ", 0, False, True)
    assert tag not in clean(ds, disguise(*Option))


def test_public_attribute_that_nobody_knows_goes() -> None:
    ds = small_ct()
    ds[0x00187FFE] = DataElement(0x00187FFE, "LO", "Popescu")
    assert 0x00187FFE not in clean(read(ds), disguise(*Option))


@pytest.mark.parametrize("implicit", [False, True])
def test_safe_private_numbers_stay_with_their_option_and_nothing_beside_them(implicit: bool) -> None:
    ds = small_ct()
    block = ds.private_block(0x0019, "SIEMENS MR HEADER", create=True)
    block.add_new(0x0C, "IS", "1000")
    block.add_new(0x0E, "FD", [0.5, 0.5, 0.0])
    block.add_new(0x08, "CS", "IMAGE NUM 4")
    philips = ds.private_block(0x7053, "Philips PET Private Group", create=True)
    philips.add_new(0x00, "DS", "1.25")
    philips.add_new(0x09, "LO", "Popescu")
    other = ds.private_block(0x0019, "SOMEBODY", create=True)
    other.add_new(0x0C, "IS", "7")
    found = clean(read(ds, implicit=implicit), disguise(*PRIVATE))
    kept = {int(tag) for tag in found._dict if tag.is_private}
    assert kept == {0x00190010, 0x0019100C, 0x0019100E, 0x70530010, 0x70531000}
    assert not any(tag.is_private for tag in clean(read(ds, implicit=implicit), disguise())._dict)


@pytest.mark.parametrize("tag", [0x60003000, 0x60004000, 0x60020022, 0x50003000, 0x04000500, 0x00880200, 0x04000561])
def test_graphics_icons_and_older_attributes_go_whatever_the_options(tag: int) -> None:
    assert action_for(tag, None, tuple(Option)) is Action.REMOVE


def test_no_attribute_of_the_table_stays_without_an_option() -> None:
    kept = {tag for tag in profiled_tags() if action_for(tag, None, ()) in {Action.KEEP, Action.CHECK, Action.SHIFT}}
    # ReferencedImageSequence and SourceImageSequence, of which the UIDs are mapped.
    assert kept == {0x00081140, 0x00082112}


def test_large_values_stay_where_they_are_numbers_alone() -> None:
    assert stays_as_it_is(0x00281201, "OW", ())
    assert not stays_as_it_is(0x00420011, "OB", ())
    assert not stays_as_it_is(0x60003000, "OW", tuple(Option))
    assert not stays_as_it_is(0x00104000, "LT", ())
    assert not stays_as_it_is(0x52009230, "SQ", ())
    assert not stays_as_it_is(0x00091001, "OB", tuple(Option))


def test_text_keeps_its_character_set() -> None:
    ds = small_ct(SpecificCharacterSet="ISO_IR 144", Manufacturer="Завод")
    assert clean(read(ds), disguise()).Manufacturer == "Завод"


@pytest.mark.parametrize(
    "sop_class_uid",
    [
        "1.2.840.10008.5.1.4.1.1.88.33",
        "1.2.840.10008.5.1.4.1.1.104.1",
        "1.2.840.10008.5.1.4.1.1.104.2",
        "1.2.840.10008.5.1.4.1.1.11.1",
        "1.2.840.10008.5.1.4.1.1.9.1.1",
        "1.2.840.10008.5.1.4.1.1.66",
        "1.2.840.10008.5.1.4.1.1.77.1.4.1",
        "1.2.840.10008.5.1.4.1.1.481.3",
        "1.2.840.10008.5.1.4.1.1.88.59",
        "1.3.12.2.1107.5.9.1",
    ],
)
def test_what_is_no_image_is_not_shown(sop_class_uid: str) -> None:
    assert sop_class_uid not in SOP_CLASSES


def test_images_of_all_kinds_are_shown() -> None:
    shown = {
        "2",
        "2.1",
        "4",
        "4.1",
        "1",
        "1.2",
        "6.1",
        "3.1",
        "7",
        "20",
        "128",
        "12.1",
        "77.1.6",
        "66.4",
        "481.2",
        "13.1.3",
    }
    assert {f"1.2.840.10008.5.1.4.1.1.{number}" for number in shown} <= SOP_CLASSES

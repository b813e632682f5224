"""Metadata as DICOM JSON: PS3.18 Annex F, and what is left out."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dicomserver.archive.content import OpenFile
from dicomserver.ingest.header import InstanceHeader, PreparedMetadata, read_header, read_metadata
from tests.dicomserver.objects import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT, encode, small_ct


def header_of(tmp_path: Path, data: bytes, transfer_syntax_uid: str = EXPLICIT) -> InstanceHeader:
    path = tmp_path / "data-set"
    path.write_bytes(b"head" + data)
    with path.open("rb") as file:
        return read_header(
            OpenFile(file.fileno()), 4, transfer_syntax_uid, scratch=tmp_path, national_id_issuers=("IDNP",)
        )


def prepared(tmp_path: Path, data: bytes, transfer_syntax_uid: str = EXPLICIT) -> PreparedMetadata:
    path = tmp_path / "data-set"
    path.write_bytes(b"head" + data)
    with path.open("rb") as file:
        return read_metadata(OpenFile(file.fileno()), 4, transfer_syntax_uid, scratch=tmp_path)


def metadata_of(tmp_path: Path, ds: Dataset, transfer_syntax_uid: str = EXPLICIT) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        prepared(tmp_path, encode(ds, transfer_syntax_uid), transfer_syntax_uid).dicom_json
    )
    return found


@pytest.mark.parametrize("transfer_syntax_uid", [EXPLICIT, IMPLICIT, BIG_ENDIAN, DEFLATED])
def test_all_encodings_give_the_same_metadata(tmp_path: Path, transfer_syntax_uid: str) -> None:
    ds = small_ct(
        SOPInstanceUID="1.2.3",
        StudyInstanceUID="1.2.4",
        SeriesInstanceUID="1.2.5",
        PixelSpacing=[0.5, 0.25],
        PatientName="Popescu^Ion=山田^太郎=やまだ",
        SmallestImagePixelValue=7,
    )
    assert metadata_of(tmp_path, ds, transfer_syntax_uid) == {
        "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]},
        "00080016": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.2"]},
        "00080018": {"vr": "UI", "Value": ["1.2.3"]},
        "00080020": {"vr": "DA", "Value": ["20260102"]},
        "00080030": {"vr": "TM", "Value": ["101112"]},
        "00080050": {"vr": "SH", "Value": ["ACC1"]},
        "00080060": {"vr": "CS", "Value": ["CT"]},
        "00080090": {"vr": "PN", "Value": [{"Alphabetic": "Referrer^Rita"}]},
        "00081030": {"vr": "LO", "Value": ["Chest"]},
        "0008103E": {"vr": "LO", "Value": ["Axial"]},
        "00100010": {
            "vr": "PN",
            "Value": [{"Alphabetic": "Popescu^Ion", "Ideographic": "山田^太郎", "Phonetic": "やまだ"}],
        },
        "00100020": {"vr": "LO", "Value": ["P-1"]},
        "00100021": {"vr": "LO", "Value": ["HOSPITAL"]},
        "00100030": {"vr": "DA", "Value": ["19700101"]},
        "00100040": {"vr": "CS", "Value": ["M"]},
        "0020000D": {"vr": "UI", "Value": ["1.2.4"]},
        "0020000E": {"vr": "UI", "Value": ["1.2.5"]},
        "00200010": {"vr": "SH", "Value": ["S1"]},
        "00200011": {"vr": "IS", "Value": [3]},
        "00200013": {"vr": "IS", "Value": [7]},
        "00280002": {"vr": "US", "Value": [1]},
        "00280004": {"vr": "CS", "Value": ["MONOCHROME2"]},
        "00280010": {"vr": "US", "Value": [4]},
        "00280011": {"vr": "US", "Value": [4]},
        "00280030": {"vr": "DS", "Value": [0.5, 0.25]},
        "00280100": {"vr": "US", "Value": [16]},
        "00280101": {"vr": "US", "Value": [12]},
        "00280102": {"vr": "US", "Value": [11]},
        "00280103": {"vr": "US", "Value": [0]},
        "00280106": {"vr": "US", "Value": [7]},
    }


def test_sequences_are_nested_objects_and_empty_values_have_no_value(tmp_path: Path) -> None:
    item = Dataset()
    item.CodeValue = "T-D3000"
    item.CodeMeaning = ""
    found = metadata_of(tmp_path, small_ct(AnatomicRegionSequence=Sequence([item]), PatientID=""))
    assert found["00082218"] == {
        "vr": "SQ",
        "Value": [{"00080100": {"vr": "SH", "Value": ["T-D3000"]}, "00080104": {"vr": "LO"}}],
    }
    assert found["00100020"] == {"vr": "LO"}


def test_a_broken_value_is_left_out_and_the_rest_is_there(tmp_path: Path) -> None:
    data = encode(small_ct(PatientName="A^B"))
    broken = data.replace(b"\x20\x00\x11\x00IS\x02\x003 ", b"\x20\x00\x11\x00IS\x02\x00zz")
    assert broken != data
    found = json.loads(prepared(tmp_path, broken).dicom_json)
    assert "00200011" not in found
    assert found["00100010"] == {"vr": "PN", "Value": [{"Alphabetic": "A^B"}]}
    assert header_of(tmp_path, broken).series["series_number"] is None


def test_an_unknown_vr_does_not_lose_the_instance(tmp_path: Path) -> None:
    data = encode(small_ct()).replace(b"\x20\x00\x10\x00SH", b"\x20\x00\x10\x00ZZ")
    header = header_of(tmp_path, data)
    assert header.study["study_id"] == ""
    assert header.study["accession_number"] == "ACC1"


def test_values_that_are_no_json_numbers_are_left_out(tmp_path: Path) -> None:
    found = metadata_of(tmp_path, small_ct(RealWorldValueSlope=float("nan"), RealWorldValueIntercept=2.5))
    assert "00409225" not in found
    assert found["00409224"] == {"vr": "FD", "Value": [2.5]}


def test_bulky_values_are_noted_by_place(tmp_path: Path) -> None:
    document = b"%PDF" + b"x" * 300_000
    ds = small_ct(EncapsulatedDocument=document, RedPaletteColorLookupTableData=b"\1\2" * 65536)
    data = encode(ds)
    metadata = prepared(tmp_path, data)
    found = json.loads(metadata.dicom_json)
    assert "00420011" not in found
    assert len(found["00281201"]["InlineBinary"]) == 174764
    assert sorted(metadata.bulk_data) == ["00420011", "7FE00010"]
    vr, offset, length = metadata.bulk_data["00420011"]
    assert vr == "OB"
    assert (b"head" + data)[offset : offset + length] == document


def test_private_blobs_are_not_metadata(tmp_path: Path) -> None:
    ds = small_ct()
    block = ds.private_block(0x0029, "VENDOR", create=True)
    block.add_new(0x10, "OB", b"z" * 5000)
    block.add_new(0x11, "LO", "kept")
    found = metadata_of(tmp_path, ds)
    assert "00291010" not in found
    assert found["00291011"] == {"vr": "LO", "Value": ["kept"]}


def test_other_patient_ids_keep_their_issuers_and_national_ones_are_known(tmp_path: Path) -> None:
    national, coded, other = Dataset(), Dataset(), Dataset()
    national.PatientID, national.IssuerOfPatientID = "2004012345678", "IDNP"
    coded.PatientID, coded.IssuerOfPatientID = "77", "REGISTRY"
    qualifier = Dataset()
    qualifier.IdentifierTypeCode = "NNMDA"
    coded.IssuerOfPatientIDQualifiersSequence = Sequence([qualifier])
    other.PatientID = "OLD-1"
    ds = small_ct(OtherPatientIDsSequence=Sequence([national, coded, other]), OtherPatientIDs=["OLD-1", "OLD-2"])
    assert header_of(tmp_path, encode(ds)).study["other_patient_ids"] == [
        {"identifier": "2004012345678", "issuer": "IDNP", "kind": "national"},
        {"identifier": "77", "issuer": "REGISTRY", "kind": "national"},
        {"identifier": "OLD-1", "issuer": "", "kind": "other"},
        {"identifier": "OLD-2", "issuer": "", "kind": "other"},
    ]


def test_physicians_are_names_in_groups(tmp_path: Path) -> None:
    study = header_of(tmp_path, encode(small_ct(RequestingPhysician="Rusu^Ana=芦^安"))).study
    assert study["referring_physician_name"] == {"alphabetic": "Referrer^Rita", "ideographic": "", "phonetic": ""}
    assert study["requesting_physician_names"] == [{"alphabetic": "Rusu^Ana", "ideographic": "芦^安", "phonetic": ""}]


def test_undecodable_names_are_kept_readable(tmp_path: Path) -> None:
    data = encode(small_ct(PatientName="AAAA^B")).replace(b"AAAA^B", b"A\xff\xfeA^B")
    assert header_of(tmp_path, data).study["patient_name_alphabetic"] == "A\ufffd\ufffdA^B"


def test_sequences_nested_without_end_are_refused_not_followed(tmp_path: Path) -> None:
    from dicomserver.ingest.errors import InstanceRefused

    item = b"\x08\x00\x40\x11SQ\x00\x00\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    with pytest.raises(InstanceRefused) as caught:
        header_of(tmp_path, encode(small_ct(PixelData=None, Rows=None))[:200] + item * 5000)
    assert caught.value.reason in {"too_complex", "truncated", "unreadable"}


def test_a_deflated_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dicomserver.ingest import encoding
    from dicomserver.ingest.errors import InstanceRefused

    monkeypatch.setattr(encoding, "MAX_INFLATED_BYTES", 1024 * 1024)
    bomb = encode(small_ct(PixelData=b"\0" * 20_000_000), DEFLATED)
    assert len(bomb) < 40_000
    with pytest.raises(InstanceRefused) as caught:
        header_of(tmp_path, bomb, DEFLATED)
    assert caught.value.reason == "too_complex"

"""Nothing that tells whose study it is leaves by any address, whatever the transfer syntax and the options."""

import hashlib
import json
import re
import subprocess
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from dicomserver.access.models import ViewingSession
from dicomserver.archive import Archive
from dicomserver.dicomweb.deidentified.selectors import shown_uids
from dicomserver.index.models import Instance
from tests.dicomserver.dicomweb.deidentified.conftest import Disguise
from tests.dicomserver.dicomweb.deidentified.marked import BIRTH, MARK, MARKED_UID, STUDY_DAY, marked_ct
from tests.dicomserver.dicomweb.deidentified.seeing import PSEUDONYM, DisguisedReader
from tests.dicomserver.dicomweb.reading import parts_of, path_of
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT, SHARED_DATA, small_ct
from tests.interop.dcmtk import dcmtk
from wire.deidentification import Option

SYNTAXES = [EXPLICIT, IMPLICIT, DEFLATED, BIG_ENDIAN]
OPTIONS = [(), tuple(Option), (Option.SHIFT_DATES,), (Option.RETAIN_SAFE_PRIVATE,)]
DICOM_PARTS = 'multipart/related; type="application/dicom"'
# What this grant's options keep of the marks: a device's names.
DEVICE = Option.RETAIN_DEVICE_IDENTITY


def plain(body: bytes) -> bytes:
    """The body, and what deflated files in it hold."""
    found = body
    for start in re.finditer(b"DICM", body):
        try:
            head = dcmread(BytesIO(body[start.start() - 128 :]), stop_before_pixels=True, specific_tags=[])
            if head.file_meta.TransferSyntaxUID == DEFLATED:
                offset = start.end() + 12 + head.file_meta.FileMetaInformationGroupLength
                found += zlib.decompressobj(-zlib.MAX_WBITS).decompress(body[offset:])
        except zlib.error:
            continue
    return found


def everything(reader: DisguisedReader, instance: Instance) -> dict[str, bytes]:
    """The bodies and headers of all answers."""
    found, is_deflated = {}, instance.transfer_syntax_uid == DEFLATED
    for path in reader.addresses(instance):
        for accept in ("*/*", "application/dicom+json", DICOM_PARTS):
            response = reader.get(path, Accept=accept)
            if response.status_code != 200:
                # A deflated file has no places of single values.
                is_expected = response.status_code == 406 or (is_deflated and "bulkdata" in path)
                assert is_expected, (path, response.status_code)
                continue
            body = b"".join(response.streaming_content) if response.streaming else response.content
            headers = "".join(f"{name}: {value}\n" for name, value in response.headers.items())
            found[f"{path} {accept}"] = plain(body) + headers.encode()
    return found


def originals(ds: Dataset) -> set[str]:
    return {str(ds[keyword].value) for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")}


def assert_clean(content: bytes, secrets: set[str]) -> None:
    for secret in secrets:
        for encoding in ("ascii", "utf-16-le", "utf-16-be"):
            position = content.find(secret.encode(encoding))
            assert position < 0, (secret, content[max(0, position - 60) : position + 60])


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_no_answer_holds_a_mark_or_an_original_uid(
    disguised: Disguise, take_in: TakeIn, syntax: str, options: tuple[Option, ...]
) -> None:
    ds = marked_ct()
    instance = take_in(ds, syntax)
    reader = disguised(ds.StudyInstanceUID, *options)
    secrets = {MARKED_UID, BIRTH, STUDY_DAY, *originals(ds), "097Y"}
    secrets |= set() if DEVICE in options else {MARK}
    secrets |= set() if Option.SHIFT_DATES in options else {"101112.777"}
    if DEVICE in options:
        # Names of the device stay: the UIDs of it, and marks in what names it.
        secrets -= {MARKED_UID}
    answers = everything(reader, instance)
    assert len(answers) >= len(reader.addresses(instance)) - 1
    for content in answers.values():
        assert_clean(content, secrets)
    assert PSEUDONYM.encode() in b"".join(answers.values())


def test_device_option_keeps_marks_of_the_device_alone(disguised: Disguise, take_in: TakeIn) -> None:
    ds = marked_ct()
    instance = take_in(ds)
    reader = disguised(ds.StudyInstanceUID, *Option)
    part = dcmread(BytesIO(reader.body(reader.path(instance), Accept="application/dicom")))
    marked = {element.keyword for element in part if element.VR != "SQ" and MARK in str(element.value)}
    assert "StationName" in marked
    assert "DeviceSerialNumber" in marked
    assert not marked & {"PatientName", "InstitutionName", "OperatorsName", "StudyDescription", "AccessionNumber"}
    assert all("Name" not in keyword or "Station" in keyword or "Machine" in keyword for keyword in marked), marked


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_downloaded_file_is_whole_and_says_what_was_done(
    disguised: Disguise, take_in: TakeIn, syntax: str, tmp_path: Path
) -> None:
    ds = marked_ct()
    instance = take_in(ds, syntax)
    reader = disguised(ds.StudyInstanceUID, Option.SHIFT_DATES)
    (part,) = parts_of(reader.get(reader.path(instance), Accept=DICOM_PARTS))
    assert part.content_type == f"application/dicom; transfer-syntax={syntax}"
    path = tmp_path / "cleaned.dcm"
    path.write_bytes(part.body)
    found = dcmread(path)
    assert part.body[:128] == bytes(128)
    assert found.file_meta.TransferSyntaxUID == syntax
    assert found.file_meta.MediaStorageSOPInstanceUID == found.SOPInstanceUID == reader.uid(ds.SOPInstanceUID)
    assert {element.keyword for element in found.file_meta} & {
        "SourceApplicationEntityTitle",
        "PrivateInformation",
    } == set()
    assert found.StudyInstanceUID == reader.uid(ds.StudyInstanceUID)
    assert (found.PatientName, found.PatientID) == (PSEUDONYM, PSEUDONYM)
    assert (found.PatientIdentityRemoved, found.LongitudinalTemporalInformationModified) == ("YES", "MODIFIED")
    assert [item.CodeValue for item in found.DeidentificationMethodCodeSequence] == ["113100", "113107"]
    assert found.PixelData == ds.PixelData
    for tool in ("dcmdump", "dcmftest"):
        result = dcmtk(tool, str(path))
        assert (result.returncode, result.stderr) == (0, ""), result.stdout + result.stderr


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_metadata_frames_and_file_agree(disguised: Disguise, take_in: TakeIn, syntax: str) -> None:
    ds = small_ct()
    instance = take_in(ds, syntax)
    reader = disguised(ds.StudyInstanceUID)
    (metadata,) = reader.json(f"{reader.path(instance)}/metadata")
    (part,) = parts_of(reader.get(reader.path(instance), Accept=DICOM_PARTS))
    found = dcmread(BytesIO(part.body))
    pixels = metadata.pop("7FE00010")["BulkDataURI"]
    described = Dataset.from_json(json.dumps(metadata))
    for element in found:
        if element.keyword not in {"PixelData", "SpecificCharacterSet"}:
            assert described[element.tag].value == element.value, element.keyword
    (frame,) = parts_of(reader.get(f"{reader.path(instance)}/frames/1"))
    (identified,) = parts_of(reader.reader.get(f"{path_of(instance)}/frames/1"))
    assert frame.body == identified.body
    assert pixels.endswith(f"{reader.path(instance)}/bulkdata/7FE00010")


def test_stored_bytes_stay_as_they_are(disguised: Disguise, take_in: TakeIn, archive: Archive) -> None:
    ds = marked_ct()
    instance = take_in(ds)
    path = archive.path_of(instance.relative_path)
    before = hashlib.sha256(path.read_bytes()).digest()
    everything(disguised(ds.StudyInstanceUID), instance)
    assert hashlib.sha256(path.read_bytes()).digest() == before


def test_one_grant_always_shows_the_same_and_another_something_else(disguised: Disguise, take_in: TakeIn) -> None:
    ds = small_ct()
    instance = take_in(ds)
    one, other = disguised(ds.StudyInstanceUID), disguised(ds.StudyInstanceUID, key="6f" * 32)
    first, again, second = (
        reader.body(reader.path(instance), Accept="application/dicom") for reader in (one, one, other)
    )
    assert first == again != second
    assert one.uid(ds.SOPInstanceUID) != other.uid(ds.SOPInstanceUID)
    assert one.get(one.path(instance)).headers["ETag"] != other.get(other.path(instance)).headers["ETag"]


def test_session_is_told_to_the_audit_with_the_original_study(disguised: Disguise, take_in: TakeIn) -> None:
    ds = small_ct()
    instance = take_in(ds)
    reader = disguised(ds.StudyInstanceUID)
    reader.body(f"{reader.path(instance)}/frames/1")
    assert [session.study_instance_uid for session in ViewingSession.objects.all()] == [ds.StudyInstanceUID]


# Ingest takes none of these in; its own tests say why.
REFUSED = {
    "HTJ2KLossless_08_RGB.dcm",
    "JLSL_RGB_ILV0.dcm",
    "JLSL_RGB_ILV1.dcm",
    "JLSL_RGB_ILV2.dcm",
    "chrSQEncoding.dcm",
}


def real_files() -> list[Path]:
    """Images of many kinds of the developers' set; one that says why where it is absent."""
    kinds = ("ct-chest/000001.dcm", "syntaxes/**/*", "us-color/*", "enhanced/**/*", "charsets/*", "pet/*", "xray/*")
    found = [path for kind in kinds for path in sorted(SHARED_DATA.glob(kind))[:16] if path.is_file()]
    images = [path for path in found if path.suffix not in {".md", ".txt", ".json"} and path.name not in REFUSED]
    return images or [SHARED_DATA / "absent.dcm"]


@pytest.mark.parametrize("path", real_files(), ids=lambda path: path.name)
def test_real_file_gives_no_name_away(
    disguised: Disguise, take_in: TakeIn, archive: Archive, shared_data: Path, path: Path
) -> None:
    instance = take_in(path)
    reader = disguised(instance.series.study.study_instance_uid, Option.SHIFT_DATES)
    if not shown_uids(instance.series.study.study_instance_uid):
        assert reader.get(f"{reader.path(instance)}/metadata").status_code == 404
        return
    ds = dcmread(archive.path_of(instance.relative_path))
    names: set[Any] = {str(ds.get(keyword) or "") for keyword in ("PatientName", "PatientID", "AccessionNumber")}
    # The maker of some files wrote this into every text, the name of the pulse sequence too.
    names -= {"dicom2nifti"}
    secrets = {name for name in names if len(name) > 4 and name.isascii()} | originals(ds)
    for address in (reader.path(instance), f"{reader.path(instance)}/metadata", f"{reader.study_path}/instances"):
        assert_clean(plain(reader.body(address)), secrets)
    (part,) = parts_of(reader.get(reader.path(instance), Accept=DICOM_PARTS))
    cleaned = dcmread(BytesIO(part.body))
    assert cleaned.get("PixelData") == ds.get("PixelData")
    assert cleaned.PatientName == PSEUDONYM
    for keyword in ("Rows", "Columns", "ImageType", "PixelSpacing", "ImageOrientationPatient", "WindowCenter"):
        assert cleaned.get(keyword) == ds.get(keyword), keyword


def test_dciodvfy_finds_no_new_error(disguised: Disguise, take_in: TakeIn, shared_data: Path, tmp_path: Path) -> None:
    path = shared_data / "ct-chest" / "000001.dcm"
    instance = take_in(path)
    reader = disguised(instance.series.study.study_instance_uid, Option.SHIFT_DATES)
    cleaned = tmp_path / "cleaned.dcm"
    (part,) = parts_of(reader.get(reader.path(instance), Accept=DICOM_PARTS))
    cleaned.write_bytes(part.body)
    before, after = (errors_of(one) for one in (path, cleaned))
    assert after <= before


def errors_of(path: Path) -> set[str]:
    try:
        result = subprocess.run(
            ["/usr/bin/dciodvfy", str(path)], capture_output=True, text=True, check=False, timeout=30
        )
    except FileNotFoundError:
        pytest.skip("dciodvfy is not installed")
    return {line for line in result.stderr.splitlines() if line.startswith("Error")}

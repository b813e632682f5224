"""Media, exports and wrapped documents, looked at by dcmtk, gdcm, dicom3tools, curl and unzip."""

import io
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from tests.demonstration import ROOT, Demonstration, shared_data, wait_until
from tests.dicomserver.importing.documents import PDF, jpeg, png, video

pytestmark = [pytest.mark.timeout(240), pytest.mark.filterwarnings("ignore::UserWarning:pydicom")]

FOUND = re.compile(r"study ([0-9.]+), instance ([0-9.]+)")


def tool(name: str, *arguments: object, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run another people's tool; those of a virtual environment are not meant."""
    path = shutil.which(name, path="/usr/bin:/usr/local/bin")
    if path is None:
        pytest.fail(f"{name} is not installed")
    command = [path, *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, errors="replace", check=False, timeout=60, cwd=folder
    )


def errors_of(name: str, *arguments: object, folder: Path | None = None) -> list[str]:
    """What dicom3tools calls an error."""
    done = tool(name, *arguments, folder=folder)
    lines = (done.stdout + done.stderr).splitlines()
    return [line for line in lines if line.startswith(("Error", "Abort"))]


def command(demonstration: Demonstration, *arguments: object) -> subprocess.CompletedProcess[str]:
    """A command of server A."""
    environment = os.environ | demonstration.environment_of("run_scp", "dicomserver.settings")
    return subprocess.run(
        [sys.executable, "-m", "dicomserver", *map(str, arguments)],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def slices(folder: Path, count: int = 4) -> str:
    """Files of a study of two series, with names that media allow; returns its UID."""
    study, patient = generate_uid(), f"MED-{generate_uid()[-10:]}"
    series = [generate_uid(), generate_uid()]
    folder.mkdir(parents=True)
    for number in range(count):
        ds = pydicom.Dataset()
        ds.file_meta = pydicom.dataset.FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        ds.SpecificCharacterSet = "ISO_IR 100"
        ds.StudyInstanceUID, ds.SeriesInstanceUID = study, series[number % 2]
        ds.PatientName, ds.PatientID, ds.PatientBirthDate, ds.PatientSex = "Müller^Jürgen", patient, "19600102", "M"
        ds.StudyDate, ds.StudyTime, ds.StudyID, ds.AccessionNumber = "20261102", "080910", "M1", ""
        ds.ReferringPhysicianName, ds.Modality, ds.ConversionType = "", "OT", "WSD"
        ds.SeriesNumber, ds.InstanceNumber = number % 2 + 1, number + 1
        ds.InstanceCreationDate, ds.PatientOrientation = "20261102", ""
        ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.Rows, ds.Columns = 1, "MONOCHROME2", 8, 8
        ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
        ds.PixelData = bytes((number * 7 + at) % 256 for at in range(64))
        ds.save_as(folder / f"I{number}", enforce_file_format=True)
    return str(study)


@pytest.fixture(scope="module")
def study(demonstration: Demonstration, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A study of four instances that server A holds."""
    folder = tmp_path_factory.mktemp("study")
    uid = slices(folder / "IN")
    done = command(demonstration, "import_dicom", folder / "IN")
    assert done.stdout.strip() == "stored: 4", done.stderr
    return uid


@pytest.fixture(scope="module")
def exported(demonstration: Demonstration, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of four instances as a folder; of its own, as documents are put into the other."""
    folder = tmp_path_factory.mktemp("exported")
    uid = slices(folder / "IN")
    assert command(demonstration, "import_dicom", folder / "IN").stdout.strip() == "stored: 4"
    target = folder / "MEDIUM"
    done = command(demonstration, "export_study", uid, target)
    assert (done.returncode, done.stdout.strip()) == (0, f"{target}: 6 files"), done.stderr
    return target


def test_dicom3tools_finds_no_error_in_an_exported_medium(exported: Path) -> None:
    assert errors_of("dciodvfy", exported / "DICOMDIR") == []
    files = sorted(path.relative_to(exported) for path in (exported / "DICOM").rglob("*") if path.is_file())
    assert len(files) == 4
    assert errors_of("dcentvfy", "DICOMDIR", *files, folder=exported) == []


def test_dcmtk_reads_an_exported_medium_and_makes_the_same_of_it(exported: Path, tmp_path: Path) -> None:
    dumped = tool("dcmdump", exported / "DICOMDIR")
    assert (dumped.returncode, "W:" in dumped.stderr, "E:" in dumped.stderr) == (0, False, False), dumped.stderr
    for path in (exported / "DICOM").rglob("*"):
        if path.is_file():
            assert tool("dcmftest", path).stdout.startswith("yes:")
    copy = tmp_path / "copy"
    shutil.copytree(exported, copy)
    (copy / "DICOMDIR").unlink()
    made = tool("dcmmkdir", "+r", "+id", copy, "+D", copy / "DICOMDIR", "DICOM", folder=copy)
    assert made.returncode == 0, made.stderr
    assert names_in(copy / "DICOMDIR") == names_in(exported / "DICOMDIR")


def names_in(directory: Path) -> dict[tuple[str, ...], str]:
    """The instances of a DICOMDIR by their file IDs."""
    records = pydicom.dcmread(directory).DirectoryRecordSequence
    return {
        tuple(record.ReferencedFileID): str(record.ReferencedSOPInstanceUIDInFile)
        for record in records
        if "ReferencedFileID" in record
    }


def test_gdcm_reads_an_exported_medium(exported: Path) -> None:
    dumped = tool("gdcmdump", exported / "DICOMDIR")
    assert dumped.returncode == 0, dumped.stderr
    assert dumped.stdout.count("Referenced File ID") == 4


def test_unzip_and_python_open_an_exported_zip(demonstration: Demonstration, study: str, tmp_path: Path) -> None:
    target = tmp_path / "study.zip"
    assert command(demonstration, "export_study", study, target).returncode == 0
    tested = tool("unzip", "-t", target)
    assert tested.returncode == 0, tested.stdout
    assert "No errors detected" in tested.stdout
    with zipfile.ZipFile(target) as archive:
        assert archive.testzip() is None


def test_curl_takes_up_a_download_that_broke_off(demonstration: Demonstration, study: str, tmp_path: Path) -> None:
    token = token_for(demonstration, study)
    address = f"{demonstration.server('A').dicomweb_url}/studies/{study}/archive"
    header = f"Authorization: Bearer {token}"
    whole, parts = tmp_path / "whole.zip", tmp_path / "parts.zip"
    assert tool("curl", "--silent", "--fail", "-H", header, "-o", whole, address).returncode == 0
    assert tool("curl", "--silent", "--fail", "-H", header, "-r", "0-999", "-o", parts, address).returncode == 0
    assert parts.stat().st_size == 1000
    assert tool("curl", "--silent", "--fail", "-H", header, "-C", "-", "-o", parts, address).returncode == 0
    assert parts.read_bytes() == whole.read_bytes()
    assert tool("unzip", "-t", parts).returncode == 0


def token_for(demonstration: Demonstration, study: str) -> str:
    """A viewer token, once the portal has heard of the study."""
    person = demonstration.person("radiologist", "A")
    wait_until(lambda: bool(demonstration.instances_seen(person, study)), 90, "the portal knows the study")
    answer = demonstration.viewer_token(person, study)
    answer.raise_for_status()
    token: str = answer.json()["token"]
    return token


@pytest.mark.parametrize("maker", ["dcmmkdir", "gdcmgendir"])
def test_media_that_other_tools_made_are_read(demonstration: Demonstration, tmp_path: Path, maker: str) -> None:
    medium = tmp_path / "medium"
    slices(medium / "IMAGES")
    if maker == "dcmmkdir":
        made = tool("dcmmkdir", "+r", "+D", medium / "DICOMDIR", "IMAGES", folder=medium)
    else:
        made = tool("gdcmgendir", "-r", "-i", medium, "-o", medium / "DICOMDIR")
    assert made.returncode == 0, made.stderr
    (medium / "IMAGES" / "I3").unlink()
    done = command(demonstration, "import_dicom", medium / "DICOMDIR")
    assert done.stdout.strip() == "DICOMDIR: 1, missing: 1, stored: 3", done.stderr
    assert done.stderr.strip() == (
        f"{medium / 'DICOMDIR'}: IMAGES/I3: The DICOMDIR names this file, and it is not there."
    )


def test_the_medium_of_the_developers_set_is_imported_by_its_dicomdir(demonstration: Demonstration) -> None:
    folder = shared_data("dicomdir")
    if folder is None:
        pytest.skip("../shared is absent")
    done = command(demonstration, "import_dicom", folder / "DICOMDIR")
    counts = dict(part.split(": ") for part in done.stdout.strip().split(", "))
    assert counts.pop("DICOMDIR") == "1"
    assert set(counts) <= {"stored", "already_stored"}
    assert sum(map(int, counts.values())) == 31
    assert done.stderr == ""


@pytest.mark.parametrize("name", ["letter.pdf", "photo.jpg", "gray.jpg", "progressive.jpg", "screen.png", "film.mp4"])
def test_dicom3tools_finds_no_error_in_a_wrapped_document(
    demonstration: Demonstration, study: str, tmp_path: Path, name: str
) -> None:
    path = wrapped(demonstration, study, tmp_path, name)
    assert errors_of("dciodvfy", path) == []
    assert tool("dcmdump", path).returncode == 0
    assert tool("gdcmdump", path).returncode == 0


def test_dcmtk_takes_out_what_was_wrapped(demonstration: Demonstration, study: str, tmp_path: Path) -> None:
    letter = wrapped(demonstration, study, tmp_path, "letter.pdf")
    assert tool("dcm2pdf", letter, tmp_path / "out.pdf").returncode == 0
    assert (tmp_path / "out.pdf").read_bytes().startswith(contents()["letter.pdf"])
    for name in ("photo.jpg", "screen.png"):
        drawn = tool("dcmj2pnm", "--write-png", wrapped(demonstration, study, tmp_path, name), tmp_path / "out.png")
        assert drawn.returncode == 0, drawn.stderr
        assert (tmp_path / "out.png").stat().st_size > 0


def contents() -> dict[str, bytes]:
    """The documents by name."""
    return {
        "letter.pdf": PDF,
        "photo.jpg": jpeg(),
        "gray.jpg": jpeg("L"),
        "progressive.jpg": jpeg(progressive=True),
        "screen.png": png(),
        "film.mp4": video(),
    }


def wrapped(demonstration: Demonstration, study: str, folder: Path, name: str) -> Path:
    """The document kept in the study, as its file comes out of an export."""
    source = folder / name
    source.write_bytes(contents()[name])
    done = command(demonstration, "wrap_document", source, "--study", study, "--title", f"A {name}")
    found = FOUND.search(done.stdout)
    assert found, done.stderr
    target = folder / f"{name}.zip"
    assert command(demonstration, "export_study", study, target).returncode == 0
    with zipfile.ZipFile(target) as archive:
        for entry in archive.namelist():
            content = archive.read(entry) if entry.startswith("DICOM/") else b""
            if content and pydicom.dcmread(io.BytesIO(content), stop_before_pixels=True).SOPInstanceUID == found[2]:
                path = folder / f"{name}.dcm"
                path.write_bytes(content)
                return path
    raise AssertionError("the wrapped document is not in the export")

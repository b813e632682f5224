"""dcmtk as a modality: C-ECHO and C-STORE in several transfer syntaxes, and what is refused."""

import shutil
import socket
import subprocess
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import generate_uid

from tests.demonstration import Demonstration, shared_data, wait_until
from tests.dicom_files import data_set_bytes

pytestmark = pytest.mark.timeout(120)

# One CT slice in many syntaxes, and the option with which dcmtk's storescu proposes each.
SYNTAXES = {
    "1.2.840.10008.1.2": "-xi",
    "1.2.840.10008.1.2.1": "-xe",
    "1.2.840.10008.1.2.2": "-xb",
    "1.2.840.10008.1.2.1.99": "-xd",
    "1.2.840.10008.1.2.5": "-xr",
    "1.2.840.10008.1.2.4.50": "-xy",
    "1.2.840.10008.1.2.4.51": "-xx",
    "1.2.840.10008.1.2.4.70": "-xs",
    "1.2.840.10008.1.2.4.80": "-xt",
    "1.2.840.10008.1.2.4.81": "-xu",
    "1.2.840.10008.1.2.4.90": "-xv",
    "1.2.840.10008.1.2.4.91": "-xw",
}


def dcmtk(tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a tool of dcmtk."""
    return subprocess.run([tool_path(tool), *arguments], capture_output=True, text=True, check=False, timeout=60)


def tool_path(tool: str) -> str:
    """Where a tool of dcmtk is; pynetdicom's of the same name stands before it in a virtual environment."""
    path = shutil.which(tool, path="/usr/bin:/usr/local/bin")
    if path is None:
        pytest.skip(f"dcmtk's {tool} is not installed")
    return path


def test_echoscu_is_answered(demonstration: Demonstration) -> None:
    server = demonstration.server("A")
    result = dcmtk("echoscu", "-aec", server.ae_title, server.host, str(server.dicom_port))
    assert result.returncode == 0, result.stderr


def test_wrong_called_ae_title_is_refused(demonstration: Demonstration) -> None:
    server = demonstration.server("A")
    result = dcmtk("echoscu", "-aec", "SOMEBODY", server.host, str(server.dicom_port))
    assert result.returncode != 0
    assert "Called AE Title Not Recognized" in result.stderr


def slices_by_syntax() -> dict[str, Path]:
    """The slice of the developers' set in each syntax that dcmtk can propose."""
    folder = shared_data("syntaxes/one-ct-in-all")
    if folder is None:
        pytest.skip("../shared is absent, so there is no slice in all syntaxes")
    found = {}
    for path in sorted(folder.iterdir()):
        syntax = str(pydicom.dcmread(path, stop_before_pixels=True, force=True).file_meta.TransferSyntaxUID)
        if syntax in SYNTAXES:
            found.setdefault(syntax, path)
    return found


def sent_by_dcmtk(option: str, path: Path, folder: Path) -> Path:
    """The file as dcmtk's own receiver gets it from dcmtk's sender, bit by bit."""
    folder.mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    receiver = subprocess.Popen([tool_path("storescp"), "--bit-preserving", "+xa", "-od", str(folder), port])
    try:
        wait_until(lambda: dcmtk("echoscu", "127.0.0.1", port).returncode == 0, 10, "storescp answers")
        assert dcmtk("storescu", option, "127.0.0.1", port, str(path)).returncode == 0
    finally:
        receiver.terminate()
        receiver.wait(10)
    return next(folder.iterdir())


@pytest.mark.parametrize("syntax", sorted(SYNTAXES))
def test_storescu_sends_a_slice_that_is_kept_in_its_own_syntax(
    demonstration: Demonstration, tmp_path: Path, syntax: str
) -> None:
    source = slices_by_syntax()[syntax]
    # The slice has one SOP Instance UID in all syntaxes: each is sent as an instance of its own.
    ds = pydicom.dcmread(source)
    uids = generate_uid(), generate_uid(), generate_uid()
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID = uids
    path = tmp_path / "slice.dcm"
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    pydicom.dcmwrite(path, ds)
    server = demonstration.server("B")
    target = ("-aec", server.ae_title, server.host, str(server.dicom_port))
    result = dcmtk("storescu", SYNTAXES[syntax], *target, str(path))
    assert result.returncode == 0, result.stderr
    kept = next(file for file in server.archived_files if file.stem == uids[2])
    assert str(pydicom.dcmread(kept, stop_before_pixels=True).file_meta.TransferSyntaxUID) == syntax
    # dcmtk may write a data set anew on the way out: what counts is what it sent, and its own receiver saw that too.
    witness = sent_by_dcmtk(SYNTAXES[syntax], path, tmp_path / "witness")
    assert data_set_bytes(kept) == data_set_bytes(witness)
    radiologist = demonstration.person("radiologist", "B")
    wait_until(lambda: demonstration.instances_seen(radiologist, uids[0]) == 1, 15, "the study stands in the portal")


def test_dcmtk_reads_what_the_archive_holds(demonstration: Demonstration) -> None:
    file = demonstration.server("A").archived_files[0]
    result = dcmtk("dcmdump", "-q", "+P", "SOPInstanceUID", str(file))
    assert result.returncode == 0, result.stderr
    assert file.stem in result.stdout

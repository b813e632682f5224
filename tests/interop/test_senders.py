"""Orthanc and GDCM as senders: what they send is kept byte by byte, and stands in the portal."""

import subprocess
import uuid
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import generate_uid

from tests.demonstration import Demonstration, wait_until
from tests.dicom_files import data_set_bytes
from tests.interop.dcmtk import tool_path
from tests.interop.files import write_slice
from tests.interop.orthanc import make_orthanc

pytestmark = pytest.mark.timeout(180)

ARRIVED_SECONDS = 60


@pytest.fixture
def slices(tmp_path: Path) -> list[Path]:
    """Three slices of a study of their own."""
    uids = {"StudyInstanceUID": generate_uid(), "SeriesInstanceUID": generate_uid()}
    folder = tmp_path / "sent"
    folder.mkdir()
    paths = [folder / f"{number}.dcm" for number in (1, 2, 3)]
    for number, path in enumerate(paths, start=1):
        write_slice(path, InstanceNumber=number, **uids)
    return paths


def is_kept_as_sent(demonstration: Demonstration, slices: list[Path]) -> bool:
    """Whether the archive holds each data set byte by byte, and the portal all of them."""
    study = str(pydicom.dcmread(slices[0]).StudyInstanceUID)
    kept = {path.stem: path for path in demonstration.server("A").archived_files if study in path.parts}
    radiologist = demonstration.person("radiologist", "A")
    if len(kept) < len(slices) or demonstration.instances_seen(radiologist, study) != len(slices):
        return False
    for sent in slices:
        uid = str(pydicom.dcmread(sent).SOPInstanceUID)
        assert data_set_bytes(kept[uid]) == data_set_bytes(sent)
    return True


def test_orthanc_sends_a_study(demonstration: Demonstration, slices: list[Path], tmp_path: Path) -> None:
    server = demonstration.server("A")
    orthanc = make_orthanc(tmp_path / "orthanc", f"O{uuid.uuid4().hex[:8].upper()}")
    with orthanc.running(server):
        own = [orthanc.upload(path) for path in slices]
        answer = orthanc.post(f"modalities/{server.ae_title}/store", own)
        assert (answer["InstancesCount"], answer["FailedInstancesCount"]) == (3, 0)
        orthanc.post(f"modalities/{server.ae_title}/echo", {})
    wait_until(lambda: is_kept_as_sent(demonstration, slices), ARRIVED_SECONDS, "the study is kept and known")


def test_gdcmscu_stores_a_study(demonstration: Demonstration, slices: list[Path]) -> None:
    program = tool_path("gdcmscu")
    server = demonstration.server("A")
    # It crashes when it has released the association, whoever the peer is; what it sent by then counts.
    files = [str(path) for path in slices]
    command = [program, "--store", "--call", server.ae_title, server.host, str(server.dicom_port), *files]
    subprocess.run(command, capture_output=True, check=False, timeout=60)
    wait_until(lambda: is_kept_as_sent(demonstration, slices), ARRIVED_SECONDS, "the study is kept and known")

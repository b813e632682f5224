"""Nothing is lost when a part is away: portal stopped, receiver killed, programs restarted."""

import os
import signal
import threading
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid
from pynetdicom import AE

from tests.demonstration import Demonstration, Server, wait_until
from tests.dicom_files import data_set_bytes

pytestmark = pytest.mark.timeout(300)

CATCH_UP_SECONDS = 90
INSTANCES = 90
SIDE = 512


def made_study(folder: Path, instances: int) -> tuple[str, list[Path]]:
    """Write a study of small CT instances; returns its UID and its files."""
    study_uid, series_uid = generate_uid(), generate_uid()
    paths = []
    for number in range(1, instances + 1):
        ds = Dataset()
        ds.SOPClassUID, ds.SOPInstanceUID = CTImageStorage, generate_uid()
        ds.StudyInstanceUID, ds.SeriesInstanceUID = study_uid, series_uid
        ds.PatientName, ds.PatientID, ds.PatientBirthDate, ds.PatientSex = "Probe^Recovery", "R-1", "19700101", "O"
        ds.Modality, ds.StudyDate, ds.StudyTime, ds.InstanceNumber = "CT", "20261120", "120000", number
        ds.StudyDescription, ds.AccessionNumber = "Recovery", "R1"
        ds.Rows = ds.Columns = SIDE
        ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
        ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 0
        ds.PixelData = number.to_bytes(2, "little") * (SIDE * SIDE)
        ds.file_meta = pydicom.dataset.FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        paths.append(folder / f"{number:04}.dcm")
        pydicom.dcmwrite(paths[-1], ds, enforce_file_format=True)
    return study_uid, paths


def send(server: Server, paths: list[Path], after_first: threading.Event | None = None) -> list[str]:
    """Send files one after the other; returns the SOP Instance UIDs that were answered with Success."""
    ae = AE(ae_title="PROBE")
    ae.add_requested_context(CTImageStorage, ExplicitVRLittleEndian)
    ae.network_timeout = ae.dimse_timeout = 20
    assoc = ae.associate(server.host, server.dicom_port, ae_title=server.ae_title)
    if not assoc.is_established:
        return []
    connection = assoc.dul.socket.socket if assoc.dul.socket else None
    stored = []
    for path in paths:
        if not assoc.is_established:
            break
        ds = pydicom.dcmread(path)
        try:
            status = assoc.send_c_store(ds)
        except (RuntimeError, ValueError, OSError):
            break
        if status and status.Status == 0x0000:
            stored.append(str(ds.SOPInstanceUID))
            if after_first is not None and len(stored) == 20:
                after_first.set()
    if assoc.is_established:
        assoc.release()
    # pynetdicom leaves the socket open where the peer was killed.
    assoc.join(10)
    if connection:
        connection.close()
    return stored


def archived(server: Server, study_instance_uid: str) -> dict[str, Path]:
    """Files of a study in the archive, by SOP Instance UID."""
    return {path.stem: path for path in server.archived_files if path.parts[-3] == study_instance_uid}


def test_study_that_arrives_while_the_portal_is_away_appears_by_itself(
    demonstration: Demonstration, tmp_path: Path
) -> None:
    uid, paths = made_study(tmp_path, 5)
    server, radiologist = demonstration.server("A"), demonstration.person("radiologist", "A")
    with demonstration.kept_down("portal.wsgi"):
        assert len(send(server, paths)) == len(paths)
    wait_until(demonstration.is_up, CATCH_UP_SECONDS, "the portal is back")
    wait_until(
        lambda: demonstration.instances_seen(radiologist, uid) == len(paths),
        CATCH_UP_SECONDS,
        "the study that arrived meanwhile stands in the portal",
    )


def test_receiver_killed_in_mid_study_keeps_all_it_acknowledged_and_takes_the_rest(
    demonstration: Demonstration, tmp_path: Path
) -> None:
    uid, paths = made_study(tmp_path, INSTANCES)
    server, radiologist = demonstration.server("A"), demonstration.person("radiologist", "A")
    under_way = threading.Event()
    # Known before: the sender does not wait while they are looked for.
    receivers = demonstration.pids("run_scp", server.home)

    def kill_in_mid_study() -> None:
        under_way.wait(60)
        for pid in receivers:
            os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_in_mid_study)
    killer.start()
    acknowledged = send(server, paths, under_way)
    killer.join()
    assert 20 <= len(acknowledged) < INSTANCES
    sent = {path.stem: path for path in paths}
    wait_until(demonstration.is_up, CATCH_UP_SECONDS, "the receiver is back")
    wait_until(
        lambda: set(acknowledged) <= set(archived(server, uid)),
        CATCH_UP_SECONDS,
        "what was acknowledged is where it belongs",
    )
    assert len(send(server, paths)) == INSTANCES
    kept = archived(server, uid)
    assert len(kept) == INSTANCES
    for path in sent.values():
        uid_of_file = str(pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID)
        assert data_set_bytes(kept[uid_of_file]) == data_set_bytes(path)
    wait_until(
        lambda: demonstration.instances_seen(radiologist, uid) == INSTANCES,
        CATCH_UP_SECONDS,
        "the whole study stands in the portal",
    )


@pytest.mark.parametrize("words", ["run_scp", "dicomserver.dicomweb.wsgi", "portal.wsgi"])
def test_program_that_is_killed_is_started_again(demonstration: Demonstration, words: str) -> None:
    before = set(demonstration.pids(words))
    assert before
    demonstration.kill(words)
    wait_until(lambda: bool(set(demonstration.pids(words)) - before), 20, f"{words} runs again")
    wait_until(demonstration.is_up, CATCH_UP_SECONDS, "the whole network is up")

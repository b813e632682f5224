"""The demonstration's sender stores what it can, counts what it cannot, and never stops half-way."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian, JPEGLSLossless, MRImageStorage, generate_uid
from pynetdicom import AE, evt
from pynetdicom.events import Event
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

from demo.people import INSTITUTIONS
from demo.places import Places, ServerPlace
from demo.sender import NoAssociation, SendCounts, files_below, send_files


class Receiver:
    """A store that keeps data sets and refuses some of them."""

    def __init__(self) -> None:
        self.received: list[tuple[str, str]] = []
        self.refused: set[str] = set()

    def store(self, event: Event) -> int:
        """Keep or refuse."""
        ds = event.dataset
        if ds.SOPInstanceUID in self.refused:
            return 0xC000
        self.received.append((str(ds.SOPInstanceUID), str(event.context.transfer_syntax)))
        return 0x0000


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def server(receiver: Receiver) -> Iterator[ServerPlace]:
    ae = AE(ae_title="NISTRU")
    ae.require_called_aet = True
    ae.add_supported_context(Verification)
    for sop_class in (CTImageStorage, MRImageStorage):
        ae.add_supported_context(sop_class, [ExplicitVRLittleEndian, JPEGLSLossless])
    running = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, receiver.store)])
    assert running is not None
    port = running.server_address[1]
    first = Places(Path("/nowhere"), 8000).servers[0]
    yield ServerPlace(first.institution, first.home, first.dicomweb_port, port)
    running.shutdown()


def write(path: Path, sop_class: str = CTImageStorage, syntax: str = ExplicitVRLittleEndian) -> str:
    """A small instance; returns its UID."""
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = sop_class, generate_uid()
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.PatientID = generate_uid(), generate_uid(), "1"
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = UID(sop_class), ds.SOPInstanceUID
    ds.file_meta.TransferSyntaxUID = UID(syntax)
    path.parent.mkdir(parents=True, exist_ok=True)
    ds.save_as(path, enforce_file_format=True)
    return str(ds.SOPInstanceUID)


def test_files_of_a_folder_are_sent_in_their_own_transfer_syntax(
    tmp_path: Path, server: ServerPlace, receiver: Receiver
) -> None:
    first = write(tmp_path / "a" / "1.dcm")
    second = write(tmp_path / "b" / "2.dcm", MRImageStorage, JPEGLSLossless)
    assert send_files(server, files_below(tmp_path)) == SendCounts(stored=2)
    assert receiver.received == [(first, ExplicitVRLittleEndian), (second, JPEGLSLossless)]


def test_bad_files_are_counted_and_the_rest_arrives(tmp_path: Path, server: ServerPlace, receiver: Receiver) -> None:
    (tmp_path / "1-empty.dcm").touch()
    (tmp_path / "2-notes.txt").write_text("no DICOM")
    (tmp_path / "3-half.dcm").write_bytes(b"\0" * 128 + b"DICM\x02\0\0\0UL\x04\0")
    refused = write(tmp_path / "4-refused.dcm")
    receiver.refused = {refused}
    good = write(tmp_path / "5-good.dcm")
    without = dcmread(tmp_path / "5-good.dcm")
    del without.SOPInstanceUID
    without.save_as(tmp_path / "6-no-uid.dcm", enforce_file_format=False)
    counts = send_files(server, files_below(tmp_path))
    assert (counts.stored, counts.refused, counts.not_dicom) == (1, 1, 4)
    assert sorted(counts.failed) == ["1-empty.dcm", "2-notes.txt", "3-half.dcm", "4-refused.dcm", "6-no-uid.dcm"]
    assert [uid for uid, _ in receiver.received] == [good]
    assert str(counts) == "1 stored, 1 refused by the server, 4 not sendable as DICOM"


def test_file_of_a_class_that_nobody_takes_does_not_stop_the_others(
    tmp_path: Path, server: ServerPlace, receiver: Receiver
) -> None:
    write(tmp_path / "1.dcm", "1.2.840.10008.5.1.4.1.1.77.1.1")
    good = write(tmp_path / "2.dcm")
    counts = send_files(server, files_below(tmp_path))
    assert (counts.stored, counts.not_dicom) == (1, 1)
    assert [uid for uid, _ in receiver.received] == [good]


def test_more_contexts_than_fit_one_association_take_several(
    tmp_path: Path, server: ServerPlace, receiver: Receiver
) -> None:
    good = [write(tmp_path / "000.dcm"), write(tmp_path / "zzz.dcm", MRImageStorage)]
    for number in range(1, 140):
        write(tmp_path / f"{number:03d}.dcm", f"1.2.840.10008.5.1.4.1.1.9999.{number}")
    counts = send_files(server, files_below(tmp_path))
    assert (counts.stored, counts.not_dicom) == (2, 139)
    assert sorted(uid for uid, _ in receiver.received) == sorted(good)


def test_server_that_lets_us_not_in_is_an_error(tmp_path: Path, server: ServerPlace, receiver: Receiver) -> None:
    write(tmp_path / "1.dcm")
    stranger = ServerPlace(INSTITUTIONS[1], server.home, server.dicomweb_port, server.dicom_port)
    with pytest.raises(NoAssociation, match=f"CODRU on port {server.dicom_port} accepts no association"):
        send_files(stranger, files_below(tmp_path))
    assert receiver.received == []

"""C-STORE to other machines: the archive's bytes, several associations, and machines that fail."""

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import generate_uid
from pynetdicom import AllStoragePresentationContexts

from dicomserver.archive.file_meta import FileMeta, encode_file_head
from dicomserver.scu import ConnectionLost, Interrupted, MoveOriginator, Sent, StoredFile, send_instances
from tests.dicomserver.objects import (
    BIG_ENDIAN,
    CT,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    JPEG_LS,
    SECONDARY_CAPTURE,
    encode,
    small_ct,
    stored_data_set,
)
from tests.dicomserver.scu.machines import QUICK, Machine, listener_that_says, storage

if TYPE_CHECKING:
    from dicomserver.archive import Archive
    from dicomserver.scp.server import ScpServer


def stored_file(
    folder: Path, data: bytes = b"", syntax: str = EXPLICIT, sop_class: str = CT, uid: str = ""
) -> StoredFile:
    """A file with something before its data set."""
    uid = uid or generate_uid()
    data = data or encode(small_ct(SOPInstanceUID=uid), syntax)
    path = folder / f"{uid}.dcm"
    path.write_bytes(b"x" * 300 + data)
    return StoredFile(sop_class, uid, syntax, path, 300)


def sent_to(peer: Machine, *files: StoredFile, **options: object) -> list[Sent]:
    """What became of each."""
    sent: list[Sent] = []
    send_instances(peer, files, on_sent=sent.append, timeouts=QUICK, **options)
    return sent


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG_ENDIAN, DEFLATED, JPEG_LS])
def test_an_instance_arrives_in_its_own_syntax_with_the_bytes_of_its_file(tmp_path: Path, syntax: str) -> None:
    data = bytes(range(256)) * 2000
    file = stored_file(tmp_path, data, syntax)
    with storage((CT, [IMPLICIT, EXPLICIT, BIG_ENDIAN, DEFLATED, JPEG_LS])) as (place, received):
        sent = sent_to(place, file)
    assert sent == [Sent(file.sop_instance_uid, 0, sent_bytes=len(data))]
    assert [(uid, str(got), content) for uid, got, content, _ in received] == [(file.sop_instance_uid, syntax, data)]


def test_a_server_of_ours_takes_what_is_sent(scp: "ScpServer", archive: "Archive", tmp_path: Path) -> None:
    files = [stored_file(tmp_path) for _ in range(3)]
    assert [sent.status for sent in sent_to(Machine(scp.port, "SERVER_A"), *files)] == [0, 0, 0]
    scp.stop(grace_seconds=2)
    kept = {path.stem: stored_data_set(path) for path in archive.root.rglob("*.dcm")}
    assert kept == {file.sop_instance_uid: file.path.read_bytes()[300:] for file in files}


def test_more_kinds_than_one_association_has_contexts_for_take_several(tmp_path: Path) -> None:
    classes = [str(context.abstract_syntax) for context in AllStoragePresentationContexts][:150]
    files = [stored_file(tmp_path, b"ab", sop_class=uid) for uid in classes]
    with storage(*((uid, [EXPLICIT]) for uid in classes[:128])) as (place, received):
        sent = sent_to(place, *files)
    assert [one.sop_instance_uid for one in sent] == [file.sop_instance_uid for file in files]
    assert [one.status for one in sent] == [0] * 128 + [0x0122] * 22
    assert len(received) == 128


def test_statuses_of_the_machine_are_told_one_by_one(tmp_path: Path) -> None:
    files = [stored_file(tmp_path) for _ in range(3)]
    statuses = {files[1].sop_instance_uid: 0xA700, files[2].sop_instance_uid: 0xB007}
    with storage((CT, [EXPLICIT]), statuses=statuses) as (place, _):
        sent = sent_to(place, *files)
    assert [(one.status, one.is_stored, one.has_warning) for one in sent] == [
        (0, True, False),
        (0xA700, False, False),
        (0xB007, True, True),
    ]


def test_move_originator_and_priority_are_in_the_request(tmp_path: Path) -> None:
    with storage((CT, [EXPLICIT])) as (place, received):
        sent_to(place, stored_file(tmp_path), move_originator=MoveOriginator("WORKSTATION", 77), priority=1)
    request = received[0][3]
    assert request.MoveOriginatorApplicationEntityTitle == "WORKSTATION"
    assert (request.MoveOriginatorMessageID, request.Priority) == (77, 1)


def test_a_class_that_the_machine_does_not_take_fails_alone(tmp_path: Path) -> None:
    files = [stored_file(tmp_path), stored_file(tmp_path, b"ab", sop_class=SECONDARY_CAPTURE), stored_file(tmp_path)]
    with storage((CT, [EXPLICIT])) as (place, _):
        assert [one.status for one in sent_to(place, *files)] == [0, 0x0122, 0]


def test_a_file_that_is_gone_fails_alone(tmp_path: Path) -> None:
    files = [stored_file(tmp_path) for _ in range(2)]
    files[0].path.unlink()
    with storage((CT, [EXPLICIT])) as (place, _):
        assert [one.status for one in sent_to(place, *files)] == [0x0110, 0]


def test_an_instance_at_which_the_machine_aborts_does_not_keep_the_others(tmp_path: Path) -> None:
    files = [stored_file(tmp_path) for _ in range(3)]
    with storage((CT, [EXPLICIT]), abort_on=frozenset({files[1].sop_instance_uid})) as (place, received):
        sent = sent_to(place, *files)
    assert [one.status for one in sent] == [0, 0x0110, 0]
    assert [uid for uid, *_ in received] == [files[0].sop_instance_uid, files[2].sop_instance_uid]


def test_a_machine_that_aborts_again_and_again_is_given_up(tmp_path: Path) -> None:
    files = [stored_file(tmp_path) for _ in range(5)]
    sent: list[Sent] = []
    uids = frozenset(file.sop_instance_uid for file in files)
    with storage((CT, [EXPLICIT]), abort_on=uids) as (place, _), pytest.raises(ConnectionLost):
        send_instances(place, files, on_sent=sent.append, timeouts=QUICK)
    assert [one.status for one in sent] == [0x0110, 0x0110]


def test_a_machine_that_hangs_is_left_in_bounded_time(tmp_path: Path) -> None:
    with listener_that_says(None) as place, pytest.raises(ConnectionLost, match="does not answer"):
        sent_to(place, stored_file(tmp_path))


def test_cancelling_ends_between_two_instances(tmp_path: Path) -> None:
    files = [stored_file(tmp_path) for _ in range(5)]
    sent: list[Sent] = []
    with storage((CT, [EXPLICIT])) as (place, received):
        send_instances(place, files, on_sent=sent.append, is_cancelled=lambda: len(sent) == 2, timeouts=QUICK)
    assert len(sent) == len(received) == 2


def test_somebody_who_waits_may_interrupt_a_long_instance(tmp_path: Path) -> None:
    file = stored_file(tmp_path, bytes(4 * 1024 * 1024))

    def interrupt() -> None:
        raise Interrupted

    with storage((CT, [EXPLICIT])) as (place, received):
        with pytest.raises(Interrupted):
            sent_to(place, file, on_wait=interrupt)
        assert sent_to(place, stored_file(tmp_path))[0].status == 0
    assert len(received) == 1


def test_small_pdus_are_kept_to(tmp_path: Path) -> None:
    file = stored_file(tmp_path, BytesIO(bytes(range(256)) * 300).getvalue())
    from pynetdicom import AE, evt

    longest: list[int] = []
    ae = AE("MACHINE")
    ae.maximum_pdu_size = 1000
    ae.add_supported_context(CT, [EXPLICIT])
    handlers = [
        (evt.EVT_C_STORE, lambda event: 0),
        (evt.EVT_DATA_RECV, lambda event: longest.append(len(event.data) - 6)),
    ]
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    try:
        assert sent_to(Machine(server.socket.getsockname()[1]), file)[0].status == 0
    finally:
        server.shutdown()
    assert max(longest[1:]) == 1000


def test_a_syntax_that_the_machine_does_not_take_is_transcoded_with_the_same_pixels(
    archive: "Archive", tmp_path: Path
) -> None:
    ds = small_ct(Rows=32, Columns=32, PixelData=bytes(range(256)) * 8)
    head = encode_file_head(FileMeta(CT, ds.SOPInstanceUID, BIG_ENDIAN))
    path = tmp_path / "big-endian.dcm"
    path.write_bytes(head + encode(ds, BIG_ENDIAN))
    file = StoredFile(CT, ds.SOPInstanceUID, BIG_ENDIAN, path, len(head))
    with storage((CT, [IMPLICIT])) as (place, received):
        (sent,) = sent_to(place, file)
    ((_, syntax, data, _),) = received
    assert (sent.status, sent.transcoded, str(syntax)) == (0, True, IMPLICIT)
    got = dcmread(BytesIO(data), force=True)
    assert np.array_equal(np.frombuffer(got.PixelData, "<u2"), np.frombuffer(ds.PixelData, ">u2"))


def test_moving_pictures_for_a_machine_that_takes_none_fail(tmp_path: Path) -> None:
    file = stored_file(tmp_path, b"video", "1.2.840.10008.1.2.4.102")
    with storage((CT, [IMPLICIT, EXPLICIT])) as (place, received):
        (sent,) = sent_to(place, file)
    assert (sent.status, received) == (0x0122, [])

"""Who may associate, what is negotiated, and how associations end."""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest
from pydicom._uid_dict import UID_dictionary
from pynetdicom import AE, build_context
from pynetdicom.association import Association

from dicomserver.archive import Archive
from dicomserver.index.models import Instance, Series, Study
from dicomserver.scp.contexts import (
    STANDARD_STORAGE_SOP_CLASSES,
    TRANSFER_SYNTAXES,
)
from dicomserver.scp.server import ScpServer
from tests.dicomserver.objects import CT, EXPLICIT, IMPLICIT, Sendable, files_below, sendable, small_ct
from tests.dicomserver.sender import association, established, send_all, sender

VERIFICATION = "1.2.840.10008.1.1"


def test_an_unknown_called_ae_title_is_rejected_with_that_reason(scp: ScpServer) -> None:
    with association(scp.port, (VERIFICATION, IMPLICIT), called="SOMEBODY") as assoc:
        assert assoc.is_rejected
        assert rejection(assoc) == (0x01, 0x01, 0x07)


def test_any_called_ae_title_is_accepted_where_the_operator_says_so(start_scp: Callable[..., ScpServer]) -> None:
    server = start_scp(accept_any_called_ae_title=True)
    with association(server.port, (VERIFICATION, IMPLICIT), called="SOMEBODY") as assoc:
        assert assoc.is_established


def test_a_calling_ae_title_off_the_list_is_rejected_with_that_reason(start_scp: Callable[..., ScpServer]) -> None:
    server = start_scp(allowed_calling_ae_titles=("CT1", "MR1"))
    with association(server.port, (VERIFICATION, IMPLICIT), calling="STRANGER") as assoc:
        assert assoc.is_rejected
        assert rejection(assoc) == (0x01, 0x01, 0x03)
    with association(server.port, (VERIFICATION, IMPLICIT), calling="MR1") as assoc:
        assert assoc.is_established


def test_one_association_too_many_is_rejected_for_now(start_scp: Callable[..., ScpServer]) -> None:
    server = start_scp(maximum_associations=2)
    with ExitStack() as stack:
        for _ in range(2):
            assoc = stack.enter_context(association(server.port, (VERIFICATION, IMPLICIT)))
            assert assoc.is_established
        assoc = stack.enter_context(association(server.port, (VERIFICATION, IMPLICIT)))
        assert assoc.is_rejected
        assert rejection(assoc) == (0x02, 0x03, 0x02)


# Named like storage classes, and none of the Storage Service Class (PS3.4 B.5): media, commitment and print; and
# objects that belong to no patient and no study (PS3.4 GG.3), which this server has no place for.
NOT_OF_STUDIES = {
    "1.2.840.10008.1.3.10",
    "1.2.840.10008.1.20.1",
    "1.2.840.10008.1.20.2",
    "1.2.840.10008.5.1.1.27",
    "1.2.840.10008.5.1.4.1.1.200.1",
    "1.2.840.10008.5.1.4.1.1.200.3",
    "1.2.840.10008.5.1.4.1.1.200.7",
    "1.2.840.10008.5.1.4.1.1.201.1",
    "1.2.840.10008.5.1.4.38.1",
    "1.2.840.10008.5.1.4.39.1",
    "1.2.840.10008.5.1.4.43.1",
    "1.2.840.10008.5.1.4.44.1",
    "1.2.840.10008.5.1.4.45.1",
}


def test_every_storage_class_of_the_standards_list_is_accepted(scp: ScpServer) -> None:
    named = {uid for uid, (name, kind, *_) in UID_dictionary.items() if kind == "SOP Class" and "Storage" in name}
    classes = sorted(named - NOT_OF_STUDIES | STANDARD_STORAGE_SOP_CLASSES)
    assert len(classes) == 170 + 17 + 2 + 9
    for part in (classes[:128], classes[128:]):
        with association(scp.port, *((sop_class_uid, EXPLICIT) for sop_class_uid in part)) as assoc:
            assert [str(context.abstract_syntax) for context in assoc.accepted_contexts] == part


def test_every_transfer_syntax_is_accepted(scp: ScpServer) -> None:
    assert len(TRANSFER_SYNTAXES) == 45 + 15
    offered = sorted(TRANSFER_SYNTAXES)
    ae = AE(ae_title="MODALITY")
    ae.requested_contexts = [build_context(CT, [transfer_syntax_uid]) for transfer_syntax_uid in offered]
    with established(ae, scp.port) as assoc:
        assert [str(context.transfer_syntax[0]) for context in assoc.accepted_contexts] == offered


def test_a_private_class_is_accepted_only_where_the_operator_named_it(start_scp: Callable[..., ScpServer]) -> None:
    private = "1.3.12.2.1107.5.9.1"
    with association(start_scp().port, (private, EXPLICIT), (VERIFICATION, IMPLICIT)) as assoc:
        assert [str(context.abstract_syntax) for context in assoc.rejected_contexts] == [private]
    what = sendable(small_ct(SOPClassUID=private))
    assert send_all(start_scp(additional_storage_sop_classes=(private,)).port, what) == [0x0000]


def test_four_associations_of_one_study_at_once_lose_and_double_nothing(scp: ScpServer, archive: Archive) -> None:
    study = small_ct()
    objects = [
        sendable(small_ct(StudyInstanceUID=study.StudyInstanceUID, SeriesInstanceUID=f"1.2.{number % 3}"))
        for number in range(40)
    ]
    statuses: list[int] = []

    def send(mine: list[Sendable]) -> None:
        with sender(scp.port, *mine) as sending:
            statuses.extend(sending.send(what) for what in mine)

    # Each object on two associations, so that the same instance often arrives twice at once.
    threads = [threading.Thread(target=send, args=(objects[part:] + objects[:part],)) for part in (0, 1, 2, 20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [0x0000] * 160
    assert Instance.objects.count() == 40
    assert len(files_below(archive.root)) == 40
    assert files_below(archive.incoming) == []
    assert files_below(archive.quarantine_root) == []
    assert Study.objects.get().number_of_instances == 40
    assert sum(Series.objects.values_list("number_of_instances", flat=True)) == 40


def test_an_abort_in_the_middle_of_a_data_set_leaves_nothing(scp: ScpServer, archive: Archive) -> None:
    # More than is held in memory.
    what = sendable(small_ct(PixelData=b"\0" * 8_000_000, Rows=2000, Columns=2000))
    with sender(scp.port, what) as sending:
        request = sending.request(what)
        sent = stop_after(sending.assoc, 40)
        sending.assoc.dimse.send_msg(request, sending.context_id(what))
        assert sent.wait(5)
        assert wait_for(lambda: len(files_below(archive.incoming)) == 1)
        del vars(sending.assoc.dul)["send_pdu"]
        sending.assoc.abort()
    assert wait_for(lambda: files_below(archive.incoming) == [])
    assert files_below(archive.root) == []
    assert Instance.objects.count() == 0
    assert send_all(scp.port, what) == [0x0000]


def test_a_connection_lost_in_the_middle_of_a_pdu_leaves_nothing(scp: ScpServer, archive: Archive) -> None:
    # More than is held in memory.
    what = sendable(small_ct(PixelData=b"\0" * 8_000_000, Rows=2000, Columns=2000))
    with sender(scp.port, what) as sending:
        request = sending.request(what)
        sent = stop_after(sending.assoc, 40)
        sending.assoc.dimse.send_msg(request, sending.context_id(what))
        assert sent.wait(5)
        assert sending.assoc.dul.socket
        connection = sending.assoc.dul.socket.socket
        assert connection
        connection.sendall(b"\x04\x00\x00\x00\x40\x00" + b"\0" * 100)
        connection.shutdown(socket.SHUT_RDWR)
    assert wait_for(lambda: files_below(archive.incoming) == [])
    assert Instance.objects.count() == 0
    assert send_all(scp.port, what) == [0x0000]


@pytest.mark.parametrize(
    "greeting",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x04\x00\xff\xff\xff\xff" + b"\0" * 64,
        b"\x01\x00\xff\xff\xff\xff" + b"\0" * 64,
        b"\x01\x00\x00\x00\x00\x04\0\0\0\0",
        b"\x07\x00\x00\x00\x00\x04\0\0\0\0",
        b"",
    ],
)
def test_a_peer_that_speaks_no_dicom_disturbs_nobody(scp: ScpServer, greeting: bytes) -> None:
    with socket.create_connection(("127.0.0.1", scp.port), timeout=5) as connection:
        connection.sendall(greeting)
        assert send_all(scp.port, sendable(small_ct())) == [0x0000]


def test_stopping_lets_a_running_association_finish(start_scp: Callable[..., ScpServer]) -> None:
    server = start_scp()
    first, second = sendable(small_ct()), sendable(small_ct())
    with sender(server.port, first, second) as sending:
        assert sending.send(first) == 0x0000
        aborted = []
        stopping = threading.Thread(target=lambda: aborted.append(server.stop(grace_seconds=10)))
        stopping.start()
        assert wait_for(lambda: not can_connect(server.port))
        assert sending.send(second) == 0x0000
        sending.assoc.release()
    stopping.join()
    assert aborted == [0]
    assert Instance.objects.count() == 2


def rejection(assoc: Association) -> tuple[int | None, int | None, int | None]:
    """Result, source and reason of an A-ASSOCIATE-RJ (PS3.8 Table 9-21)."""
    answer = assoc.acceptor.primitive
    assert answer
    return answer.result, answer.result_source, answer.diagnostic


def stop_after(assoc: Association, count: int) -> threading.Event:
    """Let the sender send so many P-DATA PDUs and no more."""
    sent, done = [0], threading.Event()
    original = assoc.dul.send_pdu

    def send_pdu(primitive: Any) -> None:
        if sent[0] < count:
            original(primitive)
        sent[0] += 1
        if sent[0] == count:
            done.set()

    vars(assoc.dul)["send_pdu"] = send_pdu
    return done


def can_connect(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def wait_for(condition: Callable[[], bool], seconds: float = 8) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False

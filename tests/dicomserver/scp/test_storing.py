"""One C-STORE from its command to its answer, and the handlers as plain functions of an event."""

import logging
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from dicomserver.archive import Archive, ArchiveFull, IncomingFile
from dicomserver.index.models import Instance, QuarantinedFile, Study
from dicomserver.ingest import batches, committing, services
from dicomserver.ingest.committing import Committer
from dicomserver.scp.calling import CallingPeer
from dicomserver.scp.command_set import StoreRequest
from dicomserver.scp.handlers import handle_echo
from dicomserver.scp.storing import StoreOperation, StoreStatus
from tests.dicomserver.objects import EXPLICIT, encode, files_below, small_ct

# The committer has a thread, and so a transaction, of its own.
pytestmark = pytest.mark.django_db(transaction=True)

PEER = CallingPeer("CT1", "SERVER_A", "192.0.2.7")
SENT = small_ct()


@pytest.fixture
def committer(archive: Archive) -> Iterator[Committer]:
    """The committer of this test's server."""
    running = Committer(archive)
    yield running
    running.stop(5)


def store(archive: Archive, committer: Committer, data: bytes | None = None, **changes: Any) -> StoreStatus:
    operation = begin(archive, committer, **changes)
    operation.write([memoryview(encode(SENT) if data is None else data)])
    return operation.finish()


def begin(archive: Archive, committer: Committer, **changes: Any) -> StoreOperation:
    values = {"message_id": 1, "sop_class_uid": SENT.SOPClassUID, "sop_instance_uid": SENT.SOPInstanceUID}
    request = StoreRequest(**{**values, "has_data_set": True, **changes})
    return StoreOperation(request, EXPLICIT, PEER, archive, committer)


def test_echo_answers_success() -> None:
    assert handle_echo(cast("Any", SimpleNamespace())) == 0x0000


def test_success_is_committed_soon_and_remembers_the_sender(archive: Archive, committer: Committer) -> None:
    assert store(archive, committer) == StoreStatus(0x0000)
    assert committer.flush(5)
    instance = Instance.objects.get(sop_instance_uid=SENT.SOPInstanceUID)
    assert (instance.calling_ae_title, instance.called_ae_title, instance.origin) == ("CT1", "SERVER_A", "c_store")
    assert (instance.rows, instance.columns, instance.number_of_frames) == (4, 4, 1)
    assert files_below(archive.incoming) == []


def test_a_full_disk_is_out_of_resources(archive: Archive, committer: Committer) -> None:
    archive.reserve_bytes = archive.space().bytes_total
    answer = store(archive, committer)
    assert answer.status == 0xA700
    assert "no room" in answer.comment
    assert files_below(archive.incoming) == files_below(archive.root) == []


def test_a_disk_that_fills_while_receiving_is_out_of_resources(
    archive: Archive, committer: Committer, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = begin(archive, committer)
    operation.write([memoryview(b"x" * 100)])

    def full(*_arguments: Any) -> None:
        raise ArchiveFull("full")

    monkeypatch.setattr(IncomingFile, "write_pieces", full)
    operation.write([memoryview(b"y")])
    operation.write([memoryview(b"z")])
    assert operation.finish() == StoreStatus(0xA700, "full")
    assert files_below(archive.incoming) == files_below(archive.root) == []


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"has_data_set": False}, 0xC000),
        ({"sop_class_uid": ""}, 0xC000),
        ({"sop_instance_uid": ""}, 0xC000),
        ({"sop_class_uid": "1.2.840.10008.5.1.4.1.1.4"}, 0xA900),
        ({"sop_instance_uid": "1.2.3"}, 0xA900),
    ],
)
def test_what_was_announced_wrongly_is_refused(
    archive: Archive, committer: Committer, changes: dict[str, Any], status: int
) -> None:
    assert store(archive, committer, **changes).status == status
    assert committer.waiting == 0
    assert files_below(archive.incoming) == files_below(archive.root) == []


def test_an_unknown_error_is_a_processing_failure_without_patient_data_in_the_log(
    archive: Archive, committer: Committer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_arguments: Any, **_values: Any) -> None:
        raise KeyError("Popescu^Ion")

    monkeypatch.setattr(services, "read_header", broken)
    with caplog.at_level(logging.DEBUG):
        answer = store(archive, committer)
    assert answer.status == 0x0110
    everything = caplog.text + "".join(str(vars(record)) for record in caplog.records)
    assert "Popescu" not in everything + answer.comment
    assert "KeyError" in everything
    assert "192.0.2.7" in everything
    assert files_below(archive.incoming) == files_below(archive.root) == []


def test_an_acknowledged_instance_that_cannot_be_committed_is_kept_in_quarantine(
    archive: Archive, committer: Committer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_study: int) -> None:
        raise RuntimeError

    monkeypatch.setattr(batches, "request_study_report", broken)
    assert store(archive, committer).status == 0x0000
    assert committer.flush(5)
    assert Instance.objects.count() == Study.objects.count() == 0
    row = QuarantinedFile.objects.get()
    assert row.reason == "not_indexed"
    assert archive.quarantine_path_of(row.relative_path).read_bytes().endswith(encode(SENT))
    assert files_below(archive.incoming) == []


def test_too_many_uncommitted_instances_are_refused_for_now(
    archive: Archive, committer: Committer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committing, "MAX_WAITING", 0)
    assert store(archive, committer) == StoreStatus(0xA700, "The database cannot be used now.")
    assert files_below(archive.incoming) == []

"""The handlers as plain functions of an event."""

import logging
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pydicom.dataset import Dataset

from dicomserver.archive import Archive, ArchiveFull, FileMeta
from dicomserver.index.models import Instance
from dicomserver.ingest import services
from dicomserver.scp.handlers import handle_echo, handle_requested, handle_store
from dicomserver.scp.receiving import ReceivedDataSet
from tests.dicomserver.objects import CT, EXPLICIT, IMPLICIT, encode, files_below, small_ct

# The handler drops stale connections, which a test's own transaction would not survive.
pytestmark = pytest.mark.django_db(transaction=True)


def store_event(archive: Archive, ds: Dataset | None = None, data: bytes | None = None) -> Any:
    ds = ds or small_ct()
    received = ReceivedDataSet(archive, FileMeta(ds.SOPClassUID, ds.SOPInstanceUID, EXPLICIT, "CT1", "SERVER_A"))
    received.write(encode(ds) if data is None else data)
    return SimpleNamespace(
        request=SimpleNamespace(
            _dataset_file=received, AffectedSOPInstanceUID=ds.SOPInstanceUID, AffectedSOPClassUID=ds.SOPClassUID
        ),
        assoc=SimpleNamespace(requestor=SimpleNamespace(ae_title="CT1", address="192.0.2.7")),
    )


def test_echo_answers_success() -> None:
    assert handle_echo(cast("Any", SimpleNamespace())) == 0x0000


def test_store_answers_success_and_remembers_the_sender(archive: Archive) -> None:
    ds = small_ct()
    assert handle_store(store_event(archive, ds), archive).Status == 0x0000
    instance = Instance.objects.get(sop_instance_uid=ds.SOPInstanceUID)
    assert (instance.calling_ae_title, instance.called_ae_title, instance.origin) == ("CT1", "SERVER_A", "c_store")
    assert (instance.rows, instance.columns, instance.number_of_frames) == (4, 4, 1)


def test_store_answers_out_of_resources_when_disk_is_full(archive: Archive, caplog: pytest.LogCaptureFixture) -> None:
    archive.reserve_bytes = archive.space().bytes_total
    answer = handle_store(store_event(archive), archive)
    assert answer.Status == 0xA700
    assert "no room" in answer.ErrorComment
    assert Instance.objects.count() == 0
    assert files_below(archive.incoming) == files_below(archive.root) == []


def test_store_answers_out_of_resources_when_the_disk_fills_while_receiving(archive: Archive) -> None:
    event = store_event(archive)
    event.request._dataset_file.failure = ArchiveFull("full")
    event.request._dataset_file.discard()
    assert handle_store(event, archive).Status == 0xA700
    assert Instance.objects.count() == 0


def test_store_answers_processing_failure_without_patient_data_in_the_log(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_arguments: Any, **_values: Any) -> None:
        raise KeyError("Popescu^Ion")

    monkeypatch.setattr(services, "read_header", broken)
    with caplog.at_level(logging.DEBUG):
        answer = handle_store(store_event(archive), archive)
    assert answer.Status == 0x0110
    everything = caplog.text + "".join(str(vars(record)) for record in caplog.records)
    assert "Popescu" not in everything + answer.ErrorComment
    assert "KeyError" in everything
    assert "192.0.2.7" in everything
    assert files_below(archive.incoming) == files_below(archive.root) == []


def test_a_failure_of_the_outbox_leaves_neither_row_nor_file(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_study: int) -> None:
        raise RuntimeError

    monkeypatch.setattr(services, "request_study_report", broken)
    assert handle_store(store_event(archive), archive).Status == 0x0110
    assert Instance.objects.count() == 0
    assert files_below(archive.incoming) == files_below(archive.root) == []


def test_requested_contexts_are_those_that_are_stored() -> None:
    requested = [
        SimpleNamespace(abstract_syntax=CT, transfer_syntax=["1.2.3", EXPLICIT]),
        SimpleNamespace(abstract_syntax=CT, transfer_syntax=[IMPLICIT]),
        SimpleNamespace(abstract_syntax="1.2.840.10008.5.1.4.1.2.2.1", transfer_syntax=[IMPLICIT]),
    ]
    assoc = SimpleNamespace(
        requestor=SimpleNamespace(primitive=SimpleNamespace(presentation_context_definition_list=requested)),
        acceptor=SimpleNamespace(supported_contexts=None),
    )
    handle_requested(cast("Any", SimpleNamespace(assoc=assoc)), frozenset({CT}))
    (context,) = assoc.acceptor.supported_contexts
    assert (context.abstract_syntax, context.transfer_syntax) == (CT, [EXPLICIT, IMPLICIT])

"""Other machines in storage commitment: archives that are asked, and machines that ask and are told."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import AE, build_role, evt
from pynetdicom.dsutils import encode

from dicomserver.scu.commitment_data_sets import STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE
from tests.dicomserver.scu.machines import Machine, machine

CONTEXT = (STORAGE_COMMITMENT, ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"])

Tell = Callable[[Dataset], tuple[int, Dataset] | None]


def all_of(asked: Dataset) -> tuple[int, Dataset]:
    """The answer of an archive that keeps everything."""
    return 1, asked


def none_of(asked: Dataset) -> tuple[int, Dataset]:
    """The answer of an archive that keeps nothing."""
    answer = Dataset()
    answer.TransactionUID = asked.TransactionUID
    answer.FailedSOPSequence = asked.ReferencedSOPSequence
    for item in answer.FailedSOPSequence:
        item.FailureReason = 0x0112
    return 2, answer


@contextmanager
def archive_that(tell: Tell | None = None, *, status: int = 0) -> Iterator[tuple[Machine, list[Dataset]]]:
    """An archive that takes requests with a status, and tells on the same association what `tell` makes of them."""
    requests: list[Dataset] = []
    threads: list[threading.Thread] = []

    def handle(event: evt.Event) -> tuple[int, None]:
        asked = event.action_information
        requests.append(asked)
        answer = tell(asked) if tell is not None and status == 0 else None
        if answer is not None:
            event_type, information = answer
            arguments = (information, event_type, STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE)
            threads.append(threading.Thread(target=_report, args=(event.assoc, *arguments)))
            threads[-1].start()
        return status, None

    with machine(CONTEXT, handlers=[(evt.EVT_N_ACTION, handle)]) as place:
        yield place, requests
        for thread in threads:
            thread.join()


def _report(assoc: Any, *arguments: Any) -> None:
    if assoc.is_established:
        assoc.send_n_event_report(*arguments)


@contextmanager
def asker_that_listens(status: int = 0) -> Iterator[tuple[Machine, list[tuple[int, Dataset]]]]:
    """A machine that is told results on associations that others open in the role of the SCP."""
    told: list[tuple[int, Dataset]] = []

    def handle(event: evt.Event) -> tuple[int, None]:
        assert event.assoc.requestor.role_selection[STORAGE_COMMITMENT].scp_role is True
        told.append((event.event_type, event.event_information))
        return status, None

    handlers = [(evt.EVT_N_EVENT_REPORT, handle)]
    ae = AE(ae_title="MACHINE")
    ae.add_supported_context(*CONTEXT, scu_role=False, scp_role=True)
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    try:
        yield Machine(server.socket.getsockname()[1]), told
    finally:
        server.shutdown()


def information(transaction_uid: str | None, references: list[tuple[str, str]] | None) -> Dataset:
    """The data set of a request; None leaves out."""
    ds = Dataset()
    if transaction_uid is not None:
        ds.TransactionUID = transaction_uid
    if references is not None:
        ds.ReferencedSOPSequence = []
        for sop_class_uid, sop_instance_uid in references:
            item = Dataset()
            item.ReferencedSOPClassUID = sop_class_uid
            item.ReferencedSOPInstanceUID = sop_instance_uid
            ds.ReferencedSOPSequence.append(item)
    return ds


def as_stream(ds: Dataset) -> BytesIO:
    """The data set in Explicit VR Little Endian."""
    return BytesIO(encode(ds, False, True) or b"")


def scp_role() -> Any:
    """The role of an archive that tells a result on an association of its own."""
    return build_role(STORAGE_COMMITMENT, scu_role=False, scp_role=True)

"""What the SCP answers to each event of an association: plain functions of the event."""

import logging
import traceback
from typing import Final

from django.db import close_old_connections
from pydicom.dataset import Dataset
from pynetdicom.events import Event

from dicomserver.archive import Archive, ArchiveError, IncomingFile
from dicomserver.index.models import Origin
from dicomserver.ingest.errors import IngestUnavailable, InstanceRefused, Reason
from dicomserver.ingest.outcomes import Source
from dicomserver.ingest.services import ingest_instance
from dicomserver.scp.contexts import contexts_for
from dicomserver.scp.receiving import received_data_set
from wire.uids import InvalidUid, parse_uid

logger = logging.getLogger(__name__)

# PS3.4 Table B.2-1 and PS3.7 Annex C.
SUCCESS: Final = 0x0000
PROCESSING_FAILURE: Final = 0x0110
OUT_OF_RESOURCES: Final = 0xA700
DATA_SET_DOES_NOT_MATCH_SOP_CLASS: Final = 0xA900
CANNOT_UNDERSTAND: Final = 0xC000

_STATUS_OF_REASON: Final = {
    Reason.OTHER_SOP_CLASS: DATA_SET_DOES_NOT_MATCH_SOP_CLASS,
    Reason.OTHER_SOP_INSTANCE: DATA_SET_DOES_NOT_MATCH_SOP_CLASS,
}
_MAX_COMMENT: Final = 64  # (0000,0902) is LO


def handle_echo(_event: Event) -> int:
    """C-ECHO: the server is there."""
    return SUCCESS


def handle_store(event: Event, archive: Archive) -> Dataset:
    """C-STORE: Success only when the instance is durable and indexed, else the status that says what to do."""
    try:
        return _store(event, archive)
    except InstanceRefused as refusal:
        return _answer(event, _STATUS_OF_REASON.get(refusal.reason, CANNOT_UNDERSTAND), refusal.reason, str(refusal))
    except (IngestUnavailable, ArchiveError) as error:
        return _answer(event, OUT_OF_RESOURCES, "unavailable", str(error))
    except Exception as error:  # noqa: BLE001 - the edge of the process: the peer must get an answer
        # Neither the message nor the values of an unknown error are logged: they may quote the data set.
        where = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
        logger.error("C-STORE failed unexpectedly: %s", type(error).__name__, extra={"where": where})
        return _answer(event, PROCESSING_FAILURE, "failed", "Processing failure")


def _store(event: Event, archive: Archive) -> Dataset:
    close_old_connections()
    received = received_data_set(event.request)
    if received is None:
        raise InstanceRefused(Reason.UNREADABLE, "The request has no data set.")
    if received.failure is not None:
        raise received.failure
    incoming = received.incoming
    if incoming is None:
        raise InstanceRefused(Reason.UNREADABLE, "The request has no data set.")
    ingest_instance(incoming=incoming, source=source_of(event, incoming), archive=archive)
    return _status(SUCCESS)


def source_of(event: Event, incoming: IncomingFile) -> Source:
    """Who sent the instance."""
    return Source(
        origin=Origin.C_STORE,
        calling_ae_title=incoming.meta.calling_ae_title,
        called_ae_title=incoming.meta.called_ae_title,
        remote_address=str(event.assoc.requestor.address or ""),
    )


def _answer(event: Event, status: int, reason: str, explanation: str) -> Dataset:
    logger.warning(
        "C-STORE refused: %s",
        explanation,
        extra={
            "status": f"0x{status:04X}",
            "reason": str(reason),
            "sop_instance_uid": _safe_uid(getattr(event.request, "AffectedSOPInstanceUID", None)),
            "calling_ae_title": event.assoc.requestor.ae_title,
            "remote_address": event.assoc.requestor.address,
        },
    )
    return _status(status, explanation)


def _status(status: int, comment: str = "") -> Dataset:
    ds = Dataset()
    ds.Status = status
    if comment:
        ds.ErrorComment = comment[:_MAX_COMMENT]
    return ds


def _safe_uid(value: object) -> str:
    """The UID for the log; what is none may be anything, patient data too."""
    try:
        return parse_uid(value)
    except InvalidUid:
        return "malformed"


def handle_requested(event: Event, storage: frozenset[str]) -> None:
    """A-ASSOCIATE-RQ: choose what will be accepted, before the negotiation."""
    primitive = event.assoc.requestor.primitive
    requested = primitive.presentation_context_definition_list if primitive else []
    event.assoc.acceptor.supported_contexts = contexts_for(requested, storage)


def handle_accepted(event: Event) -> None:
    """An association begins."""
    logger.info("Association accepted", extra=_peer(event))


def handle_rejected(event: Event) -> None:
    """An association was refused: wrong AE title, or too many at once."""
    primitive = event.assoc.requestor.primitive
    called = primitive.called_ae_title if primitive else ""
    logger.warning("Association rejected", extra=_peer(event) | {"called_ae_title": called})


def handle_aborted(event: Event) -> None:
    """An association ended before its release."""
    logger.warning("Association aborted", extra=_peer(event))


def handle_released(event: Event) -> None:
    """An association ended as it should."""
    logger.info("Association released", extra=_peer(event))


def _peer(event: Event) -> dict[str, str]:
    requestor = event.assoc.requestor
    return {"calling_ae_title": requestor.ae_title, "remote_address": str(requestor.address or "")}

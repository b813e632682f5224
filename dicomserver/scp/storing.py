"""C-STORE on an association: the data set goes into the archive as it arrives, the answer says what became of it."""

import logging
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db import connections

from dicomserver.archive import Archive, ArchiveError, FileMeta, IncomingFile
from dicomserver.index.models import Origin
from dicomserver.ingest.committing import Committer
from dicomserver.ingest.errors import IngestUnavailable, InstanceRefused, Reason
from dicomserver.ingest.outcomes import Source
from dicomserver.ingest.services import accept_instance
from dicomserver.scp.calling import CallingPeer
from dicomserver.scp.command_set import StoreRequest
from dicomserver.scp.serving import CANNOT_UNDERSTAND, PROCESSING_FAILURE, SUCCESS
from wire.uids import InvalidUid, parse_uid

logger = logging.getLogger(__name__)

# PS3.4 Table B.2-1.
OUT_OF_RESOURCES: Final = 0xA700
DATA_SET_DOES_NOT_MATCH_SOP_CLASS: Final = 0xA900

_STATUS_OF_REASON: Final = {
    Reason.OTHER_SOP_CLASS: DATA_SET_DOES_NOT_MATCH_SOP_CLASS,
    Reason.OTHER_SOP_INSTANCE: DATA_SET_DOES_NOT_MATCH_SOP_CLASS,
}


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """What a C-STORE-RSP says."""

    status: int
    comment: str = ""


class StoreOperation:
    """One C-STORE from its command to its answer; errors are kept for the answer, so that the association lives."""

    def __init__(
        self, request: StoreRequest, transfer_syntax_uid: str, peer: CallingPeer, archive: Archive, committer: Committer
    ) -> None:
        self._request = request
        self._peer = peer
        self._archive = archive
        self._committer = committer
        self._failure: Exception | None = None
        self._incoming: IncomingFile | None = None
        meta = FileMeta(
            sop_class_uid=request.sop_class_uid,
            sop_instance_uid=request.sop_instance_uid,
            transfer_syntax_uid=transfer_syntax_uid,
            calling_ae_title=peer.calling_ae_title,
            called_ae_title=peer.called_ae_title,
            origin=Origin.C_STORE,
        )
        try:
            self._begin(meta)
        except Exception as error:  # noqa: BLE001 - kept for the answer
            self._failure = error

    def write(self, pieces: Sequence[memoryview]) -> None:
        """Append pieces of the data set; never raises."""
        if self._incoming is None:
            return
        try:
            self._incoming.write_pieces(pieces)
        except Exception as error:  # noqa: BLE001 - kept for the answer
            self._failure = error
            self.discard()

    def finish(self) -> StoreStatus:
        """The answer. Success only when the instance is durable; never raises."""
        try:
            return self._finish()
        except InstanceRefused as refusal:
            status = _STATUS_OF_REASON.get(refusal.reason, CANNOT_UNDERSTAND)
            return self._refused(status, refusal.reason, str(refusal))
        except (IngestUnavailable, ArchiveError) as error:
            return self._refused(OUT_OF_RESOURCES, "unavailable", str(error))
        except Exception as error:  # noqa: BLE001 - the edge of the process: the peer must get an answer
            # Neither the message nor the values of an unknown error are logged: they may quote the data set.
            where = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
            logger.error("C-STORE failed unexpectedly: %s", type(error).__name__, extra={"where": where})
            return self._refused(PROCESSING_FAILURE, "failed", "Processing failure")

    def discard(self) -> None:
        """Remove what was received and will not be answered; harmless to repeat."""
        if self._incoming is not None:
            self._incoming.discard()
            self._incoming = None

    def _begin(self, meta: FileMeta) -> None:
        self._committer.require_room()
        if not self._request.has_data_set:
            raise InstanceRefused(Reason.UNREADABLE, "The request has no data set.")
        if not meta.sop_class_uid or not meta.sop_instance_uid:
            raise InstanceRefused(Reason.NO_UID, "The request names no SOP Class or SOP Instance.")
        self._incoming = self._archive.receive(meta)

    def _finish(self) -> StoreStatus:
        if self._failure is not None:
            raise self._failure
        incoming, self._incoming = self._incoming, None
        if incoming is None:
            raise InstanceRefused(Reason.UNREADABLE, "The request has no data set.")
        source = Source(
            origin=Origin.C_STORE,
            calling_ae_title=incoming.meta.calling_ae_title,
            called_ae_title=incoming.meta.called_ae_title,
            remote_address=self._peer.address,
        )
        try:
            accepted = accept_instance(incoming=incoming, source=source, archive=self._archive)
        except InstanceRefused:
            # Putting it into quarantine took a database connection, which this thread needs rarely.
            connections.close_all()
            raise
        self._committer.submit(accepted)
        return StoreStatus(SUCCESS)

    def _refused(self, status: int, reason: str, explanation: str) -> StoreStatus:
        self.discard()
        logger.warning(
            "C-STORE refused: %s",
            explanation,
            extra={
                "status": f"0x{status:04X}",
                "reason": str(reason),
                "sop_instance_uid": _safe_uid(self._request.sop_instance_uid),
                "calling_ae_title": self._peer.calling_ae_title,
                "remote_address": self._peer.address,
            },
        )
        return StoreStatus(status, explanation)


def _safe_uid(value: str) -> str:
    """The UID for the log; what is none may be anything, patient data too."""
    try:
        return parse_uid(value)
    except InvalidUid:
        return "malformed"

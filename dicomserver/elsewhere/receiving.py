"""Takes in what an archive sends on a C-GET, by the same way as what comes by C-STORE."""

import logging
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.db import Error as DatabaseTrouble

from dicomserver.access.models import Peer
from dicomserver.archive import Archive, ArchiveError, FileMeta, IncomingFile
from dicomserver.index.models import Origin
from dicomserver.ingest.archives import configured_archive
from dicomserver.ingest.committing import Committer, committer
from dicomserver.ingest.errors import IngestUnavailable, InstanceRefused, Reason
from dicomserver.ingest.outcomes import Source
from dicomserver.ingest.services import accept_instance
from dicomserver.scu import Incoming, StoreAnswer
from wire.uids import InvalidUid, parse_uid

logger = logging.getLogger(__name__)

# PS3.4 Table B.2-1 and PS3.7 Annex C.
SUCCESS: Final = 0x0000
NOT_AUTHORIZED: Final = 0x0124
OUT_OF_RESOURCES: Final = 0xA700
DATA_SET_DOES_NOT_MATCH_SOP_CLASS: Final = 0xA900
CANNOT_UNDERSTAND: Final = 0xC000

# What was answered with Success is in the index after so long, unless the database is away.
FLUSH_SECONDS: Final = 10.0
_MISMATCHES: Final = frozenset({Reason.OTHER_SOP_CLASS, Reason.OTHER_SOP_INSTANCE})


class Reception:
    """One retrieval's instances; `on_bytes` is called as they come."""

    def __init__(self, peer: Peer, study_instance_uid: str, on_bytes: Callable[[], None]) -> None:
        self.peer = peer
        self.study_instance_uid = study_instance_uid
        self.on_bytes = on_bytes
        self.archive: Archive = configured_archive()
        self.committer: Committer = committer(self.archive)

    def keep(self, incoming: Incoming) -> "InstanceKeeper":
        """Who takes the data set of this instance."""
        return InstanceKeeper(self, incoming)

    def flush(self) -> None:
        """Have everything in the index that was taken in."""
        self.committer.flush(FLUSH_SECONDS)


class InstanceKeeper:
    """One instance from its command to its answer; errors are kept for the answer, so that the association lives."""

    def __init__(self, reception: Reception, incoming: Incoming) -> None:
        self._reception = reception
        self._incoming = incoming
        self._failure: Exception | None = None
        self._file: IncomingFile | None = None
        meta = FileMeta(
            sop_class_uid=incoming.sop_class_uid,
            sop_instance_uid=incoming.sop_instance_uid,
            transfer_syntax_uid=incoming.transfer_syntax_uid,
            calling_ae_title=reception.peer.ae_title,
            called_ae_title=settings.DICOM_AE_TITLE,
            origin=Origin.C_STORE,
        )
        try:
            reception.committer.require_room()
            if not incoming.has_data_set:
                raise InstanceRefused(Reason.UNREADABLE, "The request has no data set.")
            if not meta.sop_class_uid or not meta.sop_instance_uid:
                raise InstanceRefused(Reason.NO_UID, "The request names no SOP Class or SOP Instance.")
            self._file = reception.archive.receive(meta)
        except (InstanceRefused, IngestUnavailable, ArchiveError) as error:
            self._failure = error

    def write(self, piece: memoryview) -> None:
        """Append a piece of the data set; never raises."""
        if self._file is not None:
            try:
                self._file.write(piece)
            except ArchiveError as error:
                self._failure = error
                self.discard()
        self._reception.on_bytes()

    def finish(self) -> StoreAnswer:
        """Success only when the instance is durable; never raises what a data set can cause."""
        try:
            self._finish()
        except InstanceRefused as refusal:
            status = DATA_SET_DOES_NOT_MATCH_SOP_CLASS if refusal.reason in _MISMATCHES else CANNOT_UNDERSTAND
            return self._refused(status, str(refusal))
        except _OtherStudy:
            return self._refused(NOT_AUTHORIZED, "The instance is of another study than asked for.")
        except (IngestUnavailable, ArchiveError) as error:
            return self._refused(OUT_OF_RESOURCES, str(error))
        except DatabaseTrouble:
            # What cannot be noted in quarantine is not kept: the archive has it, and may send it again.
            return self._refused(OUT_OF_RESOURCES, "The database cannot be used now.")
        return StoreAnswer(SUCCESS)

    def discard(self) -> None:
        """Remove what was received and will not be answered; harmless to repeat."""
        if self._file is not None:
            self._file.discard()
            self._file = None

    def _finish(self) -> None:
        if self._failure is not None:
            raise self._failure
        file, self._file = self._file, None
        if file is None:
            raise InstanceRefused(Reason.UNREADABLE, "The request has no data set.")
        source = Source(
            origin=Origin.C_STORE,
            calling_ae_title=file.meta.calling_ae_title,
            called_ae_title=file.meta.called_ae_title,
            remote_address=self._incoming.address,
        )
        accepted = accept_instance(incoming=file, source=source, archive=self._reception.archive)
        if accepted.header.study_instance_uid != self._reception.study_instance_uid:
            # An archive sends what it was asked for; anything else would come in behind the back of whoever asked.
            accepted.path.unlink(missing_ok=True)
            raise _OtherStudy
        self._reception.committer.submit(accepted)

    def _refused(self, status: int, explanation: str) -> StoreAnswer:
        self.discard()
        logger.warning(
            "An instance that was fetched is refused: %s",
            explanation,
            extra={
                "status": f"0x{status:04X}",
                "sop_instance_uid": _safe_uid(self._incoming.sop_instance_uid),
                "peer": self._reception.peer.name,
            },
        )
        return StoreAnswer(status, explanation)


class _OtherStudy(Exception):
    """The archive sends what nobody asked for."""


def _safe_uid(value: str) -> str:
    """The UID for the log; what is none may be anything, patient data too."""
    try:
        return parse_uid(value)
    except InvalidUid:
        return "malformed"

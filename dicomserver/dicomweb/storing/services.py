"""Stores the instances of one request: each is made durable as it comes, and all are committed before the answer."""

import logging
import traceback
from typing import Final

from django.db import DatabaseError

from dicomserver.access.models import Sender
from dicomserver.archive import Archive, ArchiveError, ArchiveFull, FileMeta, IncomingFile
from dicomserver.dicomweb.media import DICOM
from dicomserver.dicomweb.storing.body import Body, BodyError
from dicomserver.dicomweb.storing.multipart import MultipartError, MultipartReader, PartSink
from dicomserver.dicomweb.storing.receiving import PartOfDicom, UnknownPart, failure
from dicomserver.dicomweb.storing.results import (
    CANNOT_UNDERSTAND,
    DATA_SET_DOES_NOT_MATCH_SOP_CLASS,
    DATA_SET_DOES_NOT_MATCH_STUDY,
    KEPT_AS_CONFLICT,
    OUT_OF_RESOURCES,
    PROCESSING_FAILURE,
    Failed,
    Results,
    Stored,
)
from dicomserver.index.models import Origin
from dicomserver.ingest.accepted import Accepted
from dicomserver.ingest.committing import committer
from dicomserver.ingest.errors import IngestError, InstanceRefused, Reason
from dicomserver.ingest.outcomes import Outcome, Source
from dicomserver.ingest.quarantine import set_aside
from dicomserver.ingest.services import accept_instance

logger = logging.getLogger(__name__)

# The answer does not wait longer for the database: what was accepted is durable, and is committed when it can be.
COMMIT_SECONDS: Final = 10.0
# After so many instances of one request, results are gathered: memory stays bounded, however many come.
GATHERED_AT: Final = 500

_REASONS: Final = {
    Reason.OTHER_SOP_CLASS: DATA_SET_DOES_NOT_MATCH_SOP_CLASS,
    Reason.OTHER_SOP_INSTANCE: DATA_SET_DOES_NOT_MATCH_SOP_CLASS,
}


def store_body(body: Body, boundary: str | None, store: "InstanceStore") -> BodyError | MultipartError | None:
    """Store what the body holds, part by part; returns why it could not be read to its end, if so.

    The parts that were whole by then are stored like all others; of the one under way nothing is kept.
    """
    try:
        if boundary is None:
            _store_single(body, store)
        else:
            _store_parts(body, boundary, store)
    except (BodyError, MultipartError) as error:
        return error
    return None


def _store_parts(body: Body, boundary: str, store: "InstanceStore") -> None:
    reader = MultipartReader(boundary, store.open_part)
    try:
        for piece in body.pieces():
            reader.feed(piece)
            if reader.is_complete:
                # What follows means nothing, and may never come.
                return
        reader.close()
    finally:
        reader.abort()


def _store_single(body: Body, store: "InstanceStore") -> None:
    part = store.open_part({})
    try:
        for piece in body.pieces():
            part.write(piece)
    except BaseException:
        part.discard()
        raise
    part.finish()


class InstanceStore:
    """Takes the parts of one request; `results` says what became of each."""

    def __init__(
        self, archive: Archive, *, sender: Sender, remote_address: str, study_instance_uid: str | None = None
    ) -> None:
        """With a study given, instances of others are refused."""
        self._archive = archive
        self._committer = committer(archive)
        self._sender = sender
        self._remote_address = remote_address
        self._study_instance_uid = study_instance_uid
        self._results = Results()
        self._accepted: list[Accepted] = []

    def open_part(self, headers: dict[str, str]) -> PartSink:
        """The sink of a part with these headers; one that does not say what it is is taken for DICOM."""
        media_type = headers.get("content-type", DICOM).partition(";")[0].strip().lower()
        if media_type != DICOM:
            return UnknownPart(self)
        return PartOfDicom(self._archive, self, origin=Origin.STOW_RS, calling_ae_title=self._sender.ae_title)

    def results(self) -> Results:
        """What became of all parts so far; what was stored is durable, and committed unless the database is away."""
        if self._accepted:
            is_committed = self._committer.flush(COMMIT_SECONDS)
            for one in self._accepted:
                self._gather(one, is_committed=is_committed)
            self._accepted.clear()
        return self._results

    def take(self, incoming: IncomingFile, meta: FileMeta) -> None:
        """Make an instance durable, and have it committed soon."""
        try:
            self._accept(incoming)
        except InstanceRefused as refusal:
            code = _REASONS.get(refusal.reason, CANNOT_UNDERSTAND)
            self._refuse(failure(code, meta), refusal.reason, str(refusal))
        except IngestError as error:
            is_full = isinstance(error.__cause__, ArchiveFull)
            self._refuse(failure(OUT_OF_RESOURCES, meta, is_full=is_full), "unavailable", str(error))
        except Exception as error:  # noqa: BLE001 - one instance must not take those behind it along
            # Neither the message nor the values of an unknown error are logged: they may quote the data set.
            where = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
            logger.error("An instance could not be stored: %s", type(error).__name__, extra={"where": where})
            self._refuse(failure(PROCESSING_FAILURE, meta), "failed", "Processing failure")
        finally:
            incoming.close()

    def set_aside(self, incoming: IncomingFile) -> None:
        """Keep in quarantine what is no DICOM file."""
        source = self._source()
        try:
            set_aside(incoming=incoming, reason=Reason.UNREADABLE, source=source, archive=self._archive)
        except (ArchiveError, DatabaseError) as error:
            is_full = isinstance(error, ArchiveFull)
            self._refuse(Failed(OUT_OF_RESOURCES, is_full=is_full), "unavailable", "It could not be set aside.")
        else:
            self._refuse(Failed(CANNOT_UNDERSTAND), Reason.UNREADABLE, "The part is no DICOM file.")
        finally:
            incoming.discard()

    def fail(self, failed: Failed) -> None:
        """Note an instance that was not received."""
        self._refuse(failed, "not_received", "The part was not received.")

    def _accept(self, incoming: IncomingFile) -> None:
        try:
            self._committer.require_room()
        except IngestError:
            incoming.discard()
            raise
        accepted = accept_instance(incoming=incoming, source=self._source(), archive=self._archive)
        header = accepted.header
        if self._study_instance_uid not in {None, header.study_instance_uid}:
            accepted.path.unlink(missing_ok=True)
            failed = Failed(DATA_SET_DOES_NOT_MATCH_STUDY, header.sop_class_uid, header.sop_instance_uid)
            self._refuse(failed, "other_study", "The instance is of another study than the request's address.")
            return
        self._accepted.append(accepted)
        self._committer.submit(accepted)
        if len(self._accepted) >= GATHERED_AT:
            self.results()

    def _gather(self, one: Accepted, *, is_committed: bool) -> None:
        header = one.header
        if is_committed and one.outcome is None:
            # The committer kept it in quarantine, and said why in the log.
            self._results.failed.append(Failed(PROCESSING_FAILURE, header.sop_class_uid, header.sop_instance_uid))
            return
        stored = Stored(
            header.sop_class_uid,
            header.sop_instance_uid,
            header.study_instance_uid,
            header.series_instance_uid,
            KEPT_AS_CONFLICT if one.outcome is Outcome.CONFLICT else None,
        )
        self._results.stored.append(stored)

    def _refuse(self, failed: Failed, reason: str, explanation: str) -> None:
        self._results.failed.append(failed)
        logger.warning(
            "STOW-RS refused an instance: %s",
            explanation,
            extra={
                "status": f"0x{failed.reason:04X}",
                "reason": str(reason),
                "sop_instance_uid": failed.sop_instance_uid,
                "sender": self._sender.name,
                "remote_address": self._remote_address,
            },
        )

    def _source(self) -> Source:
        return Source(Origin.STOW_RS, self._sender.ae_title, remote_address=self._remote_address)

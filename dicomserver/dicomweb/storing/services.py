"""Stores the instances of one request: each is made durable as it comes, and all are committed before the answer."""

import logging
import threading
import traceback
from typing import Final

from django.db import DatabaseError, connections

from dicomserver.archive import Archive, ArchiveError, ArchiveFull, FileMeta, IncomingFile
from dicomserver.dicomweb.media import DICOM
from dicomserver.dicomweb.storing.body import Body, BodyTruncated
from dicomserver.dicomweb.storing.lanes import Lanes
from dicomserver.dicomweb.storing.multipart import MultipartError, MultipartReader, PartSink
from dicomserver.dicomweb.storing.receiving import PartOfDicom, UnknownPart, failure
from dicomserver.dicomweb.storing.results import (
    CANNOT_UNDERSTAND,
    DATA_SET_DOES_NOT_MATCH_PATIENT,
    DATA_SET_DOES_NOT_MATCH_SOP_CLASS,
    DATA_SET_DOES_NOT_MATCH_STUDY,
    KEPT_AS_CONFLICT,
    OUT_OF_RESOURCES,
    PROCESSING_FAILURE,
    SOP_CLASS_NOT_SUPPORTED,
    Failed,
    Results,
    Stored,
)
from dicomserver.dicomweb.storing.viewers import Storer
from dicomserver.index.models import Origin
from dicomserver.ingest.accepted import Accepted
from dicomserver.ingest.committing import committer
from dicomserver.ingest.errors import IngestError, InstanceRefused, Reason
from dicomserver.ingest.header import InstanceHeader
from dicomserver.ingest.outcomes import Outcome, Source
from dicomserver.ingest.quarantine import set_aside
from dicomserver.ingest.services import accept_instance

logger = logging.getLogger(__name__)

# The answer does not wait longer for the database: what was accepted is durable, and is committed when it can be.
COMMIT_SECONDS: Final = 10.0
# After so many parts of one request, what was committed is boiled down: memory stays bounded, however many come.
BOIL_DOWN_AT: Final = 500
# So many refusals of one request are in the log one by one; how many there were in all is in its last line.
MAX_LOGGED: Final = 100
# So many parts of one request that are no DICOM files are kept in quarantine, which are enough to see what was sent.
# Each costs a file and a row: a hundred thousand of them would keep the disk busy for a quarter of an hour.
MAX_SET_ASIDE: Final = 1000

_REASONS: Final = {
    Reason.OTHER_SOP_CLASS: DATA_SET_DOES_NOT_MATCH_SOP_CLASS,
    Reason.OTHER_SOP_INSTANCE: DATA_SET_DOES_NOT_MATCH_SOP_CLASS,
}
_EXPLANATIONS: Final = {
    DATA_SET_DOES_NOT_MATCH_STUDY: ("other_study", "The instance is of another study than the request's address."),
    DATA_SET_DOES_NOT_MATCH_PATIENT: (
        "other_patient",
        "The instance names others than its study: patient, physicians.",
    ),
    SOP_CLASS_NOT_SUPPORTED: ("sop_class", "Whoever sent the instance may not store such ones."),
}


def store_body(body: Body, boundary: str | None, store: "InstanceStore") -> BodyTruncated | MultipartError | None:
    """Store what the body holds, part by part; returns why it could not be read to its end, if so.

    The parts that were whole by then are stored like all others; of the one under way nothing is kept.
    """
    lanes = Lanes(connections.close_all)
    try:
        if boundary is None:
            store_single(body, lanes.wrap(store.open_part({})))
        else:
            store_parts(body, MultipartReader(boundary, lambda headers: lanes.wrap(store.open_part(headers))))
    except (BodyTruncated, MultipartError) as error:
        return error
    finally:
        lanes.finish()
    return None


def store_parts(body: Body, reader: MultipartReader) -> None:
    """Hand the body's parts to the reader's sinks. Raises BodyTruncated and MultipartError."""
    try:
        for piece in body.pieces():
            reader.feed(piece)
            if reader.is_complete:
                # What follows means nothing, and may never come.
                return
        reader.close()
    finally:
        reader.abort()


def store_single(body: Body, part: PartSink) -> None:
    """Hand the body to the sink as one part. Raises BodyTruncated."""
    try:
        for piece in body.pieces():
            part.write(piece)
    except BaseException:
        part.discard()
        raise
    part.finish()


class InstanceStore:
    """Takes the parts of one request, several at once; `results` says what became of each."""

    def __init__(self, archive: Archive, *, storer: Storer, remote_address: str, study: str | None = None) -> None:
        """With a StudyInstanceUID given, instances of others are refused."""
        self.archive = archive
        self.study_instance_uid = study
        self._committer = committer(archive)
        self._storer = storer
        self._remote_address = remote_address
        self._lock = threading.Lock()
        self._count = self._refused = self._set_aside = 0
        # By the part's number, as parts are done in another order than they come in.
        self._accepted: dict[int, Accepted] = {}
        self._done: dict[int, Stored | Failed] = {}

    def open_part(self, headers: dict[str, str]) -> PartSink:
        """The sink of a part with these headers; one that does not say what it is is taken for DICOM."""
        if len(self._accepted) >= BOIL_DOWN_AT:
            self._boil_down(only_committed=True)
        self._count += 1
        part = _Part(self, self._count)
        media_type = headers.get("content-type", DICOM).partition(";")[0].strip().lower()
        if media_type != DICOM:
            return UnknownPart(part)
        return PartOfDicom(
            self.archive,
            part,
            origin=Origin.STOW_RS,
            calling_ae_title=self._storer.ae_title,
            takes=self._storer.takes,
        )

    def is_to_be_set_aside(self) -> bool:
        """Whether one more part that is no DICOM file is kept in quarantine; then it counts."""
        with self._lock:
            self._set_aside += 1
            return self._set_aside <= MAX_SET_ASIDE

    def results(self) -> Results:
        """What became of all parts; what was stored is durable, and committed unless the database is away."""
        if self._accepted:
            is_committed = self._committer.flush(COMMIT_SECONDS)
            self._boil_down(is_committed=is_committed)
        results = Results()
        for _, one in sorted(self._done.items()):
            if isinstance(one, Stored):
                results.stored.append(one)
            else:
                results.failed.append(one)
        return results

    def accept(self, number: int, incoming: IncomingFile) -> Failed | None:
        """Make an instance durable and have it committed soon; returns why not where it is none of the study.

        Raises InstanceRefused and IngestUnavailable.
        """
        try:
            self._committer.require_room()
        except IngestError:
            incoming.discard()
            raise
        accepted = accept_instance(incoming=incoming, source=self.source(), archive=self.archive)
        header = accepted.header
        reason = self._reason_against(header)
        if reason is not None:
            accepted.path.unlink(missing_ok=True)
            return Failed(reason, header.sop_class_uid, header.sop_instance_uid)
        with self._lock:
            self._accepted[number] = accepted
        self._committer.submit(accepted)
        return None

    def _reason_against(self, header: InstanceHeader) -> int | None:
        if self.study_instance_uid not in {None, header.study_instance_uid}:
            return DATA_SET_DOES_NOT_MATCH_STUDY
        if not self._storer.takes(header.sop_class_uid):
            return SOP_CLASS_NOT_SUPPORTED
        return None if self._storer.is_about(header) else DATA_SET_DOES_NOT_MATCH_PATIENT

    def refuse(self, number: int, failed: Failed, reason: str, explanation: str) -> None:
        """Note what was not stored, and say so in the log."""
        with self._lock:
            self._done[number] = failed
            self._refused += 1
            if self._refused > MAX_LOGGED:
                return
        logger.warning(
            "STOW-RS refused an instance: %s",
            explanation,
            extra={
                "status": f"0x{failed.reason:04X}",
                "reason": reason,
                "sop_instance_uid": failed.sop_instance_uid,
                "sender": self._storer.name,
                "remote_address": self._remote_address,
            },
        )

    def fail(self, failed: Failed, explanation: str) -> None:
        """Note one more instance, of which nothing could be received."""
        self._count += 1
        self.refuse(self._count, failed, "not_received", explanation)

    def source(self) -> Source:
        """Where an instance comes from, now."""
        return Source(Origin.STOW_RS, self._storer.ae_title, remote_address=self._remote_address)

    def _boil_down(self, *, only_committed: bool = False, is_committed: bool = False) -> None:
        with self._lock:
            for number, one in list(self._accepted.items()):
                if not only_committed or one.outcome is not None:
                    self._done[number] = _result_of(one, is_committed=is_committed)
                    del self._accepted[number]


class _Part:
    """What becomes of one part, by its number."""

    def __init__(self, store: InstanceStore, number: int) -> None:
        self._store = store
        self._number = number

    def take(self, incoming: IncomingFile, meta: FileMeta) -> None:
        """Make an instance durable, and have it committed soon."""
        try:
            failed = self._store.accept(self._number, incoming)
            if failed is not None:
                self._refuse(failed, *_EXPLANATIONS[failed.reason])
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

    def is_to_be_set_aside(self) -> bool:
        """Whether the part is kept in quarantine where it is no DICOM file."""
        return self._store.is_to_be_set_aside()

    def set_aside(self, incoming: IncomingFile) -> None:
        """Keep in quarantine what is no DICOM file."""
        try:
            set_aside(
                incoming=incoming, reason=Reason.UNREADABLE, source=self._store.source(), archive=self._store.archive
            )
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

    def _refuse(self, failed: Failed, reason: str, explanation: str) -> None:
        self._store.refuse(self._number, failed, str(reason), explanation)


def _result_of(one: Accepted, *, is_committed: bool) -> Stored | Failed:
    header = one.header
    if is_committed and one.outcome is None:
        # The committer kept it in quarantine, and said why in the log.
        return Failed(PROCESSING_FAILURE, header.sop_class_uid, header.sop_instance_uid)
    return Stored(
        header.sop_class_uid,
        header.sop_instance_uid,
        header.study_instance_uid,
        header.series_instance_uid,
        KEPT_AS_CONFLICT if one.outcome is Outcome.CONFLICT else None,
    )

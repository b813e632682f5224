"""The one way in: a received file is checked and made durable, then committed to archive, index and outbox."""

from django.conf import settings
from django.db import InterfaceError, OperationalError

from dicomserver.archive import Archive, ArchiveError, FileMeta, IncomingFile
from dicomserver.ingest.accepted import Accepted, facts_of
from dicomserver.ingest.batches import commit_batch
from dicomserver.ingest.errors import IngestUnavailable, InstanceRefused, Reason
from dicomserver.ingest.header import InstanceHeader, read_header
from dicomserver.ingest.outcomes import Ingested, Outcome, Source
from dicomserver.ingest.quarantine import set_aside

# The database's own message may quote values of the row.
_DATABASE_AWAY = "The database cannot be used now."


def accept_instance(*, incoming: IncomingFile, source: Source, archive: Archive) -> Accepted:
    """Check a file that was received in full, and make it durable: it can be acknowledged when this returns.

    What follows is `commit_batch`, in this process or, after a crash, at the next start. The incoming file is
    closed, whatever happens. Raises InstanceRefused (set aside in quarantine) where the data set is the reason,
    IngestUnavailable where room or the database is: then nothing is kept, and the sender must try again.
    """
    try:
        return _accept(incoming, source, archive)
    except BaseException as error:
        incoming.discard()
        if isinstance(error, ArchiveError):
            raise IngestUnavailable(str(error)) from error
        if isinstance(error, OperationalError | InterfaceError):
            raise IngestUnavailable(_DATABASE_AWAY) from error
        raise
    finally:
        incoming.close()


def ingest_instance(*, incoming: IncomingFile, source: Source, archive: Archive) -> Ingested:
    """Take in a file that was received in full; when this returns, it is durable and committed.

    Raises as `accept_instance` does. Where only the commit failed, the file stays where it was received, and the
    recovery completes it: whether the database had committed cannot be known, and twice does no harm.
    """
    accepted = accept_instance(incoming=incoming, source=source, archive=archive)
    try:
        commit_batch([accepted], archive)
    except ArchiveError as error:
        raise IngestUnavailable(str(error)) from error
    except (OperationalError, InterfaceError) as error:
        raise IngestUnavailable(_DATABASE_AWAY) from error
    header = accepted.header
    return Ingested(
        outcome=accepted.outcome or Outcome.STORED,
        sop_class_uid=header.sop_class_uid,
        sop_instance_uid=header.sop_instance_uid,
        study_instance_uid=header.study_instance_uid,
        series_instance_uid=header.series_instance_uid,
    )


def _accept(incoming: IncomingFile, source: Source, archive: Archive) -> Accepted:
    incoming.flush()
    try:
        header = read_header(
            incoming,
            incoming.data_set_offset,
            incoming.meta.transfer_syntax_uid,
            scratch=archive.incoming,
            national_id_issuers=settings.NATIONAL_ID_ISSUERS,
        )
        _check_announced(header, incoming.meta)
    except InstanceRefused as refusal:
        set_aside(incoming=incoming, reason=refusal.reason, source=source, archive=archive)
        raise
    incoming.seal()
    return Accepted(path=incoming.path, file=facts_of(incoming), header=header, source=source)


def _check_announced(header: InstanceHeader, meta: FileMeta) -> None:
    """The data set must be what the sender announced: the file's head already says so."""
    if meta.sop_class_uid != header.sop_class_uid:
        raise InstanceRefused(Reason.OTHER_SOP_CLASS, "The data set is of another SOP Class than announced.")
    if meta.sop_instance_uid != header.sop_instance_uid:
        raise InstanceRefused(Reason.OTHER_SOP_INSTANCE, "The data set is another SOP Instance than announced.")

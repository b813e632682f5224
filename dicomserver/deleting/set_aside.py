"""What was set aside, after a person has decided: taken in after all, or taken away for good.

Refused files are called q and a number here; conflicts, which are other bytes under the UID of a stored instance, c and
a number. Whoever takes in a conflict deletes the stored instance, as `delete_instances` does: it can be restored while
its bytes are kept. The other conflicts of that instance stay what they are.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from dicomserver.archive import Archive
from dicomserver.archive.content import OpenFile
from dicomserver.archive.part10 import NotPart10, read_file_head
from dicomserver.deleting.services import Deleter, Named, delete_instances
from dicomserver.identity import IdentityError, load_identity
from dicomserver.importing.files import import_stream
from dicomserver.index.models import Conflict, Origin, QuarantinedFile
from dicomserver.ingest.errors import InstanceRefused, Reason
from dicomserver.ingest.header import read_header
from dicomserver.ingest.outcomes import Ingested, Outcome, Source
from dicomserver.outbox.services import enqueue_access_event
from wire.events import AccessEvent
from wire.text import SHORT_LENGTH, TEXT_LENGTH, clean


class NothingSetAside(Exception):
    """Nothing is set aside under that name."""


class StillRefused(Exception):
    """The file cannot be taken in; it stays where it is."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """A file that was set aside; the UIDs are known of conflicts alone. `path` is below the quarantine folder."""

    name: str
    reason: str
    received_at: datetime
    sender: str
    file_bytes: int
    path: str
    study_instance_uid: str = ""
    sop_instance_uid: str = ""


def files_set_aside() -> Iterator[SetAside]:
    """All of them, each kind by when it came."""
    for file in QuarantinedFile.objects.order_by("received_at", "pk").iterator():
        sender = file.calling_ae_title or file.remote_address or file.origin
        yield SetAside(f"q{file.pk}", file.reason, file.received_at, sender, file.file_bytes, file.relative_path)
    for conflict in Conflict.objects.select_related("instance").order_by("received_at", "pk").iterator():
        yield SetAside(
            f"c{conflict.pk}",
            Reason.CONFLICT,
            conflict.received_at,
            conflict.calling_ae_title or conflict.origin,
            conflict.file_bytes,
            conflict.relative_path,
            conflict.study_instance_uid,
            conflict.instance.sop_instance_uid,
        )


@transaction.atomic
def take_away(name: str, *, by: Deleter, reason: str, archive: Archive) -> None:
    """Remove the file for good. Raises NothingSetAside, OSError and django.db.Error."""
    row = _locked(name)
    study = row.study_instance_uid if isinstance(row, Conflict) else None
    _tell_portal("instances_deleted", row, study, by, reason)
    # Of a row whose file is gone the rest is done next time.
    archive.quarantine_path_of(row.relative_path).unlink(missing_ok=True)
    row.delete()


def take_in(name: str, *, by: Deleter, reason: str, archive: Archive) -> Outcome:
    """Take the file in as if it had just come; of a conflict, in the place of the stored instance.

    Raises NothingSetAside, StillRefused, ingest.errors.IngestUnavailable, ArchiveError, OSError and django.db.Error;
    what is not done then is still set aside, and `take_in` goes on with it.
    """
    with transaction.atomic():
        row = _locked(name)
        _require_readable(row, archive)
        others: list[QuarantinedFile] = []
        if isinstance(row, Conflict):
            row, others = _released(row, by, reason, archive)
    ingested = _imported(row, archive)
    with transaction.atomic():
        _tell_portal("instances_stored", row, ingested.study_instance_uid, by, reason)
        archive.quarantine_path_of(row.relative_path).unlink(missing_ok=True)
        row.delete()
    for other in others:
        # It is a conflict of the instance that is stored now, under the same name.
        _imported(other, archive)
        other.delete()
    return ingested.outcome


def _locked(name: str) -> QuarantinedFile | Conflict:
    kind, number = name[:1], name[1:]
    if number.isascii() and number.isdigit() and len(number) < 19:
        row: QuarantinedFile | Conflict | None = None
        if kind == "q":
            row = QuarantinedFile.objects.select_for_update().filter(pk=int(number)).first()
        elif kind == "c":
            row = Conflict.objects.select_for_update().filter(pk=int(number)).first()
        if row is not None:
            return row
    raise NothingSetAside(f"Nothing is set aside as {name}.")


def _require_readable(row: QuarantinedFile | Conflict, archive: Archive) -> None:
    """Raise StillRefused where the file would be refused again."""
    with archive.quarantine_path_of(row.relative_path).open("rb") as file:
        try:
            head = read_file_head(file)
            syntax = head.meta.transfer_syntax_uid
            read_header(OpenFile(file.fileno()), head.data_set_offset, syntax, scratch=archive.incoming)
        except (NotPart10, InstanceRefused) as error:
            raise StillRefused(str(error)) from error


def _released(
    conflict: Conflict, by: Deleter, reason: str, archive: Archive
) -> tuple[QuarantinedFile, list[QuarantinedFile]]:
    """Delete the stored instance; the conflict, and the others of it, are files of their own then."""
    instance, series = conflict.instance, conflict.instance.series
    paths = list(instance.conflicts.values_list("relative_path", flat=True))
    named = Named(series.study.study_instance_uid, series.series_instance_uid, instance.sop_instance_uid)
    delete_instances(named, by=by, reason=reason, archive=archive)
    freed = {one.relative_path: one for one in QuarantinedFile.objects.filter(relative_path__in=paths).order_by("pk")}
    return freed.pop(conflict.relative_path), list(freed.values())


def _imported(row: QuarantinedFile, archive: Archive) -> Ingested:
    source = Source(
        Origin(row.origin), row.calling_ae_title, remote_address=row.remote_address, received_at=row.received_at
    )
    with archive.quarantine_path_of(row.relative_path).open("rb") as file:
        return import_stream(file, archive, source)


def _tell_portal(
    kind: Literal["instances_deleted", "instances_stored"],
    row: QuarantinedFile | Conflict,
    study_instance_uid: str | None,
    by: Deleter,
    reason: str,
) -> None:
    """Who decided and why, for the audit; a stranger's server tells nobody."""
    try:
        server_id = load_identity(settings.DICOM_SERVER_HOME).server_id
    except IdentityError:
        return
    now = timezone.now()
    enqueue_access_event(
        AccessEvent(
            message_id=uuid4(),
            server_id=server_id,
            kind=kind,
            sub=None,
            session_id=None,
            token_id=None,
            study_instance_uid=study_instance_uid,
            occurred_at=now,
            ended_at=None,
            instances=1,
            frames=0,
            sent_bytes=row.file_bytes,
            remote_address="",
            reason=clean(f"Of a file that was set aside: {reason}", TEXT_LENGTH),
            peer=clean(by.name, SHORT_LENGTH),
            way=by.way,
        )
    )

"""Takes in what DICOM Servers say of themselves, and answers with what they must know."""

from datetime import datetime
from typing import Any

from django.db import transaction

from monitoring.models import ServerState
from portal.grants.selectors import revocations_for
from portal.orders.selectors import orders_revision
from portal.servers.models import DicomServer
from portal.servers.services import record_contact, record_sealing_key
from portal.servers.signing import portal_keys
from wire.heartbeats import Heartbeat, HeartbeatAnswer, Revocation


@transaction.atomic
def take_in_heartbeat(*, server: DicomServer, heartbeat: Heartbeat, received_at: datetime) -> HeartbeatAnswer:
    """Keep the newest state of the server; a late one changes nothing but proves that it lives."""
    columns = _columns(heartbeat, received_at)
    if not _replace_older(server, columns):
        ServerState.objects.bulk_create([ServerState(server=server, **columns)], ignore_conflicts=True)
    record_contact(server=server, at=received_at, version=heartbeat.version)
    if heartbeat.sealing_key not in {None, server.sealing_key} and _is_newest(server, columns):
        record_sealing_key(server=server, sealing_key=heartbeat.sealing_key or "")
    revocations = revocations_for(server, received_at)
    return HeartbeatAnswer(
        received_at=received_at,
        portal_keys=portal_keys(),
        revocations=tuple(
            Revocation(
                sub=str(revocation.subject),
                study_instance_uid=revocation.study_instance_uid or None,
                revoked_at=revocation.revoked_at,
            )
            for revocation in revocations
        ),
        orders_revision=orders_revision(server),
    )


def _replace_older(server: DicomServer, columns: dict[str, Any]) -> bool:
    return bool(ServerState.objects.filter(server=server, sent_at__lt=columns["sent_at"]).update(**columns))


def _is_newest(server: DicomServer, columns: dict[str, Any]) -> bool:
    return ServerState.objects.filter(server=server, sent_at=columns["sent_at"]).exists()


def _columns(heartbeat: Heartbeat, received_at: datetime) -> dict[str, Any]:
    return {
        # A clock that runs ahead must not keep out every later heartbeat.
        "sent_at": min(heartbeat.sent_at, received_at),
        "received_at": received_at,
        "started_at": heartbeat.started_at,
        "archive_bytes_total": heartbeat.archive.bytes_total,
        "archive_bytes_free": heartbeat.archive.bytes_free,
        "number_of_studies": heartbeat.archive.studies,
        "number_of_instances": heartbeat.archive.instances,
        "outbox_waiting": heartbeat.outbox.waiting,
        "outbox_oldest_waiting_since": heartbeat.outbox.oldest_waiting_since,
        "last_received_at": heartbeat.last_received_at,
        "conflicts": heartbeat.conflicts,
        "quarantined": heartbeat.quarantined,
        "troubles": [trouble.value for trouble in heartbeat.troubles],
        "certificates": [certificate.model_dump(mode="json") for certificate in heartbeat.certificates],
        "forwarding": heartbeat.forwarding.model_dump(mode="json") if heartbeat.forwarding else None,
        "equipment": [machine.model_dump(mode="json") for machine in heartbeat.equipment],
        "last_set_aside_at": heartbeat.last_set_aside_at,
        "untold_commitments": (
            heartbeat.untold_commitments.model_dump(mode="json") if heartbeat.untold_commitments else None
        ),
    }

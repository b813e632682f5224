"""Builds and sends a heartbeat, and applies the portal's answer."""

import logging
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from django.conf import settings
from django.utils import timezone

from dicomserver import __version__
from dicomserver.access.services import apply_revocations
from dicomserver.archive import Archive, ArchiveError, Space
from dicomserver.commitment.selectors import untold_requests
from dicomserver.equipment.selectors import equipment_checks
from dicomserver.forwarding.selectors import ForwardCounts, forward_counts
from dicomserver.identity import IdentityBroken, ensure_sealing_key, load_identity, replace_portal_keys
from dicomserver.index.selectors import index_counts
from dicomserver.ingest.archives import configured_archive
from dicomserver.ingest.condition import condition_of
from dicomserver.orders.feed import fetch_orders
from dicomserver.outbox.delivery import hasten_unreachable, open_portal
from dicomserver.outbox.selectors import outbox_counts
from dicomserver.tls import certificate_ends
from wire import routes
from wire.heartbeats import (
    MAX_CERTIFICATES,
    MAX_DESTINATIONS,
    MAX_EQUIPMENT,
    ArchiveState,
    CertificateState,
    DestinationState,
    EquipmentState,
    ForwardingState,
    Heartbeat,
    HeartbeatAnswer,
    OutboxState,
    Trouble,
    UntoldState,
)
from wire.keys import sealing_key_text
from wire.messages import body_of, parse
from wire.text import SHORT_LENGTH, clean

logger = logging.getLogger(__name__)

STARTED_AT: Final = timezone.now()


def send_heartbeat() -> HeartbeatAnswer:
    """Send one heartbeat, apply its answer, and fetch the orders that are new.

    Raises identity.IdentityError, identity.PortalError, wire.messages.MessageRefused, and OSError where new
    keys of the portal cannot be kept.
    """
    identity = load_identity(settings.DICOM_SERVER_HOME)
    heartbeat = build_heartbeat(server_id=identity.server_id, now=timezone.now())
    with open_portal(identity) as portal:
        answer = parse(HeartbeatAnswer, portal.post(routes.HEARTBEATS, body_of(heartbeat)))
        apply_answer(answer)
        if answer.orders_revision is not None:
            fetch_orders(portal, server_id=identity.server_id, newest=answer.orders_revision)
    return answer


def build_heartbeat(*, server_id: UUID, now: datetime) -> Heartbeat:
    """How this server is at `now`."""
    index, outbox = index_counts(), outbox_counts()
    archive = configured_archive()
    space = _space(archive)
    return Heartbeat(
        message_id=uuid4(),
        server_id=server_id,
        sent_at=now,
        version=__version__,
        started_at=STARTED_AT,
        ae_title=settings.DICOM_AE_TITLE,
        archive=ArchiveState(
            bytes_total=space.bytes_total,
            bytes_free=space.bytes_free,
            studies=index.studies,
            instances=index.instances,
        ),
        outbox=OutboxState(waiting=outbox.waiting, oldest_waiting_since=outbox.oldest_waiting_since),
        last_received_at=index.last_received_at,
        conflicts=index.conflicts,
        quarantined=index.quarantined,
        troubles=_troubles(archive),
        sealing_key=_sealing_key(),
        certificates=_certificates(),
        forwarding=_forwarding(),
        equipment=_equipment(),
        last_set_aside_at=index.last_set_aside_at,
        untold_commitments=_untold_commitments(),
    )


def _sealing_key() -> str | None:
    """The key that the portal seals with; a server that cannot keep one has a heart all the same."""
    try:
        return sealing_key_text(ensure_sealing_key(settings.DICOM_SERVER_HOME))
    except (IdentityBroken, OSError) as error:
        logger.warning("There is no sealing key, so grants without identity cannot be opened: %s", error)
        return None


def _certificates() -> tuple[CertificateState, ...]:
    """The certificates of DICOM by TLS, those that end first."""
    return tuple(
        CertificateState(purpose=end.purpose, subject=clean(end.subject, SHORT_LENGTH), not_after=end.not_after)
        for end in certificate_ends()[:MAX_CERTIFICATES]
    )


def _forwarding() -> ForwardingState | None:
    """The queues of all destinations together; None where nothing was ever forwarded."""
    counts = forward_counts()
    if not counts:
        return None
    return ForwardingState(
        waiting=sum(one.waiting for one in counts),
        parked=sum(one.parked for one in counts),
        oldest_waiting_since=min(
            (one.oldest_waiting_since for one in counts if one.oldest_waiting_since), default=None
        ),
        uncommitted=sum(one.uncommitted for one in counts),
        unreachable=sum(one.down_since is not None for one in counts),
        destinations=tuple(_destination(one) for one in sorted(counts, key=_urgency)[:MAX_DESTINATIONS]),
    )


def _urgency(counts: ForwardCounts) -> tuple[bool, int]:
    """Sorts first what takes nothing, then what most waits for."""
    return counts.down_since is None, -(counts.waiting + counts.uncommitted)


def _destination(counts: ForwardCounts) -> DestinationState:
    return DestinationState(
        name=counts.destination.name,
        waiting=counts.waiting,
        parked=counts.parked,
        oldest_waiting_since=counts.oldest_moving_since,
        unreachable_since=counts.down_since,
        uncommitted=counts.uncommitted,
        oldest_uncommitted_since=counts.oldest_uncommitted_since,
        not_kept=counts.not_kept,
    )


def _untold_commitments() -> UntoldState | None:
    """None where every machine that asked was told."""
    untold = untold_requests()
    if not untold.waiting:
        return None
    return UntoldState(waiting=untold.waiting, oldest_waiting_since=untold.oldest_waiting_since)


def _equipment() -> tuple[EquipmentState, ...]:
    """The watched machines, those first that do not answer."""
    checks = sorted(equipment_checks(), key=lambda check: check.is_reachable)
    return tuple(
        EquipmentState(
            name=check.peer.name,
            ae_title=check.peer.ae_title,
            reachable=check.is_reachable,
            checked_at=check.checked_at,
            answer_milliseconds=None if check.seconds is None else round(check.seconds * 1000),
            reachable_at=check.reachable_at,
            unreachable_since=check.unreachable_since,
        )
        for check in checks[:MAX_EQUIPMENT]
    )


def _space(archive: Archive) -> Space:
    """Nothing of nothing where the archive is not there: the heartbeat says so among its troubles."""
    try:
        return archive.space()
    except ArchiveError:
        return Space(bytes_total=0, bytes_free=0)


def _troubles(archive: Archive) -> tuple[Trouble, ...]:
    """What is the matter. A database that is away, or has no tables, lets no heartbeat be sent."""
    condition = condition_of(archive)
    names = []
    if condition.archive is not None:
        names.append(f"archive_{condition.archive.trouble}")
    if condition.database is not None:
        names.append(f"database_{condition.database}")
    if condition.waiting is not None and condition.waiting.is_late:
        names.append("instances_wait")
    return tuple(Trouble(name) for name in names if name in set(Trouble))


def apply_answer(answer: HeartbeatAnswer) -> None:
    """Refuse what is revoked, believe the keys that the portal has now, deliver what waited for the portal."""
    apply_revocations(answer.revocations)
    replace_portal_keys(settings.DICOM_SERVER_HOME, answer.portal_keys)
    hasten_unreachable()

"""Delivers the outbox: one locked message at a time, at least once, with growing pauses, for ever."""

import json
import logging
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import uuid5

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from dicomserver import __version__
from dicomserver.identity import Identity, Portal, PortalBusy, PortalRefused, PortalUnreachable, load_identity
from dicomserver.index.models import Study
from dicomserver.outbox.backoff import LONGEST_PAUSE_SECONDS, later, pause_after
from dicomserver.outbox.models import Failure, Kind, OutboxMessage
from dicomserver.outbox.reports import build_study_report
from dicomserver.outbox.selectors import next_due_message_locked, undelivered_unreachable
from wire import routes
from wire.messages import body_of

logger = logging.getLogger(__name__)

# A study that grows is reported at most this often.
GROWTH_SECONDS: Final = 2.0
# What the portal refused for good is still tried now and then: the portal may have been updated.
PARKED_PAUSE_SECONDS: Final = 900.0
KEEP_DELIVERED: Final = timedelta(days=7)
RUN_SECONDS: Final = 5.0

# The messages that hold their bodies, and where they go.
_ROUTES: Final[dict[str, str]] = {
    Kind.ACCESS_EVENT: routes.ACCESS_EVENTS,
    Kind.ORDER_REPORT: routes.ORDER_REPORTS,
    Kind.STUDY_REMOVAL: routes.STUDY_REPORTS,
}


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one run did: messages delivered, and attempts that failed."""

    delivered: int
    failed: int


class Unbuildable(Exception):
    """The index holds something that makes no report; other messages must not wait for it."""


def open_portal(identity: Identity) -> Portal:
    """The portal that this server reports to: the one of PORTAL_URL, else the one it enrolled with."""
    return Portal(
        url=settings.PORTAL_URL or identity.portal_url,
        issuer=str(identity.server_id),
        private_key=identity.private_key,
        agent=f"dicomserver/{__version__}",
    )


def deliver_due_messages(*, seconds: float = RUN_SECONDS) -> Delivery:
    """Deliver what is due, for at most `seconds` and until the portal does not answer.

    Any number of processes may run it at once. Raises identity.IdentityError where the server is not enrolled.
    """
    identity = load_identity(settings.DICOM_SERVER_HOME)
    deadline = time.monotonic() + seconds
    delivered = failed = 0
    with open_portal(identity) as portal:
        while time.monotonic() < deadline:
            failure = _deliver_next(identity, portal)
            if failure is None:
                break
            if failure is Failure.NONE:
                delivered += 1
                if delivered == 1:
                    hasten_unreachable()
            else:
                failed += 1
            if failure is Failure.UNREACHABLE:
                break
    return Delivery(delivered, failed)


def hasten_unreachable() -> None:
    """The portal answers again: what waited only because it did not is due now."""
    with transaction.atomic():
        now = timezone.now()
        waiting = list(undelivered_unreachable(now))
        OutboxMessage.objects.filter(pk__in=waiting).update(next_attempt_at=now)


def prune_delivered() -> int:
    """Delete what was delivered a week ago; returns how many."""
    return OutboxMessage.objects.filter(delivered_at__lt=timezone.now() - KEEP_DELIVERED).delete()[0]


def _deliver_next(identity: Identity, portal: Portal) -> Failure | None:
    """One attempt and how it failed, NONE where it did not; None where nothing is due."""
    with transaction.atomic():
        message = next_due_message_locked(timezone.now())
        if message is None:
            return None
        if message.kind in _ROUTES:
            return _deliver_body(message, identity, portal)
        study = Study.objects.filter(study_instance_uid=message.subject).first()
        if study is None:
            logger.info("No report of a study that is gone", extra={"study_instance_uid": message.subject})
            message.delete()
            return Failure.NONE
        return _deliver_study_report(message, study, identity, portal)


def _deliver_body(message: OutboxMessage, identity: Identity, portal: Portal) -> Failure:
    # A second enrolment makes the server another one for the portal, also for what happened before.
    body = {**(message.body or {}), "server_id": str(identity.server_id)}
    failure = _post(message, portal, _ROUTES[message.kind], json.dumps(body).encode())
    if failure is Failure.NONE:
        _delivered(message, revision=None)
    else:
        _failed(message, failure)
    return failure


def _deliver_study_report(message: OutboxMessage, study: Study, identity: Identity, portal: Portal) -> Failure:
    revision = study.revision
    try:
        body = _study_report_body(message, study, identity)
    except Unbuildable as error:
        failure = Failure.REFUSED
        message.last_error = str(error)
    else:
        failure = _post(message, portal, routes.STUDY_REPORTS, body)
    if failure in {Failure.UNREACHABLE, Failure.BUSY}:
        _failed(message, failure)
    elif not _revision_is(study, revision):
        _wait_for_growth(message)
    elif failure is Failure.NONE:
        _delivered(message, revision=revision)
    else:
        _failed(message, failure)
    return failure


def _study_report_body(message: OutboxMessage, study: Study, identity: Identity) -> bytes:
    # One ID a revision, the same at each redelivery of it.
    message_id = uuid5(message.message_id, str(study.revision))
    try:
        return body_of(build_study_report(study, server_id=identity.server_id, message_id=message_id))
    except Exception as error:
        logger.exception("A study report cannot be built", extra={"study_instance_uid": message.subject})
        raise Unbuildable(f"The report cannot be built: {type(error).__name__}") from error


def _revision_is(study: Study, revision: int) -> bool:
    """Whether the study is still at `revision`, and stays so until the transaction ends."""
    rows = Study.objects.select_for_update(no_key=True).filter(pk=study.pk)
    return rows.values_list("revision", flat=True).first() in {revision, None}


def _post(message: OutboxMessage, portal: Portal, route: str, body: bytes) -> Failure:
    message.attempts += 1
    pause = pause_after(message.attempts)
    try:
        portal.post(route, body)
    except PortalUnreachable as error:
        failure, message.last_error = Failure.UNREACHABLE, str(error)[:300]
    except PortalBusy as error:
        failure, message.last_error = Failure.BUSY, str(error)[:300]
        pause = max(pause, min(error.retry_after or 0.0, 5 * LONGEST_PAUSE_SECONDS))
    except PortalRefused as error:
        failure, message.last_error = Failure.REFUSED, str(error)[:300]
    else:
        failure, message.last_error, pause = Failure.NONE, "", 0.0
    if failure is not Failure.NONE:
        logger.warning(
            "The portal did not take a message",
            extra={
                "kind": message.kind,
                "subject": message.subject,
                "attempts": message.attempts,
                "failure": failure.value,
                "reason": message.last_error,
            },
        )
    message.next_attempt_at = later(pause)
    return failure


def _delivered(message: OutboxMessage, *, revision: int | None) -> None:
    message.delivered_at = timezone.now()
    message.delivered_revision = revision
    message.failure, message.parked_at = Failure.NONE, None
    message.save()
    if message.kind == Kind.STUDY_REPORT:
        _parked_of_same_study(message).delete()


def _wait_for_growth(message: OutboxMessage) -> None:
    """The study changed while it was reported: report it again soon."""
    message.failure, message.last_error, message.attempts = Failure.NONE, "", 0
    message.next_attempt_at = timezone.now() + timedelta(seconds=GROWTH_SECONDS)
    message.save()


def _failed(message: OutboxMessage, failure: Failure) -> None:
    message.failure = failure
    if failure is Failure.REFUSED:
        message.parked_at = message.parked_at or timezone.now()
        message.next_attempt_at = later(PARKED_PAUSE_SECONDS)
        if message.kind == Kind.STUDY_REPORT:
            _parked_of_same_study(message).delete()
    message.save()


def _parked_of_same_study(message: OutboxMessage) -> QuerySet[OutboxMessage]:
    parked = OutboxMessage.objects.filter(kind=message.kind, subject=message.subject, delivered_at__isnull=True)
    return parked.filter(parked_at__isnull=False).exclude(pk=message.pk)

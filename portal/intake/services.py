"""Takes in what DICOM Servers send, each message once; delivered again, it changes nothing."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from audit.actors import ServerActor
from audit.services import (
    record_elsewhere_searched,
    record_instances_deleted,
    record_instances_sent,
    record_instances_stored,
    record_pixels_read,
    record_study_fetched,
    record_token_refused,
)
from audit.subjects import AuditedStudy
from portal.grants.audited import audited_study
from portal.grants.policy import explain
from portal.intake.models import ReceivedMessage
from portal.intake.readers import known_reader, reader_as_actor
from portal.orders import services as order_services
from portal.orders.selectors import as_wire, orders_after, orders_revision
from portal.servers.models import DicomServer
from portal.studies.selectors import held_study
from portal.studies.services import take_in_report
from wire.events import AccessEvent
from wire.messages import body_of
from wire.orders import MAX_ORDERS, Order, OrderReport, OrdersAnswer
from wire.studies import StudyReport

# A server that was shut away for a season still must not deliver an event a second time.
REMEMBERED_FOR: Final = timedelta(days=180)
# Half of what a server reads of an answer.
LONGEST_ANSWER_BYTES: Final = 4 * 1024 * 1024


@transaction.atomic
def take_in_study_report(*, server: DicomServer, report: StudyReport) -> bool:
    """Bring the catalogue up to date; False where the message was here before."""
    if not _is_first(server, report.message_id, "study_report"):
        return False
    take_in_report(server, report)
    return True


@transaction.atomic
def take_in_access_event(*, server: DicomServer, event: AccessEvent) -> bool:
    """Write into the audit what was read from a server or refused by it; False where the message was here before."""
    if not _is_first(server, event.message_id, event.kind):
        return False
    reader = known_reader(event.sub)
    actor = reader_as_actor(reader, event)
    study = held_study(server, event.study_instance_uid) if event.study_instance_uid else None
    subject = (
        audited_study(study)
        if study
        else AuditedStudy(
            study_instance_uid=event.study_instance_uid or "",
            server_id=str(server.pk),
            institution=server.institution.short_name,
        )
    )
    if event.kind == "instances_sent":
        record_instances_sent(actor=_sender(server, event), event=event, study=subject)
        return True
    by_machine = reader is None and event.peer is not None
    if event.kind == "instances_deleted":
        record_instances_deleted(actor=_sender(server, event) if by_machine else actor, event=event, study=subject)
        return True
    if event.kind == "elsewhere_searched":
        record_elsewhere_searched(actor=actor, event=event, study=subject)
        return True
    if event.kind == "study_fetched":
        record_study_fetched(actor=actor, event=event, study=subject)
        return True
    if event.kind == "token_refused":
        record_token_refused(actor=actor, event=event, study=subject)
        return True
    decision = explain(reader, study) if reader and study else None
    rule = decision.rule.value if decision and decision.allowed else ""
    if event.kind == "instances_stored":
        actor = _sender(server, event) if by_machine else actor
        record_instances_stored(actor=actor, event=event, study=subject, rule=rule)
    else:
        record_pixels_read(actor=actor, event=event, study=subject, rule=rule)
    return True


@transaction.atomic
def take_in_order_report(*, server: DicomServer, report: OrderReport) -> bool:
    """Note where an order stands; False where the message was here before."""
    if not _is_first(server, report.message_id, "order_report"):
        return False
    order_services.take_in_order_report(server=server, report=report)
    return True


def newer_orders(*, server: DicomServer, after_revision: int) -> OrdersAnswer:
    """Orders that changed after the revision, as many as one answer may hold, and whether there are more."""
    found = orders_after(server, after_revision, MAX_ORDERS + 1)
    orders: list[Order] = []
    size = 0
    for row in found[:MAX_ORDERS]:
        order = as_wire(row)
        size += len(body_of(order))
        if orders and size > LONGEST_ANSWER_BYTES:
            break
        orders.append(order)
    has_more = len(found) > len(orders)
    newest = orders_revision(server) or 0
    # Where the last changes were not of orders that are sent, the server need not ask for them again.
    revision = orders[-1].revision if has_more else max(newest, after_revision if orders else newest)
    return OrdersAnswer(orders=tuple(orders), revision=revision, has_more=has_more)


def prune_received_messages() -> int:
    """Forget messages that no server delivers again; return how many."""
    return ReceivedMessage.objects.filter(received_at__lt=timezone.now() - REMEMBERED_FOR).delete()[0]


def _sender(server: DicomServer, event: AccessEvent) -> ServerActor:
    """The server, which sent of itself or because a machine had asked it."""
    institution = server.institution.short_name
    return ServerActor(str(server.pk), server.name, institution, remote_address=event.remote_address)


def _is_first(server: DicomServer, message_id: UUID, kind: str) -> bool:
    """Note the message in the transaction that takes it in; a delivery at the same time waits here."""
    try:
        with transaction.atomic():
            ReceivedMessage.objects.create(server=server, message_id=message_id, kind=kind, received_at=timezone.now())
    except IntegrityError:
        return False
    return True

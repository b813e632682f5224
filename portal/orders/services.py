"""Places, changes and cancels orders, and takes in what DICOM Servers say of them."""

import hashlib
import json
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from audit.actors import Actor
from audit.services import record_order_act
from portal.accounts.models import User
from portal.grants.errors import NotYours
from portal.orders.columns import fill_columns, save_found
from portal.orders.errors import OrderBegun, OrderNotOurs, OrderNumberTaken
from portal.orders.models import Order, OrderFeed, Origin, State
from portal.orders.selectors import order_placed, order_to_change, reported_order_to_change
from portal.servers.models import DicomServer
from wire.orders import Order as WireOrder
from wire.orders import OrderReport
from wire.patient_facts import PatientFacts, newest_facts

# Letters and digits that nobody mistakes for each other.
_ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_NOT_CONTENT: Final = {"message_id", "server_id", "origin", "state", "changed_at", "performed_steps"}


@transaction.atomic
def place_order(*, actor: Actor, person: User, server: DicomServer, asked: dict[str, Any]) -> Order:
    """Place an order for a server that is the person's; `asked` are the fields of `wire.orders`, as plain JSON.

    The same order under the same placer order number is placed once. Raises OrderNumberTaken.
    """
    # First, as it is the lock on which two requests of the same number wait for each other.
    revision = _next_revision(server)
    digest = _digest(asked)
    number = asked.get("placer_order_number", "")
    known = order_placed(server, number) if number else None
    if known is not None:
        if known.asked_digest != digest:
            raise OrderNumberTaken
        return known
    now = timezone.now()
    pk = uuid4()
    order = Order(
        id=pk,
        order_id=pk,
        server=server,
        origin=Origin.PORTAL,
        asked_digest=digest,
        ordered_by=person,
        ordered_at=now,
    )
    _write(order, asked, revision, now)
    _record(actor, order, "placed")
    return order


@transaction.atomic
def change_order(*, actor: Actor, person: User, order_pk: UUID, changed: Callable[[Order], dict[str, Any]]) -> Order:
    """Change what is asked for, as long as nobody has begun; `changed` gives all of it, as in `place_order`.

    It is given the order as it is, which others cannot change meanwhile: what is said again of the patient is never
    older than what the server has just corrected. Raises NotYours, OrderBegun, OrderNotOurs, OrderNumberTaken.
    """
    order = _open_order(person, order_pk)
    asked = changed(order)
    number = asked.get("placer_order_number", "")
    other = order_placed(order.server, number) if number else None
    if other is not None and other.pk != order.pk:
        raise OrderNumberTaken
    _write(order, asked, _next_revision(order.server), timezone.now())
    _record(actor, order, "changed")
    return order


@transaction.atomic
def cancel_order(*, actor: Actor, person: User, order_pk: UUID, reason: str = "") -> Order:
    """Take an order back that nobody has begun; one that was cancelled stays so. As `change_order` raises."""
    known = order_to_change(person, order_pk)
    if known is not None and known.is_cancelled and known.state == State.CANCELLED:
        return known
    order = _open_order(person, order_pk)
    order.is_cancelled, order.state = True, State.CANCELLED
    order.cancelled_by, order.cancellation_reason = person, reason
    order.step_states = dict.fromkeys(order.step_states, State.CANCELLED.value)
    order.revision, order.changed_at = _next_revision(order.server), timezone.now()
    order.save()
    _record(actor, order, "cancelled", reason=reason)
    return order


def take_in_order_report(*, server: DicomServer, report: OrderReport) -> None:
    """Keep what the server says of an order, unless it said something newer already. In the caller's transaction."""
    order = reported_order_to_change(server, report.order_id)
    if order is None:
        if report.origin != "hl7":
            # Of an order that this portal does not know any more.
            return
        order = Order(server=server, order_id=report.order_id, origin=Origin.HL7, ordered_at=report.changed_at)
    if order.reported_revision >= report.revision:
        return
    dumped = report.model_dump(mode="json", exclude=_NOT_CONTENT | {"order_id", "revision"})
    if order.origin == Origin.HL7:
        for step in dumped["steps"]:
            step.pop("state")
        order.content = dumped
        order.changed_at = report.changed_at
    else:
        # The rest of such an order is the portal's own word.
        facts = newest_facts(portal=PatientFacts.of(order.content), server=PatientFacts.of(dumped))
        order.content = facts.in_content(order.content)
    fill_columns(order)
    # One that was cancelled here is still scheduled there until the server has heard of it.
    if not (order.is_cancelled and report.state.value == State.SCHEDULED):
        order.state = State(report.state.value)
        order.step_states = {step.scheduled_procedure_step_id: step.state.value for step in report.steps}
    order.performed_steps = [one.model_dump(mode="json") for one in report.performed_steps]
    order.reported_revision, order.reported_at = report.revision, timezone.now()
    save_found(order)


def _open_order(person: User, order_pk: UUID) -> Order:
    order = order_to_change(person, order_pk)
    if order is None:
        raise NotYours
    if order.origin != Origin.PORTAL:
        raise OrderNotOurs
    if order.state != State.SCHEDULED:
        raise OrderBegun
    return order


def _write(order: Order, asked: dict[str, Any], revision: int, now: datetime) -> None:
    """Fill in what nobody said, and keep the order as it will travel."""
    content = dict(asked)
    code = "".join(secrets.choice(_ALPHABET) for _ in range(11))
    content["placer_order_number"] = content.get("placer_order_number") or f"P{code}"
    content["accession_number"] = content.get("accession_number") or f"A{code}"
    content["requested_procedure_id"] = content.get("requested_procedure_id") or f"R{code}"
    # PS3.5 B.2: a UID of a UUID.
    content["study_instance_uid"] = content.get("study_instance_uid") or f"2.25.{uuid4().int}"
    for number, step in enumerate(content["steps"], start=1):
        step["scheduled_procedure_step_id"] = step.get("scheduled_procedure_step_id") or f"S{code}-{number}"
    travels = {**content, "order_id": order.order_id, "revision": revision, "is_cancelled": order.is_cancelled}
    checked = WireOrder.model_validate(travels, strict=False)
    content = checked.model_dump(mode="json", exclude={"order_id", "revision", "is_cancelled"})
    if not order.content:
        # What was said of the patient elsewhere since then is newer, even where it gets there before the order.
        said = {name for name, value in content["patient"].items() if _is_said(value)}
        content = PatientFacts(content["patient"], dict.fromkeys(said, now)).in_content(content)
    else:
        content = PatientFacts.of(order.content).changed(content["patient"], now).in_content(content)
    order.content = content
    order.revision, order.changed_at = revision, now
    order.step_states = {step["scheduled_procedure_step_id"]: State.SCHEDULED.value for step in order.content["steps"]}
    fill_columns(order)
    save_found(order)


def _is_said(value: Any) -> bool:
    return any(value.values()) if isinstance(value, dict) else bool(value)


def _next_revision(server: DicomServer) -> int:
    """The number of the next change for the server; whoever has it commits before anybody gets a later one."""
    OrderFeed.objects.bulk_create([OrderFeed(server=server)], ignore_conflicts=True)
    feed = OrderFeed.objects.select_for_update().get(server=server)
    feed.revision += 1
    feed.save(update_fields=["revision"])
    return feed.revision


def _digest(asked: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(asked, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _record(actor: Actor, order: Order, act: str, *, reason: str = "") -> None:
    patient = order.content["patient"]
    said = {"reason": reason} if reason else {}
    record_order_act(
        actor=actor,
        act=act,
        server_id=str(order.server_id),
        institution=order.server.institution.short_name,
        patient_identifiers=[patient["patient_id"]],
        study_instance_uid=order.study_instance_uid,
        details={"order_id": str(order.pk), "accession_number": order.accession_number, **said},
    )

"""Carries out one message and says how it went: AA only when its rows are committed."""

import logging
from collections.abc import Callable
from typing import Any, Final
from uuid import uuid4

from django.conf import settings
from django.db import Error as DatabaseFailure
from django.db import transaction
from django.utils import timezone
from pydantic import ValidationError

from dicomserver.hl7.messages import (
    ACCEPT,
    ERROR,
    REJECT,
    Header,
    Message,
    MessageRefused,
    acknowledgement,
    read_header,
)
from dicomserver.hl7.moments import said_at
from dicomserver.hl7.orders import Asked, asked_of, by_order, order_values
from dicomserver.hl7.patients import patient_of, prior_patient_id
from dicomserver.orders.models import Order, Origin, State
from dicomserver.orders.patients import lock_patients
from dicomserver.orders.selectors import order_by_numbers
from dicomserver.orders.services import cancel_order, move_patient, store_order, update_patient
from wire import orders as wire

logger = logging.getLogger(__name__)

VERSIONS: Final = ("2.3", "2.4", "2.5")
_PLACED: Final = frozenset({"NW", "XO", "SN", "SC", "RP"})
_TAKEN_BACK: Final = frozenset({"CA", "DC", "OC", "OD"})
# HL7 table 0038: with SC, an order that is not to be done any more.
_ENDED: Final = frozenset({"CA", "DC"})


def handle(data: bytes, remote_address: str) -> bytes:
    """The acknowledgement of the message in `data`; nothing that is in it makes this raise."""
    header: Header | None = None
    try:
        header = read_header(data, settings.HL7_CHARSET)
        _require_readable(header)
        with transaction.atomic():
            # Before any order is locked, which each of these does.
            lock_patients()
            _HANDLERS[header.kind](Message(data, header), header)
        code, text = ACCEPT, ""
    except MessageRefused as refusal:
        code, text = refusal.code, str(refusal)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
        code, text = ERROR, f"A value cannot be kept: {place}"
    except DatabaseFailure as error:
        logger.warning("A message cannot be kept: %s", type(error).__name__)
        code, text = ERROR, "It cannot be kept now. Send it again later."
    except Exception as error:  # noqa: BLE001 - the edge of the process: the peer must get an answer
        # Neither the message nor the values of an unknown error are logged: they may quote a patient.
        logger.error("A message failed unexpectedly: %s", type(error).__name__)
        code, text = ERROR, "It cannot be taken."
    extra = {"kind": header.kind[:40] if header else "", "code": code, "reason": text, "remote_address": remote_address}
    logger.log(logging.INFO if code == ACCEPT else logging.WARNING, "A message was answered", extra=extra)
    return acknowledgement(header, code, text, now=timezone.now(), application=settings.DICOM_AE_TITLE)


def _require_readable(header: Header) -> None:
    if header.kind not in _HANDLERS:
        raise MessageRefused(REJECT, f"Only {', '.join(_HANDLERS)} are taken.".replace("^", " "))
    version = header.field(12).split(header.separators[1])[0].strip()
    if not version.startswith(VERSIONS):
        raise MessageRefused(REJECT, f"Only versions {VERSIONS[0]} to {VERSIONS[-1]} are taken.")
    if not header.field(10):
        raise MessageRefused(REJECT, "MSH-10 holds no control ID.")


def _take_orders(message: Message, header: Header) -> None:
    for groups in by_order(asked_of(message)):
        head = groups[0]
        row = order_by_numbers(
            sender=header.sender,
            placer_order_number=head.placer_order_number,
            filler_order_number=head.filler_order_number,
        )
        if head.control in _TAKEN_BACK or (head.control == "SC" and head.status in _ENDED):
            _take_back(row, head)
        elif head.control in _PLACED:
            _place(message, header, groups, row)
        else:
            raise MessageRefused(ERROR, "ORC-1 asks for nothing that is done here.")


def _place(message: Message, header: Header, groups: list[Asked], row: Order | None) -> None:
    values = order_values(message, groups, row.content if row else None)
    values["study_instance_uid"] = values["study_instance_uid"] or f"2.25.{uuid4().int}"
    order = wire.Order.model_validate(values, strict=False)
    if row is None:
        row = Order(order_id=uuid4(), origin=Origin.HL7, sender=header.sender)
    store_order(row, order, said_at=said_at(header))


def _take_back(row: Order | None, head: Asked) -> None:
    if row is None:
        raise MessageRefused(ERROR, "There is no order of this number to take back.")
    if head.control in {"CA", "OC"} and row.state not in {State.SCHEDULED, State.CANCELLED}:
        raise MessageRefused(ERROR, "Work on the order has begun, or is over.")
    cancel_order(row)


def _update_patient(message: Message, header: Header) -> None:
    patient = patient_of(message)
    update_patient(patient["patient_id"], _said(patient), said_at=said_at(header))


def _merge_patients(message: Message, header: Header) -> None:
    patient = patient_of(message)
    prior = prior_patient_id(message)
    move_patient(prior, patient["patient_id"], _said(patient), said_at=said_at(header))


def _said(patient: dict[str, Any]) -> dict[str, Any]:
    """What the message says of the patient; what it leaves out stays as it is."""
    return {
        name: value
        for name, value in patient.items()
        if value and not (name == "patient_name" and not any(value.values()))
    }


_HANDLERS: Final[dict[str, Callable[[Message, Header], None]]] = {
    "ORM^O01": _take_orders,
    "OMI^O23": _take_orders,
    "ADT^A08": _update_patient,
    "ADT^A40": _merge_patients,
}

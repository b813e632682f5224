"""The orders of an ORM^O01 or OMI^O23 message, as the wire has them (IHE Radiology, RAD-4; HL7 2.5, chapter 4)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from dicomserver.hl7.messages import ERROR, Message, MessageRefused, Segment
from dicomserver.hl7.patients import date_of, patient_of, physician, technician, time_of
from wire.text import clean
from wire.uids import InvalidUid, parse_uid

_SHORT: Final = 16
_LINE: Final = 64
# HL7 table 0485, and DICOM's Requested Procedure Priority.
_PRIORITIES: Final = {"S": "STAT", "A": "HIGH", "R": "ROUTINE", "P": "ROUTINE", "C": "ROUTINE", "T": "ROUTINE"}


@dataclass
class Asked:
    """What one ORC, with the segments below it, asks for: the segments by name."""

    orc: Segment
    parts: dict[str, list[Segment]] = field(default_factory=dict)
    nothing: Segment = field(default_factory=lambda: Segment(None, []))

    def first(self, name: str) -> Segment:
        """The first segment of the name below the ORC; an empty one where there is none."""
        return self.parts.get(name, [self.nothing])[0]

    @property
    def control(self) -> str:
        """What is to be done: NW, XO, CA, DC, SC (HL7 table 0119)."""
        return self.orc.value(1).upper()

    @property
    def status(self) -> str:
        """Where the order stands for who sends (HL7 table 0038)."""
        return self.orc.value(5).upper()

    @property
    def placer_order_number(self) -> str:
        """ORC-2, else OBR-2."""
        return self.orc.value(2) or self.first("OBR").value(2)

    @property
    def filler_order_number(self) -> str:
        """ORC-3, else OBR-3."""
        return self.orc.value(3) or self.first("OBR").value(3)


def asked_of(message: Message) -> list[Asked]:
    """What the message asks for. Raises MessageRefused."""
    groups: list[Asked] = []
    for segment in message:
        if segment.name == "ORC":
            groups.append(Asked(segment))
        elif groups:
            groups[-1].parts.setdefault(segment.name, []).append(segment)
    if not groups:
        raise MessageRefused(ERROR, "There is no ORC segment.")
    for group in groups:
        if not group.placer_order_number and not group.filler_order_number:
            raise MessageRefused(ERROR, "ORC-2 and ORC-3 name no order.")
    return groups


def by_order(groups: list[Asked]) -> list[list[Asked]]:
    """The groups of one order together: those of one placer order number are steps of one procedure."""
    found: dict[tuple[str, str], list[Asked]] = {}
    for group in groups:
        found.setdefault((group.placer_order_number or group.filler_order_number, group.control), []).append(group)
    return list(found.values())


def order_values(message: Message, groups: list[Asked], known: dict[str, Any] | None) -> dict[str, Any]:
    """The fields of wire.orders.Order but IDs and revision; `known` is what is there already, whose UID stays.

    Raises MessageRefused.
    """
    head = groups[0]
    obr, visit = head.first("OBR"), message.first("PV1")
    if not obr:
        raise MessageRefused(ERROR, "There is no OBR segment below the ORC.")
    steps = [step for group in groups for step in _steps(message, group)]
    accession = _accession_number(head)
    code = _code(obr, 44, 1) or _code(obr, 4, 1)
    return {
        "placer_order_number": _number(head.placer_order_number, "ORC-2"),
        "filler_order_number": _number(head.filler_order_number, "ORC-3"),
        "accession_number": accession,
        "study_instance_uid": _study_uid(message, head) or (known or {}).get("study_instance_uid", ""),
        "requested_procedure_id": _procedure_id(head),
        "requested_procedure_description": clean(obr.value(44, 2) or obr.value(4, 2), _LINE),
        "requested_procedure_code": code,
        "requested_procedure_priority": _priority(head),
        "reason_for_the_requested_procedure": clean(obr.value(31, 2) or obr.value(31), _LINE),
        "requested_procedure_comments": clean(" ".join(one.value(3) for one in head.parts.get("NTE", [])), 1000),
        "requesting_physician_name": physician(head.orc, 12) if head.orc.value(12, 2) else physician(obr, 16),
        "referring_physician_name": physician(visit, 8),
        "requesting_service": clean(head.orc.value(17, 2) or head.orc.value(17), _LINE),
        "admission_id": clean(visit.value(19), _LINE),
        "current_patient_location": clean(
            " ".join(filter(None, (visit.value(3, component) for component in (1, 2, 3)))), _LINE
        ),
        "patient_transport_arrangements": clean(obr.value(30), _LINE),
        "patient": patient_of(message)
        | {"medical_alerts": clean(obr.value(13), _LINE), "patient_state": clean(obr.value(12, 2), _LINE)},
        "steps": steps,
        "is_cancelled": False,
        "order_id": UUID(int=0),
        "revision": 1,
    }


def _steps(message: Message, group: Asked) -> Iterator[dict[str, Any]]:
    """One step for each IPC; one altogether where there is none."""
    obr = group.first("OBR")
    when = _when(message, group)
    for number, ipc in enumerate(group.parts.get("IPC", [group.nothing]), start=1):
        modality = (ipc.value(5) or obr.value(24)).upper()
        if not modality or len(modality) > _SHORT:
            raise MessageRefused(ERROR, "Neither IPC-5 nor OBR-24 names a modality.")
        protocol = _code(ipc, 6, 1) or _code(obr, 4, 4)
        titles = [ipc.value(9, repetition=repetition) for repetition in range(ipc.repetitions(9))]
        step_id = ipc.value(4) or obr.value(20)
        yield {
            "scheduled_procedure_step_id": step_id or f"{_procedure_id(group)[:13]}-{number}",
            "modality": modality,
            "scheduled_station_ae_titles": [title for title in titles if title],
            "scheduled_station_name": clean(ipc.value(7), _SHORT),
            "scheduled_procedure_step_location": clean(ipc.value(8), _SHORT),
            "scheduled_start_date": date_of(when),
            "scheduled_start_time": time_of(when) or "000000",
            "scheduled_performing_physician_name": technician(obr, 34),
            "scheduled_procedure_step_description": clean(
                (protocol or {}).get("meaning", "") or obr.value(4, 5) or obr.value(4, 2), _LINE
            ),
            "scheduled_protocol_codes": [protocol] if protocol else [],
        }


def _when(message: Message, group: Asked) -> str:
    """When it is due; what says nothing is due when it was ordered."""
    obr = group.first("OBR")
    places = (
        *(group.first("TQ1").value(7), group.orc.value(7, 4), obr.value(27, 4), obr.value(36), obr.value(6)),
        *(group.orc.value(9), message.first("MSH").value(7)),
    )
    found = next((text for text in places if date_of(text)), "")
    if not found:
        raise MessageRefused(ERROR, "Neither TQ1-7, ORC-7 nor OBR-36 says when it is due.")
    return found


def _accession_number(group: Asked) -> str:
    obr = group.first("OBR")
    for text in (group.first("IPC").value(1), obr.value(18), group.filler_order_number, group.placer_order_number):
        if text and len(text) <= _SHORT:
            return text
    return ""


def _procedure_id(group: Asked) -> str:
    obr = group.first("OBR")
    found = group.first("IPC").value(2) or obr.value(19) or _accession_number(group)
    return found[:_SHORT] or group.placer_order_number[:_SHORT]


def _priority(group: Asked) -> str:
    obr = group.first("OBR")
    said = group.first("TQ1").value(9) or group.orc.value(7, 6) or obr.value(27, 6) or obr.value(5)
    return _PRIORITIES.get(said[:1].upper(), "")


def _study_uid(message: Message, group: Asked) -> str:
    text = group.first("IPC").value(3) or group.first("ZDS").value(1) or message.first("ZDS").value(1)
    if not text:
        return ""
    try:
        return parse_uid(text)
    except InvalidUid as error:
        raise MessageRefused(ERROR, "The Study Instance UID is none.") from error


def _code(segment: Segment, number: int, component: int) -> dict[str, str] | None:
    value, meaning, scheme = (segment.value(number, component + place) for place in range(3))
    if not value or len(value) > _SHORT:
        return None
    return {"value": value, "scheme": clean(scheme, _SHORT) or "99LOCAL", "meaning": clean(meaning or value, _LINE)}


def _number(text: str, place: str) -> str:
    if len(text) > _LINE:
        raise MessageRefused(ERROR, f"{place} has more than {_LINE} characters.")
    return clean(text, _LINE)

"""The patient of an HL7 message: identifiers, name and what else a worklist says (HL7 2.5, 3.4.2)."""

from typing import Any

from dicomserver.hl7.messages import ERROR, Message, MessageRefused, Segment
from wire.orders import MAX_OTHER_PATIENT_IDS
from wire.text import clean

_REPRESENTATIONS = {"I": "ideographic", "P": "phonetic"}
_LONGEST_ID = 64
# HL7 table 0009: pregnant.
_PREGNANT = "B6"


def patient_of(message: Message) -> dict[str, Any]:
    """The patient as the wire has them. Raises MessageRefused."""
    pid = message.first("PID")
    if not pid:
        raise MessageRefused(ERROR, "There is no PID segment.")
    patient_id, issuer, others = _identifiers(pid)
    if not patient_id:
        raise MessageRefused(ERROR, "PID-3 names no patient ID.")
    allergies = [one.value(3, 2) or one.value(3) for one in message if one.name == "AL1"]
    sex = pid.value(8).upper()
    return {
        "patient_id": patient_id,
        "issuer_of_patient_id": issuer,
        "other_patient_ids": others,
        "patient_name": _names(pid, 5),
        "patient_birth_date": date_of(pid.value(7)),
        "patient_sex": sex if sex in {"M", "F", "O"} else "",
        "allergies": clean(", ".join(filter(None, allergies)), 64),
        "pregnancy_status": 3 if message.first("PV1").value(15) == _PREGNANT else None,
        **_measures(message),
    }


def prior_patient_id(message: Message) -> str:
    """Whose ID is no more. Raises MessageRefused."""
    prior = message.first("MRG").value(1)
    if not prior:
        raise MessageRefused(ERROR, "MRG-1 names no patient ID.")
    if len(prior) > _LONGEST_ID:
        raise MessageRefused(ERROR, f"MRG-1 has an ID of more than {_LONGEST_ID} characters.")
    return prior


def physician(segment: Segment, field: int) -> dict[str, str]:
    """A person of a field of XCN, or of a plain name: ID^family^given^middle^suffix^prefix."""
    family, given, middle, suffix, prefix = (segment.value(field, component) for component in range(2, 7))
    return _name("^".join((family, given, middle, prefix, suffix)).rstrip("^"))


def technician(segment: Segment, field: int) -> dict[str, str]:
    """A person of a field of NDL: the name's parts are subcomponents of its first component."""
    parts = [segment.value(field, 1, part) for part in range(2, 7)]
    family, given, middle, suffix, prefix = parts
    return _name("^".join((family, given, middle, prefix, suffix)).rstrip("^"))


def date_of(text: str) -> str:
    """The day of a time stamp as DA; empty where it is none."""
    day = text[:8]
    return day if len(day) == 8 and day.isascii() and day.isdigit() else ""


def time_of(text: str) -> str:
    """The time of day of a time stamp as TM of six digits; empty where it has none."""
    time = text[8:].split("+", maxsplit=1)[0].split("-", maxsplit=1)[0].split(".", maxsplit=1)[0][:6]
    return f"{time:0<6}" if len(time) >= 2 and time.isascii() and time.isdigit() else ""


def _identifiers(pid: Segment) -> tuple[str, str, list[dict[str, str]]]:
    found = []
    for repetition in range(pid.repetitions(3)):
        identifier = pid.value(3, repetition=repetition)
        kind = pid.value(3, 5, repetition=repetition).upper()
        issuer = clean(pid.value(3, 4, repetition=repetition), _LONGEST_ID)
        if len(identifier) > _LONGEST_ID:
            raise MessageRefused(ERROR, f"PID-3 has an ID of more than {_LONGEST_ID} characters.")
        if identifier:
            # HL7 table 0203: NI and NNxxx are national.
            name = "national" if kind == "NI" or (kind.startswith("NN") and len(kind) == 5) else "other"
            found.append((identifier, issuer, name))
    if not found:
        return pid.value(2)[:_LONGEST_ID], "", []
    others = [{"identifier": one, "issuer": issuer, "kind": kind} for one, issuer, kind in found[1:]]
    return found[0][0], found[0][1], others[:MAX_OTHER_PATIENT_IDS]


def _names(pid: Segment, field: int) -> dict[str, str]:
    """The name in up to three representations (XPN-8)."""
    names = {"alphabetic": "", "ideographic": "", "phonetic": ""}
    for repetition in range(pid.repetitions(field)):
        parts = [pid.value(field, part, repetition=repetition) for part in range(1, 6)]
        family, given, middle, suffix, prefix = parts
        group = _REPRESENTATIONS.get(pid.value(field, 8, repetition=repetition).upper(), "alphabetic")
        name = _name("^".join((family, given, middle, prefix, suffix)).rstrip("^"))["alphabetic"]
        names[group] = names[group] or name
    return names


def _name(text: str) -> dict[str, str]:
    """A name whose parts hold no delimiter of DICOM's names."""
    return {"alphabetic": clean(text.replace("=", " ").replace("\\", " "), 64), "ideographic": "", "phonetic": ""}


def _measures(message: Message) -> dict[str, str]:
    """Weight in kilograms and size in metres, where the message says them so."""
    found = {}
    for segment in message:
        if segment.name == "OBX":
            what, unit = segment.value(3, 2).upper() or segment.value(3).upper(), segment.value(6).lower()
            number = _number(segment.value(5))
            if "WEIGHT" in what and number is not None and unit in {"kg", ""}:
                found["patient_weight"] = f"{number:g}"
            if "HEIGHT" in what and number is not None and unit in {"cm", "m"}:
                found["patient_size"] = f"{number / 100 if unit == 'cm' else number:g}"
    return found


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 < number < 1000 else None

"""What was last said of patients by ADT, for orders that come later: the last word stands, whichever came first.

An ADT message changes the orders that are there. One that overtakes its order on the way (another connection, a portal
that could not be reached, a RIS that sends again) would be lost for it, so the last word on each patient is kept for a
while. An order takes from it, fact by fact, what is newer than what it says itself; an order that is newer than the
ADT is right. A merged ID is no more, however new the order that still names it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.utils import timezone
from pydantic import ValidationError

from dicomserver.orders.models import PatientWord
from dicomserver.outbox.locks import Purpose, lock_until_commit
from wire import orders as wire
from wire.patient_facts import PatientFacts

KEPT_FOR: Final = timedelta(days=30)
MAX_PATIENTS: Final = 100_000
# Of merges of merges.
_MAX_STEPS: Final = 16
_TICK: Final = timedelta(microseconds=1)


@dataclass(frozen=True)
class _LastWord:
    """What is known of the patient whom an ID names, and the ID that they have now."""

    patient_id: str
    merged_at: datetime | None
    facts: PatientFacts


def lock_patients() -> None:
    """Let no order come in while an ADT is carried out, nor the other way round, until the transaction ends.

    Without it each could miss the other, which is not committed yet. Taken before any lock of an order.
    """
    lock_until_commit(Purpose.PATIENTS)


@transaction.atomic
def remember_patient(patient_id: str, said: Mapping[str, Any], said_at: datetime) -> None:
    """Keep what was said of the patient (wire names), but what is older than what is kept, or no value of its kind."""
    if not _is_sound("patient_id", patient_id):
        return
    word, _ = PatientWord.objects.select_for_update().get_or_create(patient_id=patient_id)
    moments = {name: datetime.fromisoformat(moment) for name, moment in word.said_at.items()}
    for name, value in said.items():
        if name != "patient_id" and _is_sound(name, value) and said_at >= moments.get(name, said_at):
            word.facts[name], moments[name] = value, said_at
    word.said_at = {name: moment.isoformat() for name, moment in moments.items()}
    if word.merged_at is not None and said_at > word.merged_at:
        # Of whom is spoken after the merge is somebody of their own again.
        word.merged_into, word.merged_at = "", None
    word.heard_at = timezone.now()
    word.save()


@transaction.atomic
def remember_merge(prior_patient_id: str, patient_id: str, said_at: datetime) -> None:
    """Keep that the prior ID is no more: it is the other one's."""
    is_sound = all(_is_sound("patient_id", one) for one in (prior_patient_id, patient_id))
    if prior_patient_id == patient_id or not is_sound:
        return
    word, _ = PatientWord.objects.select_for_update().get_or_create(patient_id=prior_patient_id)
    if word.merged_at is not None and word.merged_at > said_at:
        return
    word.merged_into, word.merged_at, word.heard_at = patient_id, said_at, timezone.now()
    word.save()
    # Two that were merged the other way round before.
    PatientWord.objects.filter(patient_id=patient_id, merged_into=prior_patient_id, merged_at__lte=said_at).update(
        merged_into="", merged_at=None
    )


def with_last_word(content: dict[str, Any], *, said_at: datetime) -> dict[str, Any]:
    """The order as plain JSON, of the patient with what was said later than the order says it.

    What the order has no moment of was said at `said_at`; what it leaves out was never said.
    """
    facts = PatientFacts.of(content)
    word = _last_word(facts.values["patient_id"])
    values: dict[str, Any] = {}
    moments: dict[str, datetime] = {}
    for name, moment in word.facts.changed_at.items():
        own = facts.changed_at.get(name, said_at)
        if word.facts.values[name] != facts.values.get(name) and (not _is_said(facts.values.get(name)) or moment > own):
            values[name], moments[name] = word.facts.values[name], moment
    if word.merged_at is not None:
        own = facts.changed_at.get("patient_id", said_at)
        values["patient_id"], moments["patient_id"] = word.patient_id, max(word.merged_at, own + _TICK)
    if not values:
        return content
    return PatientFacts({**facts.values, **values}, {**facts.changed_at, **moments}).in_content(content)


def prune_patients() -> int:
    """Forget what was said long ago, and the oldest of too many; returns of how many patients."""
    gone = PatientWord.objects.filter(heard_at__lt=timezone.now() - KEPT_FOR).delete()[0]
    last = PatientWord.objects.order_by("-heard_at", "-pk").values_list("heard_at", flat=True)[MAX_PATIENTS:][:1]
    for heard_at in last:
        gone += PatientWord.objects.filter(heard_at__lte=heard_at).delete()[0]
    return gone


def _last_word(patient_id: str) -> _LastWord:
    """What stands of the patient, after all merges."""
    merged_at = None
    for _ in range(_MAX_STEPS):
        word = PatientWord.objects.filter(patient_id=patient_id).first()
        if word is None:
            break
        if word.merged_at is None:
            moments = {name: datetime.fromisoformat(moment) for name, moment in word.said_at.items()}
            return _LastWord(patient_id, merged_at, PatientFacts(word.facts, moments))
        patient_id, merged_at = word.merged_into, max(word.merged_at, merged_at or word.merged_at)
    return _LastWord(patient_id, merged_at, PatientFacts({}, {}))


def _is_sound(name: str, value: object) -> bool:
    """Whether an order could say it: what nobody can order with must not keep orders out later."""
    patient = {"patient_id": "1", "patient_name": {"alphabetic": ""}, name: value}
    try:
        wire.OrderPatient.model_validate(patient, strict=False)
    except ValidationError:
        return False
    return True


def _is_said(value: object) -> bool:
    return any(value.values()) if isinstance(value, Mapping) else bool(value)

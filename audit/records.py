"""Writes one row of the log: cleans what goes into it, so that nothing hostile keeps an act from being recorded."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from django.utils import timezone

from audit.actors import Actor
from audit.models import LENGTHS, Action, AuditEvent, Outcome
from audit.subjects import AuditedStudy
from wire.text import clean, clean_identifier

BREAK_GLASS_RULE: Final = "break_glass"
_MAX_IDENTIFIERS: Final = 100
_MAX_ITEMS: Final = 200
_MAX_DEPTH: Final = 5
_NO_STUDY: Final = AuditedStudy(study_instance_uid="")


def record(
    *,
    action: Action,
    actor: Actor,
    outcome: Outcome = Outcome.ALLOWED,
    study: AuditedStudy | None = None,
    institution: str = "",
    server_id: str = "",
    patient_identifiers: Iterable[str] = (),
    rule: str = "",
    occurred_at: datetime | None = None,
    remote_address: str = "",
    details: Mapping[str, object] | None = None,
) -> AuditEvent:
    """Insert one event. What `study` says goes before `institution` and `server_id`. Use `audit.services` instead."""
    subject = study or _NO_STUDY
    return AuditEvent.objects.create(
        occurred_at=occurred_at or timezone.now(),
        action=action,
        outcome=outcome,
        patient_identifiers=_identifiers([*subject.patient_identifiers, *patient_identifiers]),
        details=_details(details or {}),
        **_texts(
            actor_id=actor.actor_id,
            actor_name=actor.name,
            actor_role=actor.role,
            actor_institution=actor.institution,
            study_instance_uid=subject.study_instance_uid,
            server_id=subject.server_id or server_id,
            institution=subject.institution or institution,
            study_summary=subject.summary,
            rule=rule,
            remote_address=remote_address or actor.remote_address,
            request_id=actor.request_id,
        ),
    )


def outcome_of(rule: str, *, break_glass: bool = False) -> Outcome:
    """Whatever break-glass opened counts as such, whoever writes the act."""
    return Outcome.BREAK_GLASS if break_glass or rule == BREAK_GLASS_RULE else Outcome.ALLOWED


def _texts(**texts: str) -> dict[str, str]:
    return {name: clean(text, LENGTHS[name]) for name, text in texts.items()}


def _identifiers(identifiers: Iterable[str]) -> list[str]:
    cleaned = dict.fromkeys(clean_identifier(identifier) for identifier in identifiers)
    return [identifier for identifier in cleaned if identifier][:_MAX_IDENTIFIERS]


def _details(details: Mapping[str, object]) -> dict[str, Any]:
    """The details that say something, as plain JSON."""
    cleaned = {clean(name, 100): _plain(value, _MAX_DEPTH) for name, value in details.items()}
    return {name: value for name, value in cleaned.items() if _says_something(value)}


def _says_something(value: object) -> bool:
    if isinstance(value, int) and not isinstance(value, bool):
        return True  # a count of 0 is an answer
    return bool(value)


def _plain(value: object, depth: int) -> Any:
    match value:
        case None | bool() | int():
            return value
        case datetime():
            return value.astimezone(UTC).isoformat() if timezone.is_aware(value) else value.isoformat()
        case Mapping() if depth:
            items = list(value.items())[:_MAX_ITEMS]
            return {clean(name, 100): _plain(item, depth - 1) for name, item in items}
        case list() | tuple() | set() | frozenset() if depth:
            return [_plain(item, depth - 1) for item in list(value)[:_MAX_ITEMS]]
        case _:
            return clean(value)

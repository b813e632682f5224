"""The rules of this server: made and removed by commands, read from memory by whoever commits instances."""

import re
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction

from dicomserver.access.models import Peer
from dicomserver.access.peers import peer_by_name
from dicomserver.forwarding.models import ForwardRule, Trigger

REFRESH_SECONDS: Final = 2.0

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,63}")
_CODE: Final = re.compile(r"[A-Z0-9 _]{1,16}")
_AE_TITLE: Final = re.compile(r"(?! )[ -\[\]-~]{1,16}(?<! )")
_MAX_PATTERN: Final = 128


class RuleError(ValueError):
    """The command cannot be carried out; the message says why."""


def listening_peer(name: str) -> Peer:
    """The peer of this name, which can be sent to. Raises RuleError."""
    peer = peer_by_name(name)
    if peer is None:
        raise RuleError(f"There is no peer {name!r}. Add it with add_peer.")
    if not peer.host:
        raise RuleError(f"The peer {name!r} does not listen. Say where it does with change_peer --host and --port.")
    return peer


def add_rule(name: str, *, destination: str, source: str = "", **values: Any) -> ForwardRule:
    """Forward by this rule from now on; `values` are fields of ForwardRule. Raises RuleError."""
    if not _NAME.fullmatch(name):
        raise RuleError("A name has 1 to 64 letters, digits, spaces, dots, hyphens or underscores.")
    origin = peer_by_name(source) if source else None
    if source and origin is None:
        raise RuleError(f"There is no peer {source!r}. Add it with add_peer.")
    rule = ForwardRule(name=name, destination=listening_peer(destination), source=origin, **_checked(values))
    with transaction.atomic():
        if ForwardRule.objects.filter(name=name).exists():
            raise RuleError(f"There is a rule {name!r} already. Remove it first.")
        rule.save()
        transaction.on_commit(known_rules.forget)
    return rule


def remove_rule(name: str) -> None:
    """Queue nothing more by this rule; what it queued is sent all the same. Raises RuleError."""
    with transaction.atomic():
        if not ForwardRule.objects.filter(name=name).delete()[0]:
            raise RuleError(f"There is no rule {name!r}.")
        transaction.on_commit(known_rules.forget)


def set_enabled(name: str, *, is_enabled: bool) -> None:
    """Queue by this rule from now on, or not. Raises RuleError."""
    with transaction.atomic():
        if not ForwardRule.objects.filter(name=name).update(is_enabled=is_enabled):
            raise RuleError(f"There is no rule {name!r}.")
        transaction.on_commit(known_rules.forget)


class RuleList:
    """The enabled rules with their peers, for one process, from memory that is a few seconds old at most."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: tuple[ForwardRule, ...] = ()
        self._read_at = float("-inf")

    def of(self, trigger: Trigger) -> list[ForwardRule]:
        """The rules that queue on this occasion, by name. Raises django.db.DatabaseError."""
        with self._lock:
            now = time.monotonic()
            if now - self._read_at >= REFRESH_SECONDS:
                enabled = ForwardRule.objects.filter(is_enabled=True, destination__disabled_at=None)
                self._rules = tuple(enabled.select_related("destination", "source").order_by("name"))
                self._read_at = now
            return [rule for rule in self._rules if rule.trigger == trigger]

    def forget(self) -> None:
        """Read the rules again at the next question."""
        self._read_at = float("-inf")


known_rules: Final = RuleList()


def _checked(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values in the form in which they are compared. Raises RuleError."""
    checked = dict(values)
    for field in ("modalities", "body_parts"):
        checked[field] = _words(checked.get(field, ()), _CODE, upper=True)
    for field in ("calling_ae_titles", "called_ae_titles"):
        checked[field] = _words(checked.get(field, ()), _AE_TITLE, upper=False)
    for field in ("study_description", "series_description"):
        if len(checked.get(field, "")) > _MAX_PATTERN:
            raise RuleError(f"A pattern has at most {_MAX_PATTERN} characters.")
    weekdays = sorted(set(checked.get("weekdays", ())))
    if any(day not in range(1, 8) for day in weekdays):
        raise RuleError("A day of the week is a number from 1 (Monday) to 7 (Sunday).")
    checked["weekdays"] = weekdays
    try:
        ZoneInfo(checked.setdefault("time_zone", "UTC"))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise RuleError(f"There is no time zone {checked['time_zone']!r}; one is called Europe/Chisinau.") from error
    return checked


def _words(given: Iterable[str], pattern: re.Pattern[str], *, upper: bool) -> list[str]:
    words = {word.strip().upper() if upper else word.strip() for word in given}
    wrong = sorted(word for word in words if not pattern.fullmatch(word))
    if wrong:
        raise RuleError(f"{wrong[0]!r} is none that DICOM knows.")
    return sorted(words)

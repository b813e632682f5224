"""Decides whether a rule holds for an instance: a plain question about plain facts."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from fnmatch import translate
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from dicomserver.access.callers import Caller, may_have_come_from
from dicomserver.access.models import Peer
from dicomserver.forwarding.models import ForwardRule

# Longer descriptions are no descriptions; what a peer sends must not make a pattern slow.
_MAX_DESCRIPTION: Final = 1024


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules ask about an instance; `caller` has no address where none is known any more."""

    caller: Caller
    modality: str
    body_part: str
    study_description: str
    series_description: str
    received_at: datetime


def matches(rule: ForwardRule, facts: Facts) -> bool:
    """Whether all conditions of the rule hold, and the instance did not come from where it would go."""
    return (
        _is_one_of(facts.modality, rule.modalities)
        and _is_one_of(facts.body_part, rule.body_parts)
        and _is_title_of(facts.caller.calling_ae_title, rule.calling_ae_titles)
        and _is_title_of(facts.caller.called_ae_title, rule.called_ae_titles)
        and _fits(facts.study_description, rule.study_description)
        and _fits(facts.series_description, rule.series_description)
        and _was_received_in_time(rule, facts.received_at)
        and (rule.source is None or _came_from(rule.source, facts.caller))
        and not is_back_to_sender(rule.destination, facts.caller)
    )


def is_back_to_sender(destination: Peer, caller: Caller) -> bool:
    """Whether the instance came from the destination, by whatever title it called this server."""
    anyhow = Caller(caller.calling_ae_title, destination.called_ae_title, caller.address)
    return may_have_come_from(destination, anyhow)


def _came_from(source: Peer, caller: Caller) -> bool:
    """Whether the instance came from the peer; of one that has addresses, from one of these."""
    return may_have_come_from(source, caller) and bool(caller.address or not source.addresses)


def folded(text: str) -> str:
    """The text without case, diacritics and spaces around: as descriptions are compared."""
    decomposed = unicodedata.normalize("NFKD", text[:_MAX_DESCRIPTION].strip().casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def _is_one_of(value: str, wanted: list[str]) -> bool:
    return not wanted or value.strip().upper() in wanted


def _is_title_of(value: str, wanted: list[str]) -> bool:
    return not wanted or value.strip() in wanted


def _fits(value: str, pattern: str) -> bool:
    return not pattern or _compiled(pattern).match(folded(value)) is not None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    # No character classes: a bracket in a description is a bracket.
    return re.compile(translate(folded(pattern).replace("[", "[[]")))


def _was_received_in_time(rule: ForwardRule, received_at: datetime) -> bool:
    if not rule.weekdays and rule.received_from is None and rule.received_until is None:
        return True
    local = received_at.astimezone(ZoneInfo(rule.time_zone))
    if rule.weekdays and local.isoweekday() not in rule.weekdays:
        return False
    begin, end, now = rule.received_from, rule.received_until, local.time()
    if begin is None or end is None:
        return (begin is None or now >= begin) and (end is None or now < end)
    return begin <= now < end if begin <= end else now >= begin or now < end

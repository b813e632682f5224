"""One thing that needs a person, as the console lists it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Matter(StrEnum):
    """What an alert is about, the most urgent first."""

    UNREACHABLE = "unreachable"
    NEVER_HEARD = "never_heard"
    TROUBLE = "trouble"
    CERTIFICATE = "certificate"
    DISK = "disk"
    OUTBOX = "outbox"
    FORWARDING = "forwarding"
    COMMITMENT = "commitment"
    EQUIPMENT = "equipment"
    SET_ASIDE = "set_aside"


@dataclass(frozen=True)
class Alert:
    """What happened and since when, the cause in a sentence, what it means for readers, and what to do."""

    matter: Matter
    title: str
    since: datetime | None
    cause: str
    effect: str
    advice: str

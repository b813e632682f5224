"""What ingest is told of an instance's way in, and what it answers."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from django.utils import timezone

from dicomserver.index.models import Origin


@dataclass(frozen=True, slots=True)
class Source:
    """Where an instance comes from, and when."""

    origin: Origin
    calling_ae_title: str = ""
    called_ae_title: str = ""
    remote_address: str = ""
    received_at: datetime = field(default_factory=timezone.now)


class Outcome(StrEnum):
    """What became of an instance; each is a success for the sender."""

    STORED = "stored"
    ALREADY_STORED = "already_stored"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Ingested:
    """The answer: durable and committed when it is given."""

    outcome: Outcome
    sop_class_uid: str
    sop_instance_uid: str
    study_instance_uid: str
    series_instance_uid: str

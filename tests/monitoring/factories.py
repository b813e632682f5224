"""Heartbeats and states of servers for tests."""

from datetime import timedelta
from uuid import uuid4

import factory
from django.utils import timezone

from monitoring.models import ServerState
from tests.portal.servers.factories import DicomServerFactory
from wire.examples import example
from wire.heartbeats import Heartbeat

GOLDEN = Heartbeat.model_validate_json(example("heartbeat"))


def make_heartbeat(server, **changes) -> Heartbeat:
    """The golden heartbeat as `server` would send it now, changed."""
    values = {"message_id": uuid4(), "server_id": server.pk, "sent_at": timezone.now()}
    return GOLDEN.model_copy(update={**values, **changes})


class ServerStateFactory(factory.django.DjangoModelFactory):
    """The state of a server that works and spoke a moment ago."""

    class Meta:
        model = ServerState

    server = factory.SubFactory(DicomServerFactory, last_contact_at=factory.LazyFunction(timezone.now))
    sent_at = factory.LazyFunction(timezone.now)
    received_at = factory.LazyFunction(timezone.now)
    started_at = factory.LazyFunction(lambda: timezone.now() - timedelta(days=2))
    archive_bytes_total = 4_000_000_000_000
    archive_bytes_free = 1_250_000_000_000
    number_of_studies = 18_240
    number_of_instances = 9_310_044
    outbox_waiting = 0
    outbox_oldest_waiting_since = None
    last_received_at = factory.LazyFunction(timezone.now)
    conflicts = 0
    quarantined = 0
    troubles: list[str] = []
    certificates: list[dict[str, str]] = []
    forwarding = None
    equipment: list[dict[str, object]] = []
    last_set_aside_at = None
    untold_commitments = None

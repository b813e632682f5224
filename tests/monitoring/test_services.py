"""Heartbeats that arrive at once are as good as one after the other."""

from datetime import timedelta

from django.utils import timezone

from monitoring.models import ServerState
from monitoring.services import take_in_heartbeat
from tests.monitoring.factories import make_heartbeat
from tests.portal.servers.factories import DicomServerFactory


def test_first_heartbeats_that_arrive_at_once_leave_one_state(at_once) -> None:
    server, now = DicomServerFactory(), timezone.now()
    beats = [make_heartbeat(server, sent_at=now - timedelta(seconds=number)) for number in range(6)]
    at_once(*(lambda beat=beat: take_in_heartbeat(server=server, heartbeat=beat, received_at=now) for beat in beats))
    assert ServerState.objects.count() == 1

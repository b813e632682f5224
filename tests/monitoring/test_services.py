"""Heartbeats that arrive at once are as good as one after the other."""

from datetime import timedelta

from django.utils import timezone

from monitoring.models import ServerState
from monitoring.services import take_in_heartbeat
from tests.monitoring.factories import make_heartbeat
from tests.portal.servers.factories import DicomServerFactory
from wire.keys import generate_sealing_key, sealing_key_text


def test_first_heartbeats_that_arrive_at_once_leave_one_state(at_once) -> None:
    server, now = DicomServerFactory(), timezone.now()
    beats = [make_heartbeat(server, sent_at=now - timedelta(seconds=number)) for number in range(6)]
    at_once(*(lambda beat=beat: take_in_heartbeat(server=server, heartbeat=beat, received_at=now) for beat in beats))
    assert ServerState.objects.count() == 1


def test_sealing_key_of_the_newest_heartbeat_is_kept(db: None) -> None:
    server, now = DicomServerFactory(), timezone.now()
    older, newer = (sealing_key_text(generate_sealing_key()) for _ in range(2))

    def take_in(key: str | None, *, minutes: int) -> str:
        server.refresh_from_db()
        beat = make_heartbeat(server, sent_at=now - timedelta(minutes=minutes), sealing_key=key)
        take_in_heartbeat(server=server, heartbeat=beat, received_at=now)
        server.refresh_from_db()
        return server.sealing_key

    assert take_in(older, minutes=3) == older
    assert take_in(newer, minutes=1) == newer
    assert take_in(older, minutes=2) == newer
    assert take_in(None, minutes=0) == newer

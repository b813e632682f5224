"""The figures for Prometheus: what waits for each destination, and which watched machines answer."""

import pytest

from dicomserver.dicomweb.metrics import exposition
from dicomserver.equipment import services
from dicomserver.forwarding.models import Forward
from dicomserver.forwarding.sending import forward_to
from tests.dicomserver.forwarding.places import destination, rule
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import small_ct

pytestmark = pytest.mark.django_db


def figures() -> dict[str, float]:
    lines = exposition()[0].decode().splitlines()
    wanted = [line for line in lines if line.startswith(("dicomserver_forwards_", "dicomserver_equipment_"))]
    return {name.removeprefix("dicomserver_"): float(value) for name, value in (line.rsplit(" ", 1) for line in wanted)}


def test_what_waits_and_who_answers_is_told(take_in: TakeIn) -> None:
    assert figures() == {}
    peer = destination(port=1, is_watched=True)
    rule(asks_commitment=True)
    take_in(small_ct())
    take_in(small_ct())
    forward_to(peer.pk)
    services.check(peer)
    Forward.objects.filter(pk=Forward.objects.order_by("pk")[0].pk).update(parked_at="2026-01-01T00:00:00Z")
    told = figures()
    assert told.pop('forwards_oldest_waiting_seconds{destination="pacs"}') < 600
    assert told == {
        'forwards_waiting{destination="pacs"}': 2,
        'forwards_parked{destination="pacs"}': 1,
        'forwards_uncommitted{destination="pacs"}': 0,
        'forwards_destination_up{destination="pacs"}': 0,
        'equipment_reachable{peer="pacs"}': 0,
    }

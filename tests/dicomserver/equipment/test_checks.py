"""Whether watched machines are there: asked by C-ECHO, noted with since when."""

from datetime import timedelta

import pytest
from django.utils import timezone

from dicomserver.access.models import Peer
from dicomserver.access.peers import add_peer, change_peer, known_peers
from dicomserver.equipment import services, tasks
from dicomserver.equipment.models import EquipmentCheck
from dicomserver.equipment.selectors import equipment_checks
from dicomserver.scu import Timeouts
from tests.dicomserver.scu.machines import VERIFICATION, listener_that_says, machine

pytestmark = pytest.mark.django_db

IMPLICIT = "1.2.840.10008.1.2"
MR = ("1.2.840.10008.5.1.4.1.1.4", [IMPLICIT])


def watch(name: str, port: int) -> Peer:
    values = {"ae_title": "MACHINE", "host": "127.0.0.1", "port": port, "services": []}
    peer = add_peer(name, is_watched=True, **values).peer
    known_peers.forget()
    return peer


def test_a_machine_that_answers_is_reachable() -> None:
    with machine((VERIFICATION, [IMPLICIT])) as place:
        check = services.check(watch("ct", place.port))
    assert check.is_reachable
    assert check.seconds is not None
    assert 0 < check.seconds < 10
    assert (check.reachable_at, check.unreachable_since, check.problem) == (check.checked_at, None, "")


def test_a_machine_that_goes_is_unreachable_since_the_first_time_and_comes_back() -> None:
    with machine((VERIFICATION, [IMPLICIT])) as place:
        peer = watch("ct", place.port)
        services.check(peer)
    first = services.check(peer)
    assert (first.is_reachable, first.seconds, first.unreachable_since) == (False, None, first.checked_at)
    assert first.problem == "The machine cannot be reached: connection refused."
    second = services.check(peer)
    assert second.unreachable_since == first.unreachable_since
    assert second.checked_at > first.checked_at
    assert second.reachable_at == first.reachable_at is not None
    with machine((VERIFICATION, [IMPLICIT])) as place:
        peer.port = place.port
        third = services.check(peer)
    assert (third.is_reachable, third.unreachable_since, third.problem) == (True, None, "")


@pytest.mark.parametrize("says", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", None])
def test_what_is_no_dicom_machine_is_unreachable(says: bytes | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "TIMEOUTS", Timeouts(1, 1, 1))
    with listener_that_says(says) as place:
        check = services.check(watch("odd", place.port))
    assert not check.is_reachable
    assert check.problem


def test_a_machine_that_knows_no_echo_is_said_to_refuse() -> None:
    with machine(MR) as place:
        check = services.check(watch("mr", place.port))
    assert check.problem.startswith("The machine refuses the association")


def test_each_watched_machine_is_asked_and_no_other() -> None:
    with machine((VERIFICATION, [IMPLICIT])) as place:
        watch("ct", place.port)
        watch("down", 1)
        add_peer("other", ae_title="OTHER", host="127.0.0.1", port=place.port, services=[])
        known_peers.forget()
        tasks.check_watched_equipment()
    assert [(check.peer.name, check.is_reachable) for check in equipment_checks()] == [("ct", True), ("down", False)]
    change_peer("down", is_watched=False)
    assert [check.peer.name for check in equipment_checks()] == ["ct"]
    assert EquipmentCheck.objects.filter(checked_at__gt=timezone.now() - timedelta(minutes=1)).count() == 2

"""The console counts and lists what needs a person: the servers themselves, and the machines around them."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from audit.models import AuditEvent
from monitoring.alerts import Alert
from monitoring.attention import alerts_of
from monitoring.console import console_of
from portal.institutions.models import Role
from tests.monitoring.factories import ServerStateFactory
from tests.portal.institutions.factories import MembershipFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _at_night():
    with time_machine.travel("2026-11-20T00:47:09+00:00", tick=False):  # 02:47:09 in Chișinău
        yield


def ago(**span: float) -> datetime:
    return timezone.now() - timedelta(**span)


def alerts(**values: Any) -> list[Alert]:
    return alerts_of(ServerStateFactory(server__name="Bălți Nord", **values).server, timezone.now())


def titles(**values: Any) -> list[str]:
    return [alert.title for alert in alerts(**values)]


def machine(name: str, silent_since: datetime | None = None, **changes: Any) -> dict[str, Any]:
    """A watched machine as a heartbeat tells of it."""
    return {
        "name": name,
        "ae_title": name.upper(),
        "reachable": silent_since is None,
        "checked_at": timezone.now().isoformat(),
        "answer_milliseconds": 12 if silent_since is None else None,
        "reachable_at": None,
        "unreachable_since": silent_since.isoformat() if silent_since else None,
    } | changes


def destination(name: str = "PACS", **changes: Any) -> dict[str, Any]:
    """What a heartbeat tells of the queues of one destination."""
    told = {
        "name": name,
        "waiting": 0,
        "parked": 0,
        "oldest_waiting_since": None,
        "unreachable_since": None,
        "uncommitted": 0,
        "oldest_uncommitted_since": None,
        "not_kept": 0,
    } | changes
    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in told.items()}


def forwarding(*destinations: dict[str, Any]) -> dict[str, Any]:
    totals = {key: sum(one[key] for one in destinations) for key in ("waiting", "parked", "uncommitted")}
    return totals | {"unreachable": 0, "oldest_waiting_since": None, "destinations": list(destinations)}


def test_a_machine_that_does_not_answer_needs_somebody_though_every_server_works() -> None:
    since = ago(hours=2)
    state = ServerStateFactory(
        server__name="Bălți Nord",
        equipment=[machine("CT 2", since, reachable_at=ago(hours=2, minutes=1).isoformat()), machine("MR")],
    )
    console = console_of([state.server])
    assert (console.title, console.second_line) == ("1 thing needs you", "1 of 1 server works.")
    (alert,) = console.alerts
    assert (alert.title, alert.since) == ("CT 2 does not answer", since)
    assert alert.cause == "Bălți Nord asks it each minute by C-ECHO (AE title CT 2). It answered last at 00:46."
    assert alert.effect == "What is made on it may not arrive, and what is meant for it waits."
    assert alert.advice.startswith("Look whether it is switched on and its line works.")


@pytest.mark.parametrize(("minutes", "count"), [(4, 0), (5, 1)])
def test_a_moment_of_silence_needs_nobody(minutes: int, count: int) -> None:
    assert len(titles(equipment=[machine("CT", ago(minutes=minutes))])) == count


def test_a_machine_that_never_answered_is_said_to_have_never() -> None:
    (alert,) = alerts(equipment=[machine("CT", ago(hours=1))])
    assert alert.cause.endswith("It has never answered.")


def test_many_silent_machines_are_one_thing() -> None:
    equipment = [machine(f"CT {count}", ago(minutes=9 + count)) for count in range(4)]
    (alert,) = alerts(equipment=[*equipment, machine("MR")])
    assert alert.title == "Bălți Nord: 4 of 5 machines do not answer"
    assert alert.since == ago(minutes=12)
    assert alert.cause.startswith("CT 0, CT 1, CT 2 and 1 more do not answer C-ECHO.")
    assert len(titles(equipment=equipment[:3])) == 3


def test_machines_that_nobody_asks_any_more_are_not_taken_for_working() -> None:
    old = ago(minutes=15)
    (alert,) = alerts(equipment=[machine("CT", checked_at=old.isoformat()), machine("MR", checked_at=old.isoformat())])
    assert (alert.title, alert.since) == ("Bălți Nord: nobody asks its machines", old)
    assert "run_transfers" in alert.advice


@pytest.mark.parametrize(
    ("told", "title"),
    [
        ({"unreachable_since": timedelta(minutes=5), "waiting": 1200}, "PACS takes nothing"),
        ({"unreachable_since": timedelta(minutes=4), "waiting": 1200}, None),
        ({"oldest_waiting_since": timedelta(hours=1), "waiting": 3}, "PACS: what waits for it grows old"),
        ({"oldest_waiting_since": timedelta(minutes=59), "waiting": 3}, None),
        ({"parked": 2, "waiting": 2}, "PACS refuses images"),
        (
            {"oldest_uncommitted_since": timedelta(hours=2), "uncommitted": 40},
            "PACS does not confirm what it was sent",
        ),
        ({"oldest_uncommitted_since": timedelta(minutes=119), "uncommitted": 40}, None),
        ({"not_kept": 1}, "PACS does not keep what it was sent"),
        ({"waiting": 5, "uncommitted": 5}, None),
    ],
)
def test_a_destination_that_does_not_do_its_part_needs_somebody(told: dict[str, Any], title: str | None) -> None:
    changes = {key: timezone.now() - value if isinstance(value, timedelta) else value for key, value in told.items()}
    assert titles(forwarding=forwarding(destination(**changes))) == ([title] if title else [])


def test_what_a_destination_is_missing_is_said_in_numbers() -> None:
    since = ago(minutes=9)
    (alert,) = alerts(forwarding=forwarding(destination(unreachable_since=since, waiting=1200, parked=3, not_kept=1)))
    assert alert.since == since
    assert alert.cause == (
        "Bălți Nord sends on to it, and has failed since 02:38: it cannot be reached, refuses, or is full."
    )
    assert alert.effect == "For it wait: 1\u202f200 images. They are safe, and go when it takes them."


def test_each_destination_has_its_own_alert() -> None:
    two = [destination("PACS", parked=1), destination("Teleradiology", unreachable_since=ago(hours=1))]
    assert titles(forwarding=forwarding(*two)) == ["PACS refuses images", "Teleradiology takes nothing"]


def test_a_server_of_an_older_version_that_names_no_destinations_does_no_harm() -> None:
    none = dict.fromkeys(("waiting", "parked", "uncommitted", "unreachable"), 0)
    assert titles(forwarding=none | {"oldest_waiting_since": None}) == []


@pytest.mark.parametrize(("minutes", "count"), [(59, 0), (60, 1)])
def test_a_machine_that_cannot_be_told_what_is_kept_needs_somebody(minutes: int, count: int) -> None:
    told = {"waiting": 2, "oldest_waiting_since": ago(minutes=minutes).isoformat()}
    found = alerts(untold_commitments=told)
    assert [alert.title for alert in found] == ["Bălți Nord: a machine cannot be told what is kept"] * count
    assert all(alert.cause.startswith("2 requests for storage commitment are answered") for alert in found)


@pytest.mark.parametrize(
    ("values", "count"),
    [
        ({"quarantined": 2, "last_set_aside_at": timedelta(days=6)}, 1),
        ({"quarantined": 2, "last_set_aside_at": timedelta(days=7)}, 0),
        ({"conflicts": 1, "last_set_aside_at": None}, 1),
        ({"conflicts": 0, "quarantined": 0, "last_set_aside_at": None}, 0),
    ],
)
def test_files_set_aside_lately_need_somebody(values: dict[str, Any], count: int) -> None:
    span = values.pop("last_set_aside_at")
    found = alerts(**values, last_set_aside_at=None if span is None else timezone.now() - span)
    assert len(found) == count
    if values.get("quarantined") and count:
        (alert,) = found
        assert (alert.title, alert.cause) == (
            "Bălți Nord: files were set aside",
            "2 not understood. Some files could not be understood.",
        )


def test_each_certificate_that_ends_is_named_and_a_full_disk_beside_it() -> None:
    certificates = [
        {"purpose": "dicom_tls", "subject": "CN=pacs", "not_after": ago(days=1).isoformat()},
        {"purpose": "dicom_tls_ca", "subject": "CN=Authority", "not_after": ago(days=-29).isoformat()},
        {"purpose": "dicom_tls_ca", "subject": "CN=Other", "not_after": ago(days=-31).isoformat()},
    ]
    assert titles(certificates=certificates, archive_bytes_free=0) == [
        "Bălți Nord: a certificate ended",
        "Bălți Nord: a certificate ends",
        "Bălți Nord: disk nearly full",
    ]


def test_a_full_disk_is_one_thing_not_two() -> None:
    assert titles(troubles=["archive_full"], archive_bytes_free=0) == ["Bălți Nord: disk full"]


def test_of_a_silent_server_nothing_else_is_told_as_if_it_were_known() -> None:
    server = {"server__last_contact_at": ago(hours=1)}
    found = titles(equipment=[machine("CT", ago(hours=2))], archive_bytes_free=0, **server)
    assert found == ["Bălți Nord: server unreachable"]


def test_the_most_urgent_comes_first_whatever_the_server() -> None:
    quiet = ServerStateFactory(server__name="A", equipment=[machine("CT", ago(hours=2))]).server
    disk = ServerStateFactory(server__name="B", archive_bytes_free=0).server
    away = ServerStateFactory(server__name="C", server__last_contact_at=ago(minutes=9)).server
    console = console_of([quiet, disk, away])
    assert console.title == "3 things need you"
    assert [one.title for one in console.alerts] == [
        "C: server unreachable",
        "B: disk nearly full",
        "CT does not answer",
    ]


def test_the_page_says_what_happened_what_it_means_and_what_to_do(client) -> None:
    state = ServerStateFactory(equipment=[machine("CT 2", ago(hours=2))])
    administrator = MembershipFactory(institution=state.server.institution, role=Role.INSTITUTION_ADMINISTRATOR).user
    client.force_login(administrator)
    page = client.get("/monitoring/").content.decode()
    for words in ("1 thing needs you", "CT 2 does not answer", "It has never answered.", "Effect:", "What to do:"):
        assert words in page
    assert "Nothing needs you" not in page
    assert AuditEvent.objects.filter(outcome="denied").count() == 0


def test_an_administrator_is_not_told_of_other_institutions_machines(client) -> None:
    own = ServerStateFactory().server
    ServerStateFactory(equipment=[machine("CT 2", ago(hours=2))])
    client.force_login(MembershipFactory(institution=own.institution, role=Role.INSTITUTION_ADMINISTRATOR).user)
    page = client.get("/monitoring/").content.decode()
    assert "Nothing needs you." in page
    assert "CT 2" not in page

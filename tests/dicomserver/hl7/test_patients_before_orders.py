"""ADT that comes before its order: what was said last stands, and an order that is newer is right."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from dicomserver.hl7.handling import handle
from dicomserver.identity import Identity
from dicomserver.orders import patients
from dicomserver.orders.models import Order, PatientWord
from dicomserver.orders.services import apply_order
from tests.dicomserver.hl7.made_messages import adt, orm
from tests.dicomserver.orders.made_orders import made_order, name

pytestmark = pytest.mark.django_db

EARLY, LATE, LATEST = "20261101080000", "20261101090000", "20261101100000"


def sent(message: str) -> str:
    return handle(message.encode(), "127.0.0.1").decode().split("\r")[1].split("|")[1]


def pid(patient_id: str, who: str, born: str = "") -> str:
    return f"PID|1||{patient_id}^^^Spitalul Clinic^PI||{who}||{born}"


def patient() -> tuple[str, str, str]:
    row = Order.objects.get()
    found = row.content["patient"]
    assert row.patient_id == found["patient_id"]
    return found["patient_id"], found["patient_name"]["alphabetic"], found["patient_birth_date"]


def test_a_name_that_was_corrected_before_the_order_got_here_stands(enrolled: Identity) -> None:
    assert sent(adt("ADT^A08", pid("H-77", "New^Name"), said=LATE)) == "AA"
    assert sent(orm(pid=pid("H-77", "Old^Name", "19620831"), said=EARLY)) == "AA"
    assert patient() == ("H-77", "New^Name", "19620831")


def test_an_order_that_is_newer_than_the_correction_is_right(enrolled: Identity) -> None:
    sent(adt("ADT^A08", pid("H-77", "Former^Name", "19500101"), said=EARLY))
    sent(orm(pid=pid("H-77", "Newest^Name"), said=LATE))
    # What the order leaves out it does not contradict.
    assert patient() == ("H-77", "Newest^Name", "19500101")


def test_of_two_corrections_the_newer_stands_in_whatever_order_they_come(enrolled: Identity) -> None:
    sent(adt("ADT^A08", pid("H-77", "Newest^Name"), said=LATEST))
    sent(adt("ADT^A08", pid("H-77", "Newer^Name", "19620831"), said=LATE))
    sent(orm(pid=pid("H-77", "Old^Name"), said=EARLY))
    assert patient() == ("H-77", "Newest^Name", "19620831")


@pytest.mark.parametrize("said", [EARLY, LATEST])
def test_an_order_for_an_id_that_is_no_more_is_for_the_one_that_stays(enrolled: Identity, said: str) -> None:
    sent(adt("ADT^A40^ADT_A39", pid("H-99", "Who^Stays"), "H-77", said=LATE))
    sent(orm(pid=pid("H-77", "Who^Went"), said=said))
    assert patient()[:2] == ("H-99", "Who^Stays" if said == EARLY else "Who^Went")


def test_merges_are_followed_to_the_last(enrolled: Identity) -> None:
    sent(adt("ADT^A40", pid("H-2", "Second^Name"), "H-1", said=EARLY))
    sent(adt("ADT^A40", pid("H-3", "Third^Name"), "H-2", said=LATE))
    sent(adt("ADT^A08", pid("H-3", "Third^Corrected"), said=LATEST))
    sent(orm(pid=pid("H-1", "First^Name"), said=EARLY))
    assert patient()[:2] == ("H-3", "Third^Corrected")


def test_merges_in_a_circle_end_with_the_last(enrolled: Identity) -> None:
    sent(adt("ADT^A40", pid("H-2", "Second^Name"), "H-1", said=EARLY))
    sent(adt("ADT^A40", pid("H-1", "First^Name"), "H-2", said=LATE))
    sent(orm(pid=pid("H-2", "Second^Name"), said=EARLY))
    assert patient()[:2] == ("H-1", "First^Name")


def test_merges_in_a_longer_circle_hold_nothing_up(enrolled: Identity) -> None:
    for prior, now in (("H-1", "H-2"), ("H-2", "H-3"), ("H-3", "H-1")):
        assert sent(adt("ADT^A40", pid(now, "A^Name"), prior, said=EARLY)) == "AA"
    assert sent(orm(pid=pid("H-1", "A^Name"), said=LATE)) == "AA"


def test_an_id_of_which_is_spoken_after_its_merge_is_somebodys_again(enrolled: Identity) -> None:
    sent(adt("ADT^A40", pid("H-99", "Who^Stays"), "H-77", said=EARLY))
    sent(adt("ADT^A08", pid("H-77", "Not^Merged"), said=LATE))
    sent(orm(pid=pid("H-77", "Old^Name"), said=EARLY))
    assert patient()[:2] == ("H-77", "Not^Merged")


def test_an_order_of_the_portal_hears_what_was_said_since_it_was_placed(enrolled: Identity) -> None:
    placed = datetime(2026, 11, 1, 8, 30, tzinfo=UTC)
    sent(adt("ADT^A08", pid("H-77", "New^Name", "19620831"), said=LATE))
    order = made_order(
        patient={"patient_id": "H-77", "patient_name": name("Old^Name"), "patient_birth_date": ""},
        patient_changed_at={"patient_id": placed.isoformat(), "patient_name": placed.isoformat()},
    )
    apply_order(order)
    assert patient() == ("H-77", "New^Name", "19620831")
    # And it outlives what the portal says before it has heard of it.
    apply_order(order.model_copy(update={"revision": order.revision + 1}))
    assert patient() == ("H-77", "New^Name", "19620831")


def test_an_order_of_the_portal_that_was_placed_later_is_right(enrolled: Identity) -> None:
    placed = datetime(2026, 11, 1, 9, 30, tzinfo=UTC).isoformat()
    sent(adt("ADT^A08", pid("H-77", "Former^Name"), said=LATE))
    who = {"patient_id": "H-77", "patient_name": name("Newest^Name")}
    apply_order(made_order(patient=who, patient_changed_at={"patient_id": placed, "patient_name": placed}))
    assert patient()[1] == "Newest^Name"
    # A portal that says no moments cannot be older than what came when it was asked.
    Order.objects.all().delete()
    apply_order(made_order(patient=who, patient_changed_at={}))
    assert patient()[1] == "Newest^Name"


def test_a_merge_is_told_of_the_portals_orders_too(enrolled: Identity) -> None:
    sent(adt("ADT^A40", pid("H-99", ""), "H-77", said=LATE))
    apply_order(made_order(patient={"patient_id": "H-77", "patient_name": name("A^Name")}, patient_changed_at={}))
    assert patient()[:2] == ("H-99", "A^Name")


@pytest.mark.parametrize(
    ("said", "stands"),
    [
        ("20261101090000+0200", "Old^Name"),
        ("20261101090000-0200", "New^Name"),
        # Without an offset it is the institution's: 07:00 UTC.
        ("20261101090000", "Old^Name"),
        ("202611010900.5", "Old^Name"),
        # What is no moment, or one to come, is when it came.
        ("", "New^Name"),
        ("20261101", "New^Name"),
        ("99999999999999", "New^Name"),
        ("20261301090000", "New^Name"),
        ("29990101000000", "New^Name"),
        ("20261101090000+9999", "New^Name"),
    ],
)
def test_messages_are_as_old_as_they_say(enrolled: Identity, settings: Settings, said: str, stands: str) -> None:
    settings.HL7_TIME_ZONE = "Europe/Chisinau"
    sent(adt("ADT^A08", pid("H-77", "New^Name"), said=said))
    assert sent(orm(pid=pid("H-77", "Old^Name"), said="20261101080000+0000")) == "AA"
    assert patient()[1] == stands


@pytest.mark.parametrize("born", ["00000000", "1962", "x" * 200])
def test_what_no_order_could_say_keeps_no_order_out(enrolled: Identity, born: str) -> None:
    assert sent(adt("ADT^A08", pid("H-77", "New^Name" + "x" * 300, born), said=LATE)) == "AA"
    assert sent(orm(pid=pid("H-77", "Old^Name"), said=EARLY)) == "AA"


def test_a_prior_id_without_bounds_is_refused(enrolled: Identity) -> None:
    assert sent(adt("ADT^A40", pid("H-99", "A^Name"), "H" * 65)) == "AE"
    assert not PatientWord.objects.exists()


def test_what_was_said_long_ago_or_of_too_many_is_forgotten(
    enrolled: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        sent(adt("ADT^A08", pid(f"H-{number}", "A^Name")))
        PatientWord.objects.filter(patient_id=f"H-{number}").update(
            heard_at=timezone.now() - timedelta(days=29, hours=number * 11)
        )
    assert patients.prune_patients() == 2
    monkeypatch.setattr(patients, "MAX_PATIENTS", 2)
    assert patients.prune_patients() == 1
    assert set(PatientWord.objects.values_list("patient_id", flat=True)) == {"H-0", "H-1"}


@pytest.mark.django_db(transaction=True)
def test_an_order_waits_for_a_correction_that_is_not_committed(enrolled: Identity, django_db_blocker: Any) -> None:
    def order() -> str:
        try:
            return sent(orm(pid=pid("H-77", "Old^Name"), said=EARLY))
        finally:
            connection.close()

    run: Callable[[], str] = order
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            assert sent(adt("ADT^A08", pid("H-77", "New^Name"), said=LATE)) == "AA"
            waiting = pool.submit(run)
            # Long enough for an order that did not wait to be kept without the name.
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_sleep(0.3)")
        assert waiting.result(20) == "AA"
    assert patient()[1] == "New^Name"

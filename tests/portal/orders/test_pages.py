"""The pages of orders: who finds them, what they show and record, and how an order is taken back."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.models import Action, AuditEvent, Outcome
from portal.institutions.models import Role
from portal.orders.lists import order_page
from portal.orders.models import Order, State
from portal.orders.services import take_in_order_report
from tests.portal.grants.factories import MembershipFactory, make_study
from tests.portal.orders.factories import place
from tests.portal.servers.factories import DicomServerFactory
from wire.examples import example
from wire.messages import parse
from wire.orders import OrderReport

pytestmark = pytest.mark.django_db
URL = "/orders/"
READERS = (Role.RADIOLOGIST, Role.INSTITUTION_ADMINISTRATOR)


@pytest.fixture
def server():
    return DicomServerFactory()


@pytest.fixture
def radiologist(server):
    return MembershipFactory(role=Role.RADIOLOGIST, institution=server.institution).user


def signed_in(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def client(radiologist):
    return signed_in(radiologist)


def at(day: str, time: str = "08:30", **step) -> dict[str, str]:
    return {"scheduled_procedure_step_start_date": day, "scheduled_procedure_step_start_time": time, **step}


def came_by_hl7(server, **changes) -> Order:
    values = json.loads(example("order_report")) | {
        "message_id": str(uuid4()),
        "server_id": str(server.pk),
        "order_id": str(uuid4()),
        "origin": "hl7",
        "sender": "RIS|HOSPITAL",
    }
    report = parse(OrderReport, json.dumps(values | changes).encode())
    take_in_order_report(server=server, report=report)
    return Order.objects.get(order_id=report.order_id)


def accessions(answer) -> list[str]:
    return [shown.order.accession_number for shown in answer.context["orders"]]


def test_orders_are_listed_by_when_they_are_due_the_last_first(client, radiologist, server) -> None:
    for number, (day, time) in enumerate([("2026-11-20", "09:00"), ("2026-11-22", "08:00"), ("2026-11-22", "14:15")]):
        place(radiologist, server, accession_number=f"L{number}", step=at(day, time))
    answer = client.get(URL)
    assert answer.status_code == 200
    assert accessions(answer) == ["L2", "L1", "L0"]
    html = answer.content.decode()
    for text in ("Țurcanu", "CT chest", "22 Nov 2026", "14:15", "CT_EAST", "Scheduled", "3 orders"):
        assert text in html
    assert 'aria-current="page"' in html
    assert "no-store" in answer.headers["Cache-Control"]
    event = AuditEvent.objects.get(action=Action.ORDERS_READ)
    assert event.details == {"results": 3}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"state": "cancelled"}, ["F3"]),
        ({"scheduled_after": "2026-11-22"}, ["F2", "F1"]),
        ({"scheduled_before": "2026-11-21"}, ["F3", "F0"]),
        ({"scheduled_after": "2026-11-22", "scheduled_before": "2026-11-22"}, ["F1"]),
        ({"search": "turcanu"}, ["F3", "F0"]),
        ({"search": "козл"}, ["F1"]),
        ({"search": "KOZLOVA anna"}, ["F1"]),
        ({"search": "H-77"}, ["F2"]),
        ({"search": "f2"}, ["F2"]),
        ({"search": "F1", "state": "scheduled"}, ["F1"]),
        ({"search": "nobody"}, []),
        ({"search": "...", "state": ""}, ["F2", "F1", "F3", "F0"]),
    ],
)
def test_the_list_is_narrowed(client, radiologist, server, asked, expected) -> None:
    place(radiologist, server, accession_number="F0", step=at("2026-11-20"))
    place(radiologist, server, accession_number="F1", step=at("2026-11-22"), patient={"patient_name": "Козлова^Анна"})
    place(
        radiologist,
        server,
        accession_number="F2",
        step=at("2026-11-23"),
        patient={"patient_id": "H-77", "patient_name": "Rusu^Elena"},
    )
    cancelled = place(radiologist, server, accession_number="F3", step=at("2026-11-21"))
    Order.objects.filter(pk=cancelled.pk).update(state=State.CANCELLED)
    assert accessions(client.get(URL, asked)) == expected


@pytest.mark.parametrize(
    "asked",
    [{"state": "lost"}, {"scheduled_after": "2026-02-31"}, {"search": "x" * 201}, {"scheduled_before": "now"}],
)
def test_a_filter_that_cannot_be_read_shows_nothing(client, radiologist, server, asked) -> None:
    place(radiologist, server)
    answer = client.get(URL, asked)
    assert (answer.status_code, accessions(answer)) == (200, [])
    assert "A filter cannot be read" in answer.content.decode()


def test_what_was_typed_about_a_patient_is_not_kept_but_an_identifier(client) -> None:
    client.get(URL, {"search": "Turcanu"})
    client.get(URL, {"search": "2980 1234 56786", "state": "scheduled"})
    named, numbered = AuditEvent.objects.filter(action=Action.ORDERS_READ).order_by("pk")
    assert (named.details["filters"], named.patient_identifiers) == ({"search": "…"}, [])
    assert numbered.details["filters"] == {"search": "…", "state": "scheduled"}
    assert numbered.patient_identifiers == ["2980123456786"]


def test_pages_follow_each_other_without_a_gap_over_several_servers(client, radiologist, server, monkeypatch) -> None:
    monkeypatch.setattr("portal.orders.pages.order_page", lambda *asked: order_page(*asked, size=3))
    other = DicomServerFactory(institution=server.institution)
    # Several at the same moment: the key decides.
    placed = [
        place(radiologist, one, accession_number=f"P{number}", step=at(f"2026-11-{20 + number // 4}"))
        for number, one in enumerate([server, other] * 4)
    ]
    seen, url = [], URL
    while url:
        answer = client.get(url, headers={"HX-Request": "true"})
        assert "<html" not in answer.content.decode()
        seen += accessions(answer)
        url = answer.context["next_url"]
    assert sorted(seen) == sorted(order.accession_number for order in placed)
    assert {int(one[1:]) // 4 for one in seen[:4]} == {1}
    assert accessions(client.get(URL, {"after": "2026.nowhere"})) == seen[:3]


def test_a_page_of_very_many_orders_reads_a_page_of_rows(client, radiologist, server) -> None:
    order = place(radiologist, server, accession_number="LAST", step=at("2026-11-30"))
    with connection.cursor() as cursor:
        columns = [field.column for field in Order._meta.concrete_fields]
        values = {
            "id": "gen_random_uuid()",
            "order_id": "gen_random_uuid()",
            "placer_order_number": "'N' || number",
            "scheduled_start": "to_char(timestamp '2026-01-01' + number * interval '1 minute', 'YYYYMMDDHH24MISS')",
            "state": "CASE WHEN number % 5000 = 0 THEN 'cancelled' ELSE 'completed' END",
        }
        chosen = ", ".join(values.get(column, column) for column in columns)
        cursor.execute(
            f"INSERT INTO orders_order ({', '.join(columns)}) "
            f"SELECT {chosen} FROM orders_order, generate_series(1, 20000) AS number"
        )
        cursor.execute("ANALYZE orders_order")
    for asked, shown in (({}, 50), ({"state": "cancelled"}, 4), ({"search": "LAST", "state": "scheduled"}, 1)):
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(URL, asked)
        assert len(answer.context["orders"]) == shown
        (page,) = (query["sql"] for query in queries if '"orders_order"."scheduled_start" DESC' in query["sql"])
        assert rows_read(page) <= 60, asked
    assert client.get(URL).context["count"].is_exact is False
    assert order.accession_number in client.get(URL, {"search": "LAST", "state": "scheduled"}).content.decode()


def rows_read(sql: str) -> int:
    """How many rows of orders the database looked at."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}")
        plan = cursor.fetchone()[0]
    found = json.loads(plan) if isinstance(plan, str) else plan
    return sum(
        int(node["Actual Rows"] * node["Actual Loops"]) + node.get("Rows Removed by Filter", 0)
        for node in nodes(found[0]["Plan"])
        if node.get("Relation Name") == "orders_order"
    )


def nodes(plan) -> list:
    return [plan, *(node for below in plan.get("Plans", []) for node in nodes(below))]


def test_an_order_is_opened_with_its_steps_and_who_sent_it(client, radiologist, server) -> None:
    order = place(radiologist, server, requesting_service="Pulmonology")
    html = client.get(f"{URL}{order.pk}/").content.decode()
    for text in ("Țurcanu", "31 Aug 1962", "2980 1234 5678 6", "CT chest with contrast", "Pulmonology", "CT_EAST"):
        assert text in html
    assert f"Placed at the portal by {radiologist.full_name}" in html
    assert "Take the order back" in html
    event = AuditEvent.objects.get(action=Action.ORDERS_READ)
    assert (event.patient_identifiers, event.details) == (["2980123456786"], {"order_id": str(order.pk)})


def test_an_order_of_hl7_names_its_sender_and_is_not_taken_back_here(client, server) -> None:
    order = came_by_hl7(server, state="scheduled")
    html = client.get(f"{URL}{order.pk}/").content.decode()
    assert "By HL7 from RIS, HOSPITAL" in html
    assert "Change it in the system that sent it" in html
    assert "Take the order back" not in html
    answer = client.post(f"{URL}{order.pk}/cancel/", {"reason": "Not needed"})
    assert answer.status_code == 409
    order.refresh_from_db()
    assert order.state == "scheduled"


def test_what_was_done_is_shown_and_the_study_is_linked_where_policy_lets_the_reader_see_it(client, server) -> None:
    order = came_by_hl7(server)
    administrator = MembershipFactory(role=Role.INSTITUTION_ADMINISTRATOR, institution=server.institution).user
    address = f"/studies/{order.study_instance_uid}/"
    html = client.get(f"{URL}{order.pk}/").content.decode()
    assert "21 Nov 2026, 08:41" in html
    assert address not in html
    make_study(server=server, study_instance_uid=order.study_instance_uid)
    assert f"{address}?server={server.pk}" in client.get(f"{URL}{order.pk}/").content.decode()
    seen = signed_in(administrator).get(f"{URL}{order.pk}/")
    assert seen.status_code == 200
    assert address not in seen.content.decode()


@pytest.mark.parametrize("role", READERS)
def test_an_order_is_taken_back_with_a_reason(server, radiologist, role) -> None:
    order = place(radiologist, server)
    person = MembershipFactory(role=role, institution=server.institution).user
    client = signed_in(person)
    answer = client.post(f"{URL}{order.pk}/cancel/", {"reason": "The patient did not come"})
    assert (answer.status_code, answer.url) == (302, f"{URL}{order.pk}/")
    order.refresh_from_db()
    assert (order.state, order.is_cancelled, order.revision) == ("cancelled", True, 2)
    html = client.get(answer.url).content.decode()
    assert f"{person.full_name}: " in html
    assert "The patient did not come" in html
    event = AuditEvent.objects.get(action=Action.ORDER_CANCELLED)
    assert event.details["reason"] == "The patient did not come"


@pytest.mark.parametrize("reason", ["", "   ", "no", "x" * 201])
def test_an_order_is_not_taken_back_without_a_reason(client, radiologist, server, reason) -> None:
    order = place(radiologist, server)
    answer = client.post(f"{URL}{order.pk}/cancel/", {"reason": reason})
    assert answer.status_code == 422
    assert "field-error" in answer.content.decode()
    order.refresh_from_db()
    assert (order.state, order.revision) == ("scheduled", 1)


def test_what_was_begun_is_not_taken_back(client, radiologist, server) -> None:
    order = place(radiologist, server)
    Order.objects.filter(pk=order.pk).update(state=State.IN_PROGRESS)
    answer = client.post(f"{URL}{order.pk}/cancel/", {"reason": "Too late"})
    assert answer.status_code == 409
    order.refresh_from_db()
    assert (order.state, order.is_cancelled) == ("in_progress", False)


@pytest.mark.parametrize("role", [role for role in Role if role not in READERS])
def test_other_roles_find_no_orders(radiologist, server, role) -> None:
    order = place(radiologist, server)
    client = signed_in(MembershipFactory(role=role, institution=server.institution).user)
    denied = AuditEvent.objects.filter(outcome=Outcome.DENIED)
    assert client.get(URL).status_code == 404
    assert client.get(f"{URL}{order.pk}/").status_code == 404
    assert client.post(f"{URL}{order.pk}/cancel/", {"reason": "Mischief"}).status_code == 404
    assert [event.details["tried"] for event in denied.order_by("pk")] == ["orders", "orders", "cancel_order"]
    order.refresh_from_db()
    assert order.state == "scheduled"


@pytest.mark.parametrize("role", READERS)
def test_another_institutions_people_see_their_own_orders_alone(radiologist, server, role) -> None:
    order = place(radiologist, server)
    client = signed_in(MembershipFactory(role=role, institution=DicomServerFactory().institution).user)
    assert accessions(client.get(URL)) == []
    assert client.get(f"{URL}{order.pk}/").status_code == 404
    assert client.post(f"{URL}{order.pk}/cancel/", {"reason": "Mischief"}).status_code == 404
    assert AuditEvent.objects.filter(outcome=Outcome.DENIED).count() == 2
    order.refresh_from_db()
    assert order.state == "scheduled"


def test_who_is_signed_out_is_led_to_the_sign_in() -> None:
    for answer in (Client().get(URL), Client().get(f"{URL}{uuid4()}/"), Client().post(f"{URL}{uuid4()}/cancel/")):
        assert answer.status_code == 302
        assert answer.url.startswith("/accounts/login/?next=/orders/")


def test_a_role_that_ended_opens_nothing(server) -> None:
    membership = MembershipFactory(role=Role.RADIOLOGIST, institution=server.institution)
    membership.ended_at = timezone.now() - timedelta(days=1)
    membership.save()
    assert signed_in(membership.user).get(URL).status_code == 404

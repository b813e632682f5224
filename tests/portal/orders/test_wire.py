"""Servers fetch the orders that are theirs and newer, and tell what became of them."""

import json
from uuid import uuid4

import pytest
from django.utils import timezone

from portal.institutions.models import Role
from portal.orders.models import Order
from portal.orders.services import cancel_order
from tests.portal.grants.factories import MembershipFactory, actor_for
from tests.portal.orders.factories import place
from tests.portal.servers.factories import DicomServerFactory, post_signed
from wire import routes
from wire.examples import example
from wire.heartbeats import Heartbeat, HeartbeatAnswer
from wire.messages import body_of, parse
from wire.orders import OrderReport, OrdersAnswer, OrdersRequest

pytestmark = pytest.mark.django_db


@pytest.fixture
def server():
    return DicomServerFactory()


@pytest.fixture
def person(server):
    return MembershipFactory(role=Role.RADIOLOGIST, institution=server.institution).user


def fetched(client, server, after=0) -> OrdersAnswer:
    asked = OrdersRequest(message_id=uuid4(), server_id=server.pk, after_revision=after)
    answer = post_signed(client, server, routes.ORDERS, body_of(asked))
    assert answer.status_code == 200
    return parse(OrdersAnswer, answer.content)


def told_revision(client, server) -> int | None:
    heartbeat = parse(Heartbeat, example("heartbeat")).model_copy(
        update={"message_id": uuid4(), "server_id": server.pk, "sent_at": timezone.now()}
    )
    answer = post_signed(client, server, routes.HEARTBEATS, body_of(heartbeat))
    return parse(HeartbeatAnswer, answer.content).orders_revision


def report_of(order, **changes) -> OrderReport:
    values = json.loads(example("order_report")) | {
        "message_id": str(uuid4()),
        "server_id": str(order.server_id),
        "order_id": str(order.order_id),
        "state": "in_progress",
        "revision": 10,
    }
    step = values["steps"][0] | {
        "scheduled_procedure_step_id": order.content["steps"][0]["scheduled_procedure_step_id"],
        "state": "in_progress",
    }
    return parse(OrderReport, json.dumps(values | {"steps": [step]} | changes).encode())


def tell(client, server, report) -> int:
    return post_signed(client, server, routes.ORDER_REPORTS, body_of(report)).status_code


def test_a_server_hears_of_orders_and_fetches_them(client, server, person) -> None:
    assert told_revision(client, server) is None
    first, second = place(person, server), place(person, server)
    assert told_revision(client, server) == 2
    answer = fetched(client, server)
    assert [order.order_id for order in answer.orders] == [first.pk, second.pk]
    assert (answer.revision, answer.has_more) == (2, False)
    assert answer.orders[0].patient.patient_name.alphabetic == "Țurcanu^Ștefan"
    assert answer.orders[0].steps[0].scheduled_start_time == "083000"
    assert [order.order_id for order in fetched(client, server, 1).orders] == [second.pk]
    assert fetched(client, server, 2) == OrdersAnswer(orders=(), revision=2, has_more=False)


def test_a_cancelled_order_is_fetched_again(client, server, person) -> None:
    order = place(person, server)
    cancel_order(actor=actor_for(person), person=person, order_pk=order.pk)
    (sent,) = fetched(client, server, 1).orders
    assert (sent.order_id, sent.revision, sent.is_cancelled) == (order.pk, 2, True)


def test_many_orders_come_in_several_answers(client, server, person, monkeypatch) -> None:
    monkeypatch.setattr("portal.intake.services.MAX_ORDERS", 2)
    orders = [place(person, server) for _ in range(5)]
    seen, after, answers = [], 0, 0
    while True:
        answer = fetched(client, server, after)
        seen += [order.order_id for order in answer.orders]
        after, answers = answer.revision, answers + 1
        if not answer.has_more:
            break
    assert (seen, after, answers) == ([order.pk for order in orders], 5, 3)


def test_an_answer_is_no_larger_than_a_server_reads(client, server, person, monkeypatch) -> None:
    monkeypatch.setattr("portal.intake.services.LONGEST_ANSWER_BYTES", 100)
    place(person, server)
    place(person, server)
    answer = fetched(client, server)
    assert (len(answer.orders), answer.revision, answer.has_more) == (1, 1, True)


def test_another_servers_orders_are_not_told(client, server, person) -> None:
    place(person, server)
    other = DicomServerFactory(institution=server.institution)
    assert fetched(client, other).orders == ()
    assert told_revision(client, other) is None


def test_a_report_says_where_an_order_stands(client, server, person) -> None:
    order = place(person, server)
    report = report_of(order)
    assert [tell(client, server, report), tell(client, server, report)] == [204, 204]
    order.refresh_from_db()
    step_id = order.content["steps"][0]["scheduled_procedure_step_id"]
    assert (order.state, order.step_states, order.reported_revision) == ("in_progress", {step_id: "in_progress"}, 10)
    assert [one["performed_station_ae_title"] for one in order.performed_steps] == ["CT_EAST"]
    assert order.content["requested_procedure_description"] == "CT chest"
    assert order.accession_number != report.accession_number


def test_an_older_report_changes_nothing(client, server, person) -> None:
    order = place(person, server)
    tell(client, server, report_of(order, state="completed", revision=20))
    assert tell(client, server, report_of(order, revision=15)) == 204
    order.refresh_from_db()
    assert (order.state, order.reported_revision) == ("completed", 20)


def test_an_order_that_came_by_hl7_is_known_here(client, server, person) -> None:
    made = place(person, server)
    order_id = str(uuid4())
    report = report_of(made, order_id=order_id, origin="hl7", state="scheduled")
    assert tell(client, server, report) == 204
    order = Order.objects.get(order_id=order_id)
    assert (order.origin, order.accession_number, order.modalities) == ("hl7", "A20881", ["CT"])
    client.force_login(person)
    shown = client.get(f"/api/v1/orders/{order.pk}/").json()
    assert (shown["origin"], shown["patient"]["patient_name"]) == ("hl7", "Țurcanu^Ștefan")
    assert (
        tell(client, server, report_of(made, order_id=order_id, origin="hl7", revision=11, accession_number="B1"))
        == 204
    )
    order.refresh_from_db()
    assert order.accession_number == "B1"
    # Not for the server to fetch: it has it.
    assert [one.order_id for one in fetched(client, server).orders] == [made.pk]


def corrected(order, name: str, at: str, **changes) -> OrderReport:
    """A report of a patient whose name was changed by HL7 at the server."""
    patient = {**order.content["patient"], "patient_name": {"alphabetic": name, "ideographic": "", "phonetic": ""}}
    moment = {"patient_changed_at": {"patient_name": at}}
    return report_of(order, **{"state": "scheduled", "patient": patient, **moment, **changes})


def test_an_order_says_when_its_patient_was_described(client, server, person) -> None:
    order = place(person, server)
    (sent,) = fetched(client, server).orders
    said = {name: moment for name, moment in sent.patient_changed_at.items() if moment == order.ordered_at}
    assert set(said) == set(sent.patient_changed_at)
    # What was not said has no moment: whoever says it adds to the order.
    assert {"patient_id", "patient_name"} <= set(said)
    assert not {name for name in said if not sent.patient.model_dump()[name]}


def test_a_name_corrected_at_the_server_is_known_here_and_never_pushed_back(client, server, person) -> None:
    order = place(person, server, requested_procedure_description="CT head")
    assert tell(client, server, corrected(order, "Țurcan^Ștefan", "2036-11-21T10:00:00Z")) == 204
    client.force_login(person)
    shown = client.get(f"/api/v1/orders/{order.pk}/").json()
    assert (shown["patient"]["patient_name"], shown["requested_procedure_description"]) == ("Țurcan^Ștefan", "CT head")
    answer = client.patch(
        f"/api/v1/orders/{order.pk}/", {"patient": {"allergies": "Latex"}}, content_type="application/json"
    )
    assert answer.status_code == 200
    (sent,) = fetched(client, server, 1).orders
    assert (sent.patient.patient_name.alphabetic, sent.patient.allergies) == ("Țurcan^Ștefan", "Latex")
    assert sent.patient_changed_at["patient_name"].isoformat() == "2036-11-21T10:00:00+00:00"
    assert sent.patient_changed_at["allergies"] > sent.patient_changed_at["patient_name"]


def test_a_merged_patients_order_is_found_here_under_the_id_that_stays(client, server, person) -> None:
    order = place(person, server)
    patient = {**order.content["patient"], "patient_id": "H-99"}
    told = report_of(order, patient=patient, patient_changed_at={"patient_id": "2036-11-21T10:00:00Z"})
    assert tell(client, server, told) == 204
    order.refresh_from_db()
    assert (order.patient_id, order.content["patient"]["patient_id"]) == ("H-99", "H-99")


def test_a_report_of_before_the_portals_own_correction_does_not_undo_it(client, server, person) -> None:
    order = place(person, server)
    client.force_login(person)
    body = {"patient": {"patient_name": "Țurcanu^Ștefan^Ion"}}
    assert client.patch(f"/api/v1/orders/{order.pk}/", body, content_type="application/json").status_code == 200
    assert tell(client, server, corrected(order, "Old^Name", "2020-01-01T10:00:00Z")) == 204
    assert tell(client, server, corrected(order, "Older^Name", "2020-01-01T10:00:00Z", patient_changed_at={})) == 204
    order.refresh_from_db()
    assert order.content["patient"]["patient_name"]["alphabetic"] == "Țurcanu^Ștefan^Ion"


def test_a_report_of_before_the_cancellation_does_not_bring_an_order_back(client, server, person) -> None:
    order = place(person, server)
    cancel_order(actor=actor_for(person), person=person, order_pk=order.pk)
    step = {**json.loads(example("order_report"))["steps"][0], "state": "scheduled"}
    step["scheduled_procedure_step_id"] = order.content["steps"][0]["scheduled_procedure_step_id"]
    before = json.loads(body_of(report_of(order, state="scheduled"))) | {"steps": [step], "performed_steps": []}
    assert tell(client, server, parse(OrderReport, json.dumps(before).encode())) == 204
    order.refresh_from_db()
    assert (order.state, set(order.step_states.values()), order.reported_revision) == ("cancelled", {"cancelled"}, 10)
    # A modality that had begun all the same.
    assert tell(client, server, report_of(order, revision=11)) == 204
    order.refresh_from_db()
    assert (order.state, set(order.step_states.values())) == ("in_progress", {"in_progress"})


def test_a_server_cannot_speak_of_anothers_order(client, server, person) -> None:
    order = place(person, server)
    other = DicomServerFactory()
    report = report_of(order, state="completed").model_copy(update={"server_id": other.pk})
    assert tell(client, other, report) == 204
    order.refresh_from_db()
    assert order.state == "scheduled"
    assert Order.objects.count() == 1


def test_a_message_of_another_server_is_refused(client, server) -> None:
    asked = OrdersRequest(message_id=uuid4(), server_id=uuid4(), after_revision=0)
    assert post_signed(client, server, routes.ORDERS, body_of(asked)).status_code == 403

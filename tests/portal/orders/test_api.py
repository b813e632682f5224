"""Orders for programs: placed once, changed and cancelled until somebody begins, and known to their institution."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client

from audit.models import Action, AuditEvent, Outcome
from portal.accounts.services import create_api_token
from portal.institutions.models import Role
from portal.orders.models import Order, OrderFeed, State
from tests.portal.grants.factories import MembershipFactory, actor_for
from tests.portal.orders.factories import order_body, place
from tests.portal.servers.factories import DicomServerFactory

pytestmark = pytest.mark.django_db
URL = "/api/v1/orders/"
JSON = "application/json"


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


def post(client, body, url=URL):
    return client.post(url, json.dumps(body), content_type=JSON)


def patch(client, order_id, body):
    return client.patch(f"{URL}{order_id}/", json.dumps(body), content_type=JSON)


def test_an_order_is_placed_with_what_nobody_said_filled_in(client, server, radiologist) -> None:
    answer = post(client, order_body(placer_order_number="RIS-1"))
    assert answer.status_code == 201
    shown = answer.json()
    assert (shown["placer_order_number"], shown["state"], shown["origin"]) == ("RIS-1", "scheduled", "portal")
    assert (shown["server"], shown["institution"]) == (str(server.pk), server.institution.code)
    assert shown["study_instance_uid"].startswith("2.25.")
    assert 1 < len(shown["accession_number"]) <= 16
    assert shown["patient"]["patient_name"] == "Țurcanu^Ștefan"
    assert shown["patient"]["patient_birth_date"] == "1962-08-31"
    (step,) = shown["scheduled_procedure_steps"]
    assert (step["scheduled_procedure_step_start_date"], step["scheduled_procedure_step_start_time"]) == (
        "2026-11-21",
        "08:30:00",
    )
    assert (step["state"], step["modality"], len(step["scheduled_procedure_step_id"]) <= 16) == (
        "scheduled",
        "CT",
        True,
    )
    assert shown["ordered_by"]["full_name"] == radiologist.full_name if "full_name" in shown["ordered_by"] else True
    event = AuditEvent.objects.get(action=Action.ORDER_PLACED)
    assert event.patient_identifiers == ["2980123456786"]
    assert (event.server_id, event.institution) == (str(server.pk), server.institution.short_name)
    assert client.get(f"{URL}{shown['id']}/").json() == shown


def test_the_same_order_again_is_the_one_that_there_is(client) -> None:
    first = post(client, order_body(placer_order_number="RIS-1"))
    again = post(client, order_body(placer_order_number="RIS-1"))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert Order.objects.count() == 1
    assert AuditEvent.objects.filter(action=Action.ORDER_PLACED).count() == 1


def test_another_order_under_the_same_number_is_refused(client) -> None:
    post(client, order_body(placer_order_number="RIS-1"))
    answer = post(client, order_body(placer_order_number="RIS-1", requested_procedure_description="CT head"))
    assert (answer.status_code, answer.json()["code"]) == (409, "order_number_taken")
    assert Order.objects.count() == 1


def test_orders_without_a_number_are_different_orders(client) -> None:
    numbers = {post(client, order_body()).json()["placer_order_number"] for _ in range(3)}
    assert len(numbers) == 3


def test_a_server_is_named_where_there_are_several(client, server) -> None:
    other = DicomServerFactory(institution=server.institution)
    assert post(client, order_body()).json()["code"] == "server_not_chosen"
    assert post(client, order_body(server=str(other.pk))).json()["server"] == str(other.pk)


def test_each_change_takes_the_next_number_of_its_server(client, server) -> None:
    first = post(client, order_body()).json()["id"]
    post(client, order_body())
    patch(client, first, {"requested_procedure_description": "CT abdomen"})
    post(client, {}, f"{URL}{first}/cancel/")
    assert OrderFeed.objects.get(server=server).revision == 4
    assert sorted(Order.objects.values_list("revision", flat=True)) == [2, 4]


def test_a_change_keeps_what_it_does_not_name(client) -> None:
    placed = post(client, order_body(requesting_service="Pulmonology")).json()
    answer = patch(
        client,
        placed["id"],
        {"patient": {"patient_name": "Țurcanu^Ștefan^Ion"}, "reason_for_the_requested_procedure": "Cough"},
    )
    assert answer.status_code == 200
    changed = answer.json()
    assert changed["patient"] == {**placed["patient"], "patient_name": "Țurcanu^Ștefan^Ion"}
    assert changed["reason_for_the_requested_procedure"] == "Cough"
    for name in ("requesting_service", "study_instance_uid", "accession_number", "scheduled_procedure_steps"):
        assert changed[name] == placed[name]
    assert AuditEvent.objects.filter(action=Action.ORDER_CHANGED).count() == 1


def test_steps_of_a_change_must_be_whole(client) -> None:
    placed = post(client, order_body()).json()
    answer = patch(client, placed["id"], {"scheduled_procedure_steps": [{"modality": "CT"}]})
    assert (answer.status_code, answer.json()["code"]) == (400, "request_invalid")


def test_a_cancelled_order_stays_so(client) -> None:
    placed = post(client, order_body()).json()
    for _ in range(2):
        answer = post(client, {}, f"{URL}{placed['id']}/cancel/")
        assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
        assert answer.json()["scheduled_procedure_steps"][0]["state"] == "cancelled"
    assert patch(client, placed["id"], {"allergies": ""}).json()["code"] == "order_begun"
    assert AuditEvent.objects.filter(action=Action.ORDER_CANCELLED).count() == 1


def test_why_an_order_is_cancelled_is_kept_and_recorded(client) -> None:
    placed = post(client, order_body()).json()
    assert placed["cancellation_reason"] == ""
    answer = post(client, {"reason": "The patient did not come"}, f"{URL}{placed['id']}/cancel/")
    assert (answer.status_code, answer.json()["cancellation_reason"]) == (200, "The patient did not come")
    event = AuditEvent.objects.get(action=Action.ORDER_CANCELLED)
    assert event.details["reason"] == "The patient did not come"
    # What was said first stands.
    again = post(client, {"reason": "Another reason"}, f"{URL}{placed['id']}/cancel/")
    assert (again.status_code, again.json()["cancellation_reason"]) == (200, "The patient did not come")
    assert AuditEvent.objects.filter(action=Action.ORDER_CANCELLED).count() == 1


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "   "}])
def test_an_order_is_cancelled_without_a_reason_too(client, body) -> None:
    placed = post(client, order_body()).json()
    answer = post(client, body, f"{URL}{placed['id']}/cancel/")
    assert (answer.status_code, answer.json()["state"], answer.json()["cancellation_reason"]) == (200, "cancelled", "")
    assert "reason" not in AuditEvent.objects.get(action=Action.ORDER_CANCELLED).details


def test_an_order_is_cancelled_without_a_body_too(client) -> None:
    placed = post(client, order_body()).json()
    answer = client.generic("POST", f"{URL}{placed['id']}/cancel/")
    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")


@pytest.mark.parametrize(
    "body", [{"reason": "no"}, {"reason": "x" * 201}, {"reason": None}, {"reason": "a\x07larm bell"}, ["reason"]]
)
def test_a_reason_that_cannot_be_kept_cancels_nothing(client, body) -> None:
    placed = post(client, order_body()).json()
    answer = post(client, body, f"{URL}{placed['id']}/cancel/")
    assert (answer.status_code, answer.json()["code"]) == (400, "request_invalid")
    assert Order.objects.get().state == State.SCHEDULED
    assert not AuditEvent.objects.filter(action=Action.ORDER_CANCELLED).exists()


@pytest.mark.parametrize("state", [State.IN_PROGRESS, State.COMPLETED, State.DISCONTINUED])
def test_what_was_begun_is_neither_changed_nor_cancelled(client, state) -> None:
    placed = post(client, order_body()).json()
    Order.objects.update(state=state)
    assert (patch(client, placed["id"], {}).status_code, patch(client, placed["id"], {}).json()["code"]) == (
        409,
        "order_begun",
    )
    assert post(client, {}, f"{URL}{placed['id']}/cancel/").json()["code"] == "order_begun"
    assert OrderFeed.objects.get().revision == 1


def test_what_came_by_hl7_is_read_only_here(client) -> None:
    placed = post(client, order_body()).json()
    Order.objects.update(origin="hl7")
    assert patch(client, placed["id"], {}).json()["code"] == "order_came_by_hl7"
    assert post(client, {}, f"{URL}{placed['id']}/cancel/").json()["code"] == "order_came_by_hl7"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (order_body(patient={"patient_id": ""}), "patient"),
        (order_body(patient={"patient_name": "a=b=c=d"}), "patient"),
        (order_body(patient={"patient_name": "x" * 65}), "patient"),
        (order_body(patient={"patient_name": "a\nb"}), "patient"),
        (order_body(patient={"patient_birth_date": "31.08.1962"}), "patient"),
        (order_body(patient={"pregnancy_status": 9}), "patient"),
        (order_body(scheduled_procedure_steps=[]), "scheduled_procedure_steps"),
        (order_body(step={"modality": "ct scan"}), "scheduled_procedure_steps"),
        (order_body(step={"scheduled_station_ae_titles": ["CT\\EAST"]}), "scheduled_procedure_steps"),
        (order_body(step={"scheduled_procedure_step_start_time": "25:00"}), "scheduled_procedure_steps"),
        (order_body(study_instance_uid="../1.2"), "study_instance_uid"),
        (order_body(accession_number="A" * 17), "accession_number"),
        (order_body(requested_procedure_priority="SOON"), "requested_procedure_priority"),
        (order_body(placer_order_number="a\u0000b"), "placer_order_number"),
        ([], "non_field_errors"),
    ],
)
def test_what_no_worklist_could_hold_is_refused(client, body, field) -> None:
    answer = post(client, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "request_invalid")
    assert field in answer.json()["detail"]
    assert not Order.objects.exists()


def test_orders_are_listed_newest_first_and_narrowed(client, radiologist, server) -> None:
    first = place(radiologist, server, accession_number="A1")
    second = place(
        radiologist,
        server,
        accession_number="A2",
        step={"modality": "MR", "scheduled_procedure_step_start_date": "2026-12-01"},
    )

    def listed(**asked) -> list[str]:
        answer = client.get(URL, asked)
        assert answer.status_code == 200, answer.json()
        return [one["id"] for one in answer.json()["results"]]

    assert listed() == [str(second.pk), str(first.pk)]
    assert listed(modality="MR") == [str(second.pk)]
    assert listed(accession_number="A1") == [str(first.pk)]
    assert listed(scheduled_after="2026-11-30") == [str(second.pk)]
    assert listed(scheduled_before="2026-11-30") == [str(first.pk)]
    assert listed(state="cancelled") == []
    assert listed(server=str(server.pk), patient_id="2980123456786") == [str(second.pk), str(first.pk)]
    assert listed(study_instance_uid=first.study_instance_uid) == [str(first.pk)]
    assert client.get(URL, {"ward": "3"}).status_code == 400
    assert client.get(URL, {"scheduled_after": "2026-02-31"}).status_code == 400
    assert AuditEvent.objects.filter(action=Action.ORDERS_READ).count() == 8


def test_a_program_with_a_token_places_orders_and_one_that_only_reads_does_not(radiologist, server) -> None:
    for is_read_only, status in ((False, 201), (True, 403)):
        _, token = create_api_token(
            actor=actor_for(radiologist),
            person=radiologist,
            name="RIS",
            lifetime=timedelta(days=1),
            is_read_only=is_read_only,
        )
        headers = {"Authorization": f"Token {token}"}
        answer = Client().post(URL, json.dumps(order_body()), content_type=JSON, headers=headers)
        assert answer.status_code == status


def everybody_else(server) -> dict[str, Client]:
    here, elsewhere = server.institution, DicomServerFactory().institution
    roles = {role: MembershipFactory(role=role, institution=here).user for role in Role}
    others = {
        f"{role} here": person
        for role, person in roles.items()
        if role not in {Role.RADIOLOGIST, Role.INSTITUTION_ADMINISTRATOR}
    }
    others |= {
        f"{role} elsewhere": MembershipFactory(role=role, institution=elsewhere).user
        for role in (Role.RADIOLOGIST, Role.INSTITUTION_ADMINISTRATOR)
    }
    return {name: signed_in(person) for name, person in others.items()}


def test_others_find_nothing_and_leave_one_event_each(radiologist, server) -> None:
    order = place(radiologist, server)
    for name, other in everybody_else(server).items():
        asked = [
            lambda other=other: other.get(f"{URL}{order.pk}/"),
            lambda other=other: patch(other, order.pk, {"allergies": "None"}),
            lambda other=other: post(other, {}, f"{URL}{order.pk}/cancel/"),
            lambda other=other: post(other, order_body(server=str(server.pk))),
        ]
        for number, ask in enumerate(asked):
            before = AuditEvent.objects.filter(outcome=Outcome.DENIED).count()
            assert ask().status_code == 404, (name, number)
            assert AuditEvent.objects.filter(outcome=Outcome.DENIED).count() == before + 1, (name, number)
        listed = other.get(URL)
        assert listed.status_code == 404 or listed.json()["results"] == [], name
    order.refresh_from_db()
    assert (order.state, order.revision, Order.objects.count()) == ("scheduled", 1, 1)


def test_nobody_is_told_to_sign_in(radiologist, server) -> None:
    order = place(radiologist, server)
    for answer in (
        Client().get(URL),
        post(Client(), order_body()),
        Client().get(f"{URL}{order.pk}/"),
        patch(Client(), order.pk, {}),
        post(Client(), {}, f"{URL}{order.pk}/cancel/"),
    ):
        assert answer.status_code == 401
    assert Order.objects.count() == 1


def test_an_administrator_of_the_institution_may_too(server) -> None:
    person = MembershipFactory(role=Role.INSTITUTION_ADMINISTRATOR, institution=server.institution).user
    assert post(signed_in(person), order_body()).status_code == 201


def test_an_order_that_there_is_not_is_not_found(client) -> None:
    assert client.get(f"{URL}{uuid4()}/").status_code == 404

"""The log is for auditors: to everybody else it does not exist, and their try is in it."""

import pytest
from django.urls import reverse

from audit.models import AuditEvent
from portal.institutions.models import Role
from tests.audit.factories import CHEST, make_event, make_person

pytestmark = pytest.mark.django_db

PAGE = "/audit/"
API = "/api/v1/audit-events/"
OTHERS = [None, *(role for role in Role if role != Role.AUDITOR)]


def newest():
    return AuditEvent.objects.order_by("-id").first()


def signed_in(client, role, code="nistru"):
    person = make_person("somebody", role, code)
    client.force_login(person)
    return person


def test_addresses_are_those_of_the_design():
    assert (reverse("audit:list"), reverse("audit-event-list")) == (PAGE, API)


def test_page_sends_whoever_is_signed_out_to_sign_in(client):
    make_event(study=CHEST)
    answer = client.get(PAGE)
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/?next=/audit/")
    assert AuditEvent.objects.count() == 1


def test_api_turns_whoever_is_signed_out_away_and_records_it(client):
    make_event(study=CHEST)
    answer = client.get(API)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
    assert AuditEvent.objects.count() == 2
    assert (newest().action, newest().outcome, newest().actor_role) == ("access_denied", "denied", "not_signed_in")
    assert newest().details == {"tried": "audit"}


@pytest.mark.parametrize("role", OTHERS, ids=str)
@pytest.mark.parametrize("address", [PAGE, API, f"{PAGE}?patient=NC-004417", f"{API}?study_instance_uid=../.."])
def test_to_others_the_log_does_not_exist_and_their_try_is_recorded(client, role, address):
    person = signed_in(client, role)
    make_event(study=CHEST)
    before = AuditEvent.objects.count()
    answer = client.get(address)
    assert answer.status_code == 404
    assert "NC-004417" not in answer.content.decode().replace(address, "")
    assert AuditEvent.objects.count() == before + 1
    event = newest()
    assert (event.action, event.outcome, event.actor_id) == ("access_denied", "denied", str(person.subject))
    assert event.details == {"tried": "audit"}


@pytest.mark.parametrize("code", ["nistru", "codru"])
@pytest.mark.parametrize("address", [PAGE, API])
def test_auditor_of_any_institution_reads_the_whole_log_and_is_recorded(client, address, code):
    person = signed_in(client, Role.AUDITOR, code)
    make_event(study=CHEST)
    before = AuditEvent.objects.count()
    answer = client.get(address, {"patient": "2002 0620 3145 8"})
    assert answer.status_code == 200
    assert "CT 20 Nov 2026, chest" in answer.content.decode()
    assert AuditEvent.objects.count() == before + 1
    event = newest()
    assert (event.action, event.outcome) == ("audit_read", "allowed")
    assert (event.actor_id, event.actor_role, event.actor_institution) == (
        str(person.subject),
        "auditor",
        code.title(),
    )
    assert event.details == {"filters": {"patient": "2002 0620 3145 8"}, "results": 1}
    assert "2002062031458" in event.patient_identifiers


def test_superuser_flag_opens_nothing(client):
    person = make_person("root", None)
    person.is_superuser = person.is_staff = True
    person.save()
    client.force_login(person)
    assert client.get(PAGE).status_code == 404
    assert client.get(API).status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
@pytest.mark.parametrize("address", [PAGE, API])
def test_even_an_auditor_cannot_write(client, address, method):
    signed_in(client, Role.AUDITOR)
    make_event(study=CHEST)
    before = list(AuditEvent.objects.values())
    assert getattr(client, method)(address).status_code == 405
    assert list(AuditEvent.objects.values()) == before

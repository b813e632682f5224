"""The import page: for radiologists of an institution with a DICOM Server, and for nobody else."""

import re
from typing import Any

import pytest
from django.test import Client

from audit.models import AuditEvent
from portal.accounts.models import User
from portal.institutions.models import Role
from portal.orders.services import cancel_order
from portal.studies.models import Study
from tests.portal.grants.factories import actor_for, make_patient_study
from tests.portal.institutions.factories import MembershipFactory
from tests.portal.orders.factories import place
from tests.portal.servers.factories import DicomServerFactory
from tests.portal.studies.factories import make_name, make_patient_report

pytestmark = pytest.mark.django_db


def client_of(role: Role) -> tuple[Client, object]:
    """Somebody signed in with the role, and their institution's server."""
    membership = MembershipFactory.create(role=role)
    server = DicomServerFactory.create(
        institution=membership.institution, dicomweb_url="https://images.hospital.test/dicomweb"
    )
    client = Client()
    client.force_login(membership.user)
    return client, server


def test_a_radiologist_sends_to_the_server_of_their_institution() -> None:
    client, server = client_of(Role.RADIOLOGIST)
    DicomServerFactory.create(dicomweb_url="https://elsewhere.test/dicomweb")
    response = client.get("/import/")
    assert response.status_code == 200
    html = response.content.decode()
    assert f"/api/v1/servers/{server.pk}/errands/" in html  # type: ignore[attr-defined]
    assert 'aria-current="page"' in html
    policy = response.headers["Content-Security-Policy"]
    assert "https://images.hospital.test" in policy
    assert "https://elsewhere.test" not in policy
    assert "no-store" in response.headers["Cache-Control"]


@pytest.mark.parametrize("role", [role for role in Role if role != Role.RADIOLOGIST])
def test_other_roles_find_no_page(role: Role) -> None:
    client, _ = client_of(role)
    assert client.get("/import/").status_code == 404
    assert "/import/" not in client.get("/", follow=True).content.decode()
    assert AuditEvent.objects.filter(details__tried="import").count() == 1


def test_who_is_signed_out_is_led_to_the_sign_in(client: Client) -> None:
    response = client.get("/import/")
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/accounts/login/?next=/import/")


def chosen(client: Client, server: Any, kind: str, text: str) -> list[str]:
    """The values of what the page offers for these words."""
    answer = client.post("/import/choices/", {"kind": kind, "text": text, "server": str(server.pk)})
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    return re.findall(r'value="([^"]*)"', answer.content.decode())


@pytest.fixture
def desk() -> tuple[Client, Any, Any]:
    """A radiologist's browser, their server, and a study there of Ștefan Țurcanu."""
    client, server = client_of(Role.RADIOLOGIST)
    patient = make_patient_report(
        patient_id="P-4711",
        patient_name=make_name("Țurcanu^Ștefan"),
        other_patient_ids=(),
        patient_birth_date="19620831",
        patient_sex="M",
    )
    study = make_patient_study(server, patient=patient, study_date="20260203", accession_number="ACC-0815")
    return client, server, study


@pytest.mark.parametrize("text", ["turcanu", "ȘTEF țurc", "P-4711", "p 47 11", "ACC-0815"])
def test_a_study_and_its_patient_are_found_while_one_types(desk: tuple[Client, Any, Any], text: str) -> None:
    client, server, study = desk
    make_patient_study(server)
    make_patient_study(patient=make_patient_report(patient_name=make_name("Țurcanu^Ștefan"), patient_id="P-4711"))
    assert chosen(client, server, "study", text) == [study.study_instance_uid]
    assert chosen(client, server, "patient", text) == [study.study_instance_uid]


def test_dates_are_written_as_on_all_pages(desk: tuple[Client, Any, Any]) -> None:
    client, server, _ = desk
    radiologist = User.objects.get(pk=client.session["_auth_user_id"])
    place(radiologist, server, accession_number="ACC-9")
    for kind, words in (
        ("study", ["born 31 Aug 1962", "3 Feb 2026", "Male", "ACC ACC-0815"]),
        ("patient", ["born 31 Aug 1962", "last study 3 Feb 2026", "Male"]),
        ("order", ["born 31 Aug 1962", "ordered for 21 Nov 2026", "Male", "ACC ACC-9", "2980 1234 5678 6"]),
    ):
        body = {"kind": kind, "text": "turcanu", "server": str(server.pk)}
        page = " ".join(client.post("/import/choices/", body).content.decode().split())
        for word in words:
            assert word in page, (kind, word)
        assert "1962-" not in page


def test_of_a_patient_the_newest_study_stands_for_all(desk: tuple[Client, Any, Any]) -> None:
    client, server, study = desk
    newer = make_patient_study(server)
    Study.objects.filter(pk=newer.pk).update(
        patient=study.patient, search_vector=study.search_vector, first_received_at=study.first_received_at
    )
    assert newer.pk > study.pk
    assert chosen(client, server, "patient", "turcanu") == [newer.study_instance_uid]
    assert len(chosen(client, server, "study", "turcanu")) == 2


@pytest.mark.parametrize(
    "text", ["turcanu", "Ștefan Țur", "2980 1234 5678 6", "29801234", "acc-44", "AC C-44", "P-77", "chest turc"]
)
def test_an_order_is_found_by_name_number_and_description(desk: tuple[Client, Any, Any], text: str) -> None:
    client, server, _ = desk
    person = User.objects.get(pk=client.session["_auth_user_id"])
    place(person, server, accession_number="ACC-44", placer_order_number="P-77")
    place(person, server, accession_number="B-1", patient={"patient_id": "X-1", "patient_name": "Rusu^Ana"})
    assert chosen(client, server, "order", text) == ["ACC-44"]


def test_an_order_that_the_server_has_not_got_yet_cannot_be_chosen(desk: tuple[Client, Any, Any]) -> None:
    client, server, _ = desk
    person = User.objects.get(pk=client.session["_auth_user_id"])
    order = place(person, server, accession_number="ACC-5")
    body = {"kind": "order", "text": "ACC-5", "server": str(server.pk)}
    early = client.post("/import/choices/", body).content.decode()
    assert "disabled" in early
    assert "Still on its way to the DICOM Server." in early
    order.reported_at = order.ordered_at
    order.save()
    late = client.post("/import/choices/", body).content.decode()
    assert "ACC-5" in late
    assert "disabled" not in late
    assert "Still on its way" not in late


def test_cancelled_orders_and_those_of_other_servers_are_not_offered(desk: tuple[Client, Any, Any]) -> None:
    client, server, _ = desk
    person = User.objects.get(pk=client.session["_auth_user_id"])
    cancelled = place(person, server, accession_number="ACC-1")
    cancel_order(actor=actor_for(person), person=person, order_pk=cancelled.pk)
    second = DicomServerFactory.create(institution=server.institution)
    place(person, second, accession_number="ACC-2")
    stranger = MembershipFactory.create(role=Role.RADIOLOGIST)
    place(stranger.user, DicomServerFactory.create(institution=stranger.institution), accession_number="ACC-3")
    assert chosen(client, server, "order", "turcanu") == []
    assert chosen(client, second, "order", "turcanu") == ["ACC-2"]


@pytest.mark.parametrize("kind", ["study", "patient", "order"])
@pytest.mark.parametrize("text", ["", "t", "--", "zzz", "'; drop", "\0\0\0", "%" * 300, "x" * 5000])
def test_words_that_say_nothing_find_nothing(desk: tuple[Client, Any, Any], kind: str, text: str) -> None:
    client, server, _ = desk
    assert chosen(client, server, kind, text) == []


def test_of_very_many_eight_are_shown_and_the_rest_is_told(desk: tuple[Client, Any, Any]) -> None:
    client, server, _ = desk
    for number in range(9):
        make_patient_study(server, study_description=f"zebra {number}")
    for kind in ("study", "patient"):
        body = {"kind": kind, "text": "zebra", "server": str(server.pk)}
        page = client.post("/import/choices/", body).content.decode()
        assert page.count("data-choice") == 8
        assert "There are more." in page


def test_looking_is_recorded_without_names(desk: tuple[Client, Any, Any]) -> None:
    client, server, _ = desk
    chosen(client, server, "study", "turcanu")
    chosen(client, server, "order", "P-4711")
    looked, read = AuditEvent.objects.filter(action__in=["worklist_queried", "orders_read"]).order_by("pk")
    assert (looked.action, looked.details["results"], looked.patient_identifiers) == ("worklist_queried", 1, [])
    assert (read.action, read.details["results"], read.patient_identifiers) == ("orders_read", 0, ["P4711"])
    assert "turcanu" not in str(looked.details)


@pytest.mark.parametrize("role", [role for role in Role if role != Role.RADIOLOGIST])
def test_other_roles_are_offered_nothing(role: Role) -> None:
    client, server = client_of(role)
    body = {"kind": "study", "text": "turcanu", "server": str(server.pk)}  # type: ignore[attr-defined]
    assert client.post("/import/choices/", body).status_code == 404
    assert AuditEvent.objects.filter(details__tried="import").count() == 1


@pytest.mark.parametrize("changes", [{"server": ""}, {"server": "x"}, {"kind": "person"}, {"kind": ""}])
def test_what_is_not_asked_rightly_is_not_there(desk: tuple[Client, Any, Any], changes: dict[str, str]) -> None:
    client, server, _ = desk
    body = {"kind": "study", "text": "turcanu", "server": str(server.pk), **changes}
    assert client.post("/import/choices/", body).status_code == 404
    other = DicomServerFactory.create()
    assert client.post("/import/choices/", {**body, "server": str(other.pk)}).status_code == 404

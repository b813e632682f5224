"""Who may not: anonymous, stranger, the other institution's administrator, a colleague; each try leaves one event."""

import pytest
from django.utils import timezone

from audit.models import Action, AuditEvent
from portal.grants.models import Revocation
from portal.institutions.models import Role
from portal.sharing.models import ShareLink
from tests.portal.grants.factories import MembershipFactory, UserFactory, make_patient_study, radiologist_of
from tests.portal.sharing.factories import make_link

pytestmark = pytest.mark.django_db
ABSENT = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def made():
    return make_link(study=make_patient_study())


def outsiders(made):
    institution = made.link.grant.study.server.institution
    return {
        "stranger": UserFactory(),
        "the other institution's administrator": MembershipFactory(role=Role.INSTITUTION_ADMINISTRATOR).user,
        "radiologist of another institution": MembershipFactory(role=Role.RADIOLOGIST).user,
        "colleague": radiologist_of(institution),
        "system administrator": MembershipFactory(role=Role.SYSTEM_ADMINISTRATOR).user,
        "auditor": MembershipFactory(role=Role.AUDITOR).user,
    }


def events_after(before):
    return [event.action for event in AuditEvent.objects.filter(pk__gt=before)]


def newest() -> int:
    return AuditEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def untouched(made) -> bool:
    link = ShareLink.objects.get()
    return link == made.link and link.opens_at(timezone.now()) and not Revocation.objects.exists()


@pytest.mark.parametrize("link_id", ["theirs", ABSENT])
@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("get", "/api/v1/share-links/{id}/"),
        ("delete", "/api/v1/share-links/{id}/"),
        ("post", "/sharing/links/{id}/revoke/"),
    ],
)
def test_a_link_of_others_is_absent(client, made, method, address, link_id):
    url = address.format(id=made.link.pk if link_id == "theirs" else link_id)
    for who, person in outsiders(made).items():
        client.force_login(person)
        before = newest()
        assert getattr(client, method)(url).status_code == 404, who
        assert events_after(before) == [Action.ACCESS_DENIED], who
    assert untouched(made)


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("get", "/api/v1/share-links/", 401),
        ("post", "/api/v1/share-links/", 401),
        ("get", "/api/v1/share-links/{id}/", 401),
        ("delete", "/api/v1/share-links/{id}/", 401),
        ("get", "/sharing/", 302),
        ("post", "/sharing/links/{id}/revoke/", 302),
        ("get", "/studies/{uid}/share/", 302),
        ("post", "/studies/{uid}/share/", 302),
    ],
)
def test_nobody_who_is_signed_out_reads_makes_or_takes_back(client, made, method, address, status):
    url = address.format(id=made.link.pk, uid=made.link.grant.study.study_instance_uid)
    before = newest()
    assert getattr(client, method)(url).status_code == status
    assert events_after(before) == [Action.ACCESS_DENIED]
    assert untouched(made)


@pytest.mark.parametrize("method", ["get", "post"])
def test_who_may_not_share_gets_no_form_and_makes_no_link(client, made, method):
    institution = made.link.grant.study.server.institution
    administrator = MembershipFactory(institution=institution, role=Role.INSTITUTION_ADMINISTRATOR).user
    people = {name: person for name, person in outsiders(made).items() if name != "colleague"}
    url = f"/studies/{made.link.grant.study.study_instance_uid}/share/"
    for who, person in {**people, "administrator of the owner": administrator}.items():
        client.force_login(person)
        before = newest()
        answer = getattr(client, method)(url, {"label": "x", "life": "7", "max_uses": "1"})
        assert answer.status_code == 404, who
        assert events_after(before) == [Action.ACCESS_DENIED], who
    assert untouched(made)


def test_a_list_shows_no_link_of_others(client, made):
    for person in outsiders(made).values():
        client.force_login(person)
        assert client.get("/api/v1/share-links/").json()["results"] == []
        assert "data-link=" not in client.get("/sharing/").content.decode()

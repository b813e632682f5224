"""Only the DICOM Server that signed a message gets it in; people, strangers and other servers get nothing."""

import pytest
from knox.models import AuthToken

from audit.models import AuditEvent
from portal.institutions.models import Role
from portal.studies.models import Study
from tests.portal.accounts.factories import UserFactory
from tests.portal.institutions.factories import MembershipFactory
from tests.portal.intake.factories import body, make_event
from tests.portal.servers.factories import DicomServerFactory, post_signed
from tests.portal.studies.factories import make_report
from wire.routes import ACCESS_EVENTS, STUDY_REPORTS

pytestmark = pytest.mark.django_db
ROUTES = [(STUDY_REPORTS, make_report), (ACCESS_EVENTS, make_event)]


def nothing_taken_in() -> bool:
    return not Study.objects.exists() and not AuditEvent.objects.filter(action="pixels_read").exists()


@pytest.mark.parametrize(("route", "make"), ROUTES)
def test_somebody_anonymous_is_refused(client, route, make) -> None:
    response = client.post(route, body(make(DicomServerFactory())), content_type="application/json")
    assert response.status_code == 401
    assert nothing_taken_in()


@pytest.mark.parametrize(("route", "make"), ROUTES)
@pytest.mark.parametrize("role", [None, *Role])
def test_no_person_is_let_in_by_session_or_token(client, route, make, role) -> None:
    server = DicomServerFactory()
    person = UserFactory() if role is None else MembershipFactory(institution=server.institution, role=role).user
    client.force_login(person)
    _, token = AuthToken.objects.create(person)
    for headers in ({}, {"Authorization": f"Token {token}"}, {"Authorization": f"Bearer {token}"}):
        response = client.post(route, body(make(server)), content_type="application/json", headers=headers)
        assert response.status_code == 401
    assert nothing_taken_in()


@pytest.mark.parametrize(("route", "make"), ROUTES)
def test_a_server_of_the_same_institution_cannot_speak_for_its_neighbour(client, route, make) -> None:
    owner = DicomServerFactory()
    neighbour = DicomServerFactory(institution=owner.institution)
    assert post_signed(client, neighbour, route, body(make(owner))).status_code == 403
    assert nothing_taken_in()


@pytest.mark.parametrize(("route", "make"), ROUTES)
def test_the_owner_is_let_in(client, route, make) -> None:
    owner = DicomServerFactory()
    assert post_signed(client, owner, route, body(make(owner))).status_code == 204

"""The import page: for radiologists of an institution with a DICOM Server, and for nobody else."""

import pytest
from django.test import Client

from audit.models import AuditEvent
from portal.institutions.models import Role
from tests.portal.institutions.factories import MembershipFactory
from tests.portal.servers.factories import DicomServerFactory

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

"""A server's keys and codes are nobody's to read: no page and no API of the portal shows them."""

import pytest

from portal.institutions.models import Role
from portal.servers.models import EnrolmentCode
from tests.portal.institutions.factories import MembershipFactory
from tests.portal.servers.factories import DicomServerFactory, make_code

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("role", Role)
def test_no_role_meets_a_code_or_a_key_on_its_pages(client, role) -> None:
    server = DicomServerFactory()
    text = make_code(server.institution)
    client.force_login(MembershipFactory(institution=server.institution, role=role).user)
    secrets = [text, EnrolmentCode.objects.get().code_digest, server.public_key]
    for address in ("/worklist/", "/people/", "/monitoring/", "/audit/", "/api/v1/studies/"):
        page = client.get(address).content.decode()
        assert not [secret for secret in secrets if secret in page]

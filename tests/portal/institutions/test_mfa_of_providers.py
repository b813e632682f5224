"""Whether a sign-in by an identity provider counts as a second factor; with real providers over real requests."""

import pytest

from audit.models import AuditEvent
from portal.institutions.models import Role
from tests.portal.accounts.national import came_back
from tests.portal.accounts.test_national_sign_in import elena, provider, running
from tests.portal.single_sign_on.test_sign_in import nistru, person, real

__all__ = ["nistru", "provider", "real", "running"]
pytestmark = pytest.mark.django_db
SECURITY = "/accounts/security/"


@pytest.mark.parametrize("trusts", [True, False])
def test_staff_of_an_institution_with_a_provider(client, nistru, settings, trusts: bool) -> None:
    settings.MFA_DEMANDED_OF = (Role.RADIOLOGIST,)
    settings.MFA_TRUSTS_IDENTITY_PROVIDERS = trusts
    nistru.sign_in(client, person(nistru.real))
    assert "_auth_user_id" in client.session
    page = client.get("/worklist/")
    assert (page.status_code, page.headers.get("Location")) == ((200, None) if trusts else (302, SECURITY))


@pytest.mark.parametrize("trusts", [True, False])
def test_patients_of_the_national_provider(client, provider, settings, trusts: bool) -> None:
    settings.MFA_DEMANDED_OF = (Role.PATIENT,)
    settings.MFA_TRUSTS_IDENTITY_PROVIDERS = trusts
    came_back(client, provider, elena(provider))
    assert "_auth_user_id" in client.session
    page = client.get("/worklist/")
    assert (page.headers.get("Location") == SECURITY) is not trusts
    assert AuditEvent.objects.filter(action="signed_in").count() == 1

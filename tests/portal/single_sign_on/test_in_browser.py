"""Two institutions' providers side by side, in a real browser: each brings its own people in, and nobody else's."""

from contextlib import ExitStack

import pytest

from portal.accounts.models import User
from portal.institutions.models import Membership
from tests.identity_provider import IdentityProvider as RealProvider
from tests.portal.accounts.browsers import in_browser, portal_url
from tests.portal.institutions.factories import InstitutionFactory
from tests.portal.single_sign_on.factories import make_provider

__all__ = ["in_browser", "portal_url"]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(90)]
NAMES = ("nistru", "codru")


def set_up(name, url, stack):
    """A real provider, and the portal's row of it; returns somebody whom it knows."""
    real = stack.enter_context(RealProvider([f"{url}/accounts/oidc/{name}/login/callback/"], name=name))
    provider = make_provider(
        InstitutionFactory(code=name),
        name=f"{name} hospital",
        issuer=real.issuer,
        client_id=real.client_id,
        client_secret=real.client_secret,
        domains=(f"{name}.example",),
    )
    provider.app.provider_id = name
    provider.app.save()
    # Both know an Ana under the same subject: what tells them apart is who vouches.
    claims = {"email": f"ana@{name}.example", "email_verified": True, "given_name": "Ana", "groups": ["radiology"]}
    return real.set_account("ana", sub="the-same-subject", **claims)


def test_two_providers_bring_two_people_into_two_institutions(portal_url, in_browser) -> None:
    with ExitStack() as stack:
        accounts = {name: set_up(name, portal_url, stack) for name in NAMES}

        def come_by(name):
            def steps(page):
                page.goto(f"{portal_url}/worklist/")
                page.get_by_role("button", name=f"Sign in with {name} hospital").click()
                page.get_by_label("User name").fill(accounts[name].username)
                page.get_by_label("Password").fill(accounts[name].password)
                page.get_by_role("button", name="Sign in").click()
                page.wait_for_url(f"{portal_url}/worklist/")
                return page.inner_text("header")

            return steps

        for name in NAMES:
            assert "Radiologist" in in_browser(come_by(name))
    people = User.objects.filter(email__startswith="ana@").order_by("email")
    assert [person.email for person in people] == ["ana@codru.example", "ana@nistru.example"]
    held = {row.user.email: row.institution.code for row in Membership.objects.select_related("user", "institution")}
    assert held == {"ana@codru.example": "codru", "ana@nistru.example": "nistru"}

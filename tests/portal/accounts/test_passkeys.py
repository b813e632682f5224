"""Passkeys and apps are set up and sign in: with a real browser and a virtual authenticator, and real commits."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time

from audit.models import AuditEvent
from tests.portal.accounts.browsers import add_authenticator, in_browser, portal_url, sign_in
from tests.portal.accounts.factories import PASSWORD, UserFactory
from tests.portal.institutions.factories import MembershipFactory

__all__ = ["in_browser", "portal_url"]
pytestmark = pytest.mark.slow


@pytest.fixture
def url(portal_url, settings) -> str:
    settings.MFA_DEMANDED_OF = ("radiologist",)
    return portal_url


def prove_again(page) -> None:
    page.wait_for_url("**/accounts/reauthenticate/**")
    page.fill("#id_password", PASSWORD)
    page.press("#id_password", "Enter")


def test_a_radiologist_sets_up_a_passkey_and_comes_back_with_it_alone(url, in_browser) -> None:
    person = MembershipFactory(role="radiologist").user

    def set_up_and_come_back(page):
        add_authenticator(page)
        sign_in(page, url, person.username, PASSWORD)
        page.goto(f"{url}/worklist/")
        assert page.url == f"{url}/accounts/security/"
        assert "Your role needs a second factor" in page.inner_text("main")
        page.click("text=Add a passkey")
        prove_again(page)
        page.click("main button:has-text('Add a passkey')")
        page.wait_for_selector('[data-testid="recovery-codes"]')
        assert page.locator('[data-testid="recovery-codes"] code').count() == 10
        page.goto(f"{url}/worklist/")
        opened = page.url
        page.goto(f"{url}/accounts/logout/")
        page.click("main button:has-text('Sign out')")
        page.wait_for_url("**/accounts/login/")
        page.click("text=Sign in with a passkey")
        page.wait_for_url(lambda address: "/accounts/login/" not in address)
        page.goto(f"{url}/worklist/")
        return opened, page.url

    assert in_browser(set_up_and_come_back) == (f"{url}/worklist/", f"{url}/worklist/")
    assert Authenticator.objects.filter(user=person, type=Authenticator.Type.WEBAUTHN).count() == 1
    methods = [event.details["method"] for event in AuditEvent.objects.filter(action="signed_in").order_by("pk")]
    assert methods == ["password", "passkey"]


def test_the_passkey_is_the_second_step_after_the_password(url, in_browser) -> None:
    person = MembershipFactory(role="radiologist").user

    def by_both(page):
        add_authenticator(page)
        sign_in(page, url, person.username, PASSWORD)
        page.goto(f"{url}/accounts/2fa/passkeys/add/")
        prove_again(page)
        page.click("main button:has-text('Add a passkey')")
        page.wait_for_selector('[data-testid="recovery-codes"]')
        page.context.clear_cookies()
        sign_in(page, url, person.username, PASSWORD)
        assert "/accounts/2fa/authenticate/" in page.url
        page.goto(f"{url}/worklist/")
        assert page.url == f"{url}/accounts/2fa/authenticate/"
        page.click("button:has-text('Use a passkey')")
        page.wait_for_url(lambda address: "/accounts/" not in address)
        page.goto(f"{url}/worklist/")
        return page.url

    assert in_browser(by_both) == f"{url}/worklist/"
    assert AuditEvent.objects.filter(action="signed_in").last().details["method"] == "password+passkey"


def test_without_a_passkey_the_page_says_what_to_do(url, in_browser) -> None:
    def try_without(page):
        page.goto(f"{url}/accounts/login/")
        page.evaluate("() => { navigator.credentials.get = () => Promise.reject(new Error('no')); }")
        page.click("text=Sign in with a passkey")
        page.wait_for_selector("[data-passkey-trouble]:not([hidden])")
        return page.inner_text("[data-passkey-trouble]")

    assert in_browser(try_without) == "The passkey was not used. Try again, or sign in another way."


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["remove", "edit"])
def test_the_passkey_of_somebody_else_does_not_exist(client, page: str) -> None:
    of_other = Authenticator.objects.create(
        user=UserFactory(), type=Authenticator.Type.WEBAUTHN, data={"name": "Phone", "credential": {}}
    )
    client.post("/accounts/login/", {"login": UserFactory(username="elena").username, "password": PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert client.get(f"/accounts/2fa/passkeys/{of_other.pk}/{page}/").status_code == 404
    assert client.post(f"/accounts/2fa/passkeys/{of_other.pk}/{page}/", {"name": "Mine"}).status_code == 404
    assert Authenticator.objects.get(pk=of_other.pk).data["name"] == "Phone"


@pytest.mark.django_db
@pytest.mark.parametrize("credential", ["", "{}", "[]", "null", '{"response": {"userHandle": "MQ"}}', "\u0000"])
def test_a_made_up_passkey_signs_nobody_in(client, credential: str) -> None:
    UserFactory()
    client.get("/accounts/2fa/passkeys/login/", headers={"Accept": "application/json"})
    client.post("/accounts/2fa/passkeys/login/", {"credential": credential})
    assert "_auth_user_id" not in client.session


def test_setting_up_an_app_opens_the_rest_of_the_session(committed_db, client, settings) -> None:
    settings.MFA_DEMANDED_OF = ("radiologist",)
    person = MembershipFactory(role="radiologist").user
    client.post("/accounts/login/", {"login": person.username, "password": PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert client.get("/accounts/2fa/app/activate/").status_code == 200
    counter = list(yield_hotp_counters_from_time())[1]
    code = format_hotp_value(hotp_value(client.session["mfa.totp.secret"], counter))
    assert client.get("/worklist/").headers["Location"] == "/accounts/security/"
    response = client.post("/accounts/2fa/app/activate/", {"code": code})
    assert response.headers["Location"] == "/accounts/2fa/codes/"
    assert "shown this once" in client.get("/accounts/2fa/codes/").content.decode()
    assert client.get("/worklist/").status_code == 200
    kinds = AuditEvent.objects.filter(action="second_factor_added").values_list("details__kind", flat=True)
    assert sorted(kinds) == ["app", "recovery codes"]

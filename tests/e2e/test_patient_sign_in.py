"""A patient signs in by the national identity provider on a phone, sees what is theirs, and signs out there too."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from demo.identity_providers import newcomer_password
from demo.places import Places
from tests.demonstration import Demonstration
from tests.e2e.conftest import SignIn

OFFER = "Sign in with the national identity provider"


def places(demonstration: Demonstration) -> Places:
    base = int(demonstration.portal_url.rsplit(":", 1)[1])
    return Places(demonstration.directory, base)


def phone(browser: Browser, sign_in: SignIn, width: int) -> Page:
    """A page of a phone whose complaints fail the test."""
    page = browser.new_context(viewport={"width": width, "height": 844}, has_touch=True, is_mobile=True).new_page()
    page.on("pageerror", lambda error: sign_in.trouble.append(f"page error: {error}"))
    page.on("console", sign_in.note)
    return page


def assert_fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{page.url} is too wide"


def sign_in_nationally(page: Page, portal_url: str, issuer: str, username: str, password: str) -> None:
    page.goto(f"{portal_url}/accounts/login/")
    assert_fits(page)
    page.click(f"text={OFFER}")
    page.wait_for_url(f"{issuer}/interaction/**")
    assert page.inner_text("h1") == "Demo national identity provider"
    assert_fits(page)
    page.fill("#username", username)
    page.fill("#password", password)
    page.press("#password", "Enter")
    page.wait_for_url(lambda url: url.startswith(portal_url) and "/oidc/" not in url)
    assert_fits(page)


@pytest.mark.parametrize("width", [390, 320])
def test_a_patient_comes_goes_and_is_the_same_person_as_by_password(
    demonstration: Demonstration, browser: Browser, sign_in: SignIn, screenshots: Path, width: int
) -> None:
    issuer = places(demonstration).national_provider.issuer
    elena = demonstration.person("patient", "A")
    page = phone(browser, sign_in, width)
    sign_in_nationally(page, demonstration.portal_url, issuer, elena.username, elena.password)
    page.screenshot(path=screenshots / f"patient-{width}.png")
    assert page.get_attribute("html", "data-bs-theme") == "light"
    held = demonstration.api(elena, "studies/").json()["results"]
    shown = page.evaluate("fetch('/api/v1/studies/').then((answer) => answer.json())")["results"]
    assert held
    assert [one["study_instance_uid"] for one in shown] == [one["study_instance_uid"] for one in held]
    page.goto(f"{demonstration.portal_url}/accounts/logout/")
    page.click("main button[type=submit]")
    # Browsers hold the form to its form-action through the redirect to the provider.
    page.wait_for_url(f"{issuer}/session/end**")
    page.click("button:has-text('Sign out')")
    page.wait_for_url(f"{demonstration.portal_url}/accounts/login/**")
    page.click(f"text={OFFER}")
    page.wait_for_url(f"{issuer}/interaction/**")


def test_somebody_without_an_account_gets_one_and_sees_only_their_own(
    demonstration: Demonstration, browser: Browser, sign_in: SignIn
) -> None:
    where = places(demonstration)
    username, password = newcomer_password(where)
    page = phone(browser, sign_in, 390)
    sign_in_nationally(page, demonstration.portal_url, where.national_provider.issuer, username, password)
    shown = page.evaluate("fetch('/api/v1/studies/').then((answer) => answer.json())")["results"]
    assert {one["patient_name"].split("^")[0] for one in shown} <= {"Țurcanu", "Ţurcanu"}
    assert shown
    elena = demonstration.api(demonstration.person("patient", "A"), "studies/").json()["results"]
    hers = elena[0]["study_instance_uid"]
    status = page.evaluate("(uid) => fetch(`/studies/${uid}/`).then((answer) => answer.status)", hers)
    assert status == 404
    # The browser notes every 404 of a page.
    sign_in.excuse("404")

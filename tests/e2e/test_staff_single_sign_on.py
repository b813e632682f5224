"""A radiologist comes by the sign-in of their hospital, in a browser: a real provider, the real portal."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.demonstration import Demonstration

pytestmark = pytest.mark.timeout(120)


def test_a_radiologist_signs_in_with_the_account_of_the_hospital(
    demonstration: Demonstration, browser: Browser
) -> None:
    person = demonstration.person("radiologist", "A")
    page = browser.new_context().new_page()
    page.goto(f"{demonstration.portal_url}/worklist/")
    page.get_by_role("button", name=re.compile("Sign in with Nistru")).click()
    page.get_by_label("User name").fill(person.username)
    page.get_by_label("Password").fill(person.password)
    page.get_by_role("button", name=re.compile("Sign in")).click()
    # The page that was asked for, as the person whom the portal knows.
    page.wait_for_url(f"{demonstration.portal_url}/worklist/")
    expect(page.locator("tr[data-study]").first).to_be_visible()
    token = {"Authorization": f"Token {person.api_token}"}
    name = page.request.get(f"{demonstration.portal_url}/api/v1/me/", headers=token).json()["full_name"]
    expect(page.locator("body")).to_contain_text(name)
    page.context.close()

"""What the tests of the whole network share: one demonstration, and one browser."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.demonstration import Demonstration, Person, wait_until

BACK_SECONDS = 120

# Chromium of the machine, without its own wishes to talk to the outside; WebGL in software.
BROWSER_OPTIONS = (
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(autouse=True)
def _everything_is_up(demonstration: Demonstration) -> None:
    """Begin each test with a whole network: the one before may have killed a part of it."""
    wait_until(demonstration.is_up, BACK_SECONDS, "the whole network is up")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The machine's Chromium, headless."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(BROWSER_OPTIONS))
        yield browser
        browser.close()


class SignIn:
    """Opens pages of a person who has signed in, and keeps what went wrong on them."""

    def __init__(self, demonstration: Demonstration, browser: Browser) -> None:
        self.demonstration, self.browser = demonstration, browser
        self.trouble: list[str] = []

    def __call__(self, person: Person, *, width: int = 1440, height: int = 900) -> Page:
        """A page on which the person has just signed in."""
        context = self.browser.new_context(viewport={"width": width, "height": height})
        page = context.new_page()
        page.on("pageerror", lambda error: self.trouble.append(f"page error: {error}"))
        page.on("console", self.note)
        page.goto(f"{self.demonstration.portal_url}/accounts/login/")
        page.fill("#id_login", person.username)
        page.fill("#id_password", person.password)
        page.press("#id_password", "Enter")
        page.wait_for_url(lambda url: "/accounts/login/" not in url)
        return page

    def note(self, message: Any) -> None:
        """Keep errors of the page's console."""
        if message.type == "error":
            self.trouble.append(f"console: {message.text}")


@pytest.fixture
def sign_in(demonstration: Demonstration, browser: Browser) -> Iterator[SignIn]:
    """Signs people in; the test fails if one of their pages complained."""
    signing = SignIn(demonstration, browser)
    yield signing
    for context in browser.contexts:
        context.close()
    assert signing.trouble == []


@pytest.fixture(scope="session")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots of this run go."""
    return tmp_path_factory.mktemp("screenshots")

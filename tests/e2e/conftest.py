"""What the tests of the whole network in a browser share: all of it is up, and people sign in."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from tests.demonstration import Demonstration, Person, wait_until

BACK_SECONDS = 120


@pytest.fixture(autouse=True)
def _everything_is_up(demonstration: Demonstration) -> None:
    """Begin each test with a whole network: the one before may have killed a part of it."""
    wait_until(demonstration.is_up, BACK_SECONDS, "the whole network is up")


class SignIn:
    """Opens pages of a person who has signed in, and keeps what went wrong on them."""

    def __init__(self, demonstration: Demonstration, browser: Browser) -> None:
        self.demonstration, self.browser = demonstration, browser
        self.trouble: list[str] = []
        self._excused: list[re.Pattern[str]] = []

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

    def excuse(self, *patterns: str) -> None:
        """What a test provokes is no trouble, however late the browser tells of it."""
        self._excused += map(re.compile, patterns)

    @property
    def complaints(self) -> list[str]:
        """What pages complained of, and nobody provoked."""
        return [line for line in self.trouble if not any(pattern.search(line) for pattern in self._excused)]

    def note(self, message: Any) -> None:
        """Keep errors of the page's console."""
        if message.type == "error":
            # Without the numbers in it, which tests would take for those of answers.
            where = re.sub(r"[0-9a-f.-]{8,}", "…", urlsplit(message.location.get("url", "")).path)
            self.trouble.append(f"console: {message.text} {where}".strip())


@pytest.fixture
def sign_in(demonstration: Demonstration, browser: Browser) -> Iterator[SignIn]:
    """Signs people in; the test fails if one of their pages complained."""
    signing = SignIn(demonstration, browser)
    yield signing
    for context in browser.contexts:
        context.close()
    assert signing.complaints == []

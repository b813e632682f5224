"""A page says two minutes before that its session ends, and keeps it where the person says so; in a real browser."""

import threading
from datetime import timedelta
from importlib import import_module

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connections
from django.utils import timezone

from tests.portal.accounts.browsers import in_browser, portal_url, sign_in
from tests.portal.accounts.factories import PASSWORD, UserFactory

__all__ = ["in_browser", "portal_url"]
pytestmark = pytest.mark.slow


@pytest.mark.django_db
def test_a_page_of_nobody_warns_of_nothing(client) -> None:
    assert "session-end" not in client.get("/accounts/login/").content.decode()


def act_was(ago: timedelta) -> None:
    """Have the only session look as if its person had last done something so long ago."""

    def change() -> None:
        store = import_module(settings.SESSION_ENGINE).SessionStore(Session.objects.get().session_key)
        store["last_act_at"] = (timezone.now() - ago).timestamp()
        store.save()
        connections.close_all()

    thread = threading.Thread(target=change)
    thread.start()
    thread.join(10)


def test_the_warning_comes_and_staying_signed_in_takes_it_away(portal_url, in_browser) -> None:
    person = UserFactory()

    def stay(page):
        page.clock.install()
        sign_in(page, portal_url, person.username, PASSWORD)
        page.goto(f"{portal_url}/accounts/security/")
        dialog = page.locator("#session-end")
        assert not dialog.is_visible()
        act_was(timedelta(minutes=28, seconds=30))
        for _ in range(3):
            page.clock.fast_forward("10:00")
        dialog.wait_for(state="visible")
        words = dialog.inner_text()
        focused = page.evaluate("document.activeElement.textContent.trim()")
        page.click("[data-stay]")
        dialog.wait_for(state="hidden")
        return words, focused

    words, focused = in_browser(stay)
    assert "In 2 minutes the session ends" in words
    assert focused == "Stay signed in"


def test_a_page_left_alone_ends_at_the_sign_in_page(portal_url, in_browser) -> None:
    person = UserFactory()

    def leave(page):
        page.clock.install()
        sign_in(page, portal_url, person.username, PASSWORD)
        page.goto(f"{portal_url}/accounts/security/")
        act_was(timedelta(minutes=31))
        for _ in range(3):
            page.clock.fast_forward("10:00")
        page.wait_for_url("**/accounts/login/?next=/accounts/security/")
        return page.inner_text("main")

    assert "You were signed out because the session had ended" in in_browser(leave)

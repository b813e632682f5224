"""Whoever they are, people set only their own colours, and end only their own session."""

import pytest

from portal.accounts.models import User
from tests.portal.accounts.factories import UserFactory

pytestmark = pytest.mark.django_db
THEME = "/accounts/theme/"


def test_somebody_signed_out_is_led_to_sign_in(client) -> None:
    response = client.post(THEME, {"theme": "dark"})
    assert (response.status_code, response.url) == (302, f"/accounts/login/?next={THEME}")


def test_a_person_sets_their_own_theme_and_nobody_elses(client) -> None:
    person, stranger = UserFactory(), UserFactory()
    client.force_login(person)
    response = client.post(THEME, {"theme": "light", "next": "/people/", "user": stranger.pk, "is_superuser": "1"})
    assert (response.status_code, response.url) == (302, "/people/")
    person.refresh_from_db()
    stranger.refresh_from_db()
    assert (person.theme, person.is_superuser, stranger.theme) == ("light", False, "")


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
def test_choosing_a_theme_never_leads_to_another_site(client, target: str) -> None:
    client.force_login(UserFactory())
    assert client.post(THEME, {"theme": "dark", "next": target}).url == "/"


@pytest.mark.parametrize("theme", ["pink", "<script>", "dark;"])
def test_an_unknown_theme_does_not_exist(client, theme: str) -> None:
    person = UserFactory()
    client.force_login(person)
    assert client.post(THEME, {"theme": theme}).status_code == 404
    assert User.objects.get(pk=person.pk).theme == ""


def test_a_theme_is_not_set_by_following_a_link(client) -> None:
    client.force_login(UserFactory())
    assert client.get(THEME, {"theme": "light"}).status_code == 405

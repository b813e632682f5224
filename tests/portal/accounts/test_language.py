"""People choose the language of their browser's pages."""

import pytest

from tests.portal.accounts.factories import UserFactory

pytestmark = pytest.mark.django_db
LANGUAGE = "/accounts/language/"


def test_somebody_signed_out_is_led_to_sign_in(client) -> None:
    response = client.post(LANGUAGE, {"language": "ro"})
    assert (response.status_code, response.url) == (302, f"/accounts/login/?next={LANGUAGE}")
    assert "django_language" not in response.cookies


def test_the_choice_is_kept_in_the_browser_and_holds_for_the_next_page(client) -> None:
    client.force_login(UserFactory())
    response = client.post(LANGUAGE, {"language": "ru", "next": "/accounts/security/"})
    assert (response.status_code, response.url) == (302, "/accounts/security/")
    cookie = response.cookies["django_language"]
    assert (cookie.value, cookie["httponly"], cookie["samesite"]) == ("ru", True, "Lax")
    assert '<html lang="ru"' in client.get("/accounts/security/", headers={"accept-language": "en"}).content.decode()


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
def test_choosing_a_language_never_leads_to_another_site(client, target: str) -> None:
    client.force_login(UserFactory())
    assert client.post(LANGUAGE, {"language": "ro", "next": target}).url == "/"


@pytest.mark.parametrize("language", ["de", "", "<script>"])
def test_an_unknown_language_does_not_exist(client, language: str) -> None:
    client.force_login(UserFactory())
    response = client.post(LANGUAGE, {"language": language})
    assert response.status_code == 404
    assert "django_language" not in response.cookies


def test_a_language_is_not_set_by_following_a_link(client) -> None:
    client.force_login(UserFactory())
    assert client.get(LANGUAGE, {"language": "ro"}).status_code == 405

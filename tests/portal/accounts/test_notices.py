"""What allauth and Django say by themselves is said on our own pages, without a script or a style inside."""

import pytest
from django.test import Client

from tests.portal.accounts.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"


def is_ours(response, words: str) -> bool:
    text = response.content.decode()
    return words in text and "<style" not in text and "tokens.css" in text


def test_signing_out_by_a_link_asks_first(client) -> None:
    client.force_login(UserFactory())
    response = client.get("/accounts/logout/")
    assert is_ours(response, "Sign out of DICOM Network?")
    assert "_auth_user_id" in client.session


def test_a_form_from_an_old_page_is_explained() -> None:
    response = Client(enforce_csrf_checks=True).post(LOGIN, {"login": "elena", "password": PASSWORD})
    assert response.status_code == 403
    assert is_ours(response, "The page was too old")


def test_too_many_sign_ins_from_one_address_are_explained(client, settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login": "2/m/ip"}
    answers = [client.post(LOGIN, {"login": "elena", "password": PASSWORD}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert is_ours(answers[-1], "Too many tries from here")


def test_a_suspended_account_is_said_to_its_owner_alone(client) -> None:
    person = UserFactory(is_active=False)
    wrong = client.post(LOGIN, {"login": person.username, "password": "wrong"}, follow=True)
    assert "suspended" not in wrong.content.decode()
    right = client.post(LOGIN, {"login": person.username, "password": PASSWORD}, follow=True)
    assert is_ours(right, "This account is suspended")


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("/accounts/password/reset/", "Forgot your password?"),
        ("/accounts/password/reset/sent/", "Look into your mail"),
        ("/accounts/password/reset/set/", "The password is set"),
        ("/accounts/password/reset/1/abc-def/", "This link was used, or is too old"),
        ("/accounts/code/", "Sign in by a code"),
    ],
)
def test_pages_before_the_sign_in_are_ours(client, page: str, words: str) -> None:
    assert is_ours(client.get(page), words)


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("/accounts/security/", "How you sign in"),
        ("/accounts/sessions/", "Where you are signed in"),
        ("/accounts/tokens/", "You have no tokens."),
        ("/accounts/password/change/", "Change the password"),
        ("/accounts/reauthenticate/", "Is it you?"),
        ("/accounts/2fa/passkeys/", "You have no passkeys."),
        ("/accounts/2fa/passkeys/add/", "Add a passkey"),
        ("/accounts/2fa/app/activate/", "Set up an app"),
    ],
)
def test_pages_about_signing_in_are_ours(client, page: str, words: str) -> None:
    person = UserFactory()
    client.post(LOGIN, {"login": person.username, "password": PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert is_ours(client.get(page), words)


@pytest.mark.parametrize("page", ["/accounts/2fa/passkeys/add/", "/accounts/2fa/app/activate/"])
def test_a_way_in_is_set_up_by_who_proves_again_who_they_are(client, page: str) -> None:
    client.post(LOGIN, {"login": UserFactory().username, "password": PASSWORD})
    assert client.get(page).headers["Location"].startswith("/accounts/reauthenticate/?next=")

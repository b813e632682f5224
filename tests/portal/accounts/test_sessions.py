"""One's own sessions: seen, ended one by one, or all at once with tokens and running viewers."""

import pytest
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken

from audit.models import AuditEvent
from portal.accounts.browsers import browser_of
from portal.grants.selectors import revocations_for
from tests.portal.accounts.factories import PASSWORD, UserFactory
from tests.portal.servers.factories import DicomServerFactory

pytestmark = pytest.mark.django_db
PAGE = "/accounts/sessions/"
API = "/api/v1/me/sessions/"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15 Version/26.0 Safari/604.1"


def signed_in(person, user_agent: str = CHROME) -> Client:
    client = Client(headers={"User-Agent": user_agent})
    client.post("/accounts/login/", {"login": person.username, "password": PASSWORD})
    return client


def is_in(client: Client) -> bool:
    return client.get("/accounts/security/").status_code == 200


def events(action: str) -> list[dict]:
    return [event.details for event in AuditEvent.objects.filter(action=action).order_by("pk")]


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (CHROME, "Chrome, Windows"),
        (SAFARI, "Safari, iPhone"),
        (f"{CHROME} Edg/140.0", "Edge, Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox, Linux"),
        ("<script>", "Unknown browser"),
        ("", "Unknown browser"),
    ],
)
def test_a_browser_is_said_in_words(said: str, name: str) -> None:
    assert browser_of(said) == name


def test_all_sessions_are_listed_with_the_own_marked() -> None:
    person = UserFactory()
    at_desk, phone = signed_in(person), signed_in(person, SAFARI)
    signed_in(UserFactory())
    page = at_desk.get(PAGE).content.decode()
    assert page.count("127.0.0.1") == 3  # twice in words, once for who cannot see which row
    listed = phone.get(API).json()
    assert [(one["browser"], one["is_current"]) for one in listed["results"]] == [
        ("Safari, iPhone", True),
        ("Chrome, Windows", False),
    ]
    assert set(listed["results"][0]) == {"id", "remote_address", "browser", "since", "last_seen_at", "is_current"}


@pytest.mark.parametrize("by_page", [True, False])
def test_one_session_is_ended_and_the_others_go_on(by_page: bool) -> None:
    person = UserFactory()
    at_desk, phone = signed_in(person), signed_in(person, SAFARI)
    number = at_desk.get(API).json()["results"][0]["id"]
    response = at_desk.post(f"{PAGE}{number}/end/") if by_page else at_desk.delete(f"{API}{number}/")
    assert response.status_code == (302 if by_page else 204)
    assert (is_in(at_desk), is_in(phone)) == (True, False)
    assert [event["session_address"] for event in events("session_ended")] == ["127.0.0.1"]


@pytest.mark.parametrize("by_page", [True, False])
def test_the_session_of_somebody_else_does_not_exist(by_page: bool) -> None:
    other = signed_in(UserFactory())
    number = other.get(API).json()["results"][0]["id"]
    mine = signed_in(UserFactory())
    response = mine.post(f"{PAGE}{number}/end/") if by_page else mine.delete(f"{API}{number}/")
    assert response.status_code == 404
    assert is_in(other)
    assert events("session_ended") == []
    assert len(events("access_denied")) == 1


@pytest.mark.parametrize("with_tokens", [True, False])
def test_signing_out_everywhere_ends_sessions_viewers_and_tokens(with_tokens: bool) -> None:
    person = UserFactory()
    at_desk, phone, unlisted = signed_in(person), signed_in(person, SAFARI), Client()
    unlisted.force_login(person)
    AuthToken.objects.create(person)
    response = at_desk.post(f"{PAGE}end-all/", {"api_tokens": "on"} if with_tokens else {})
    assert response.headers["Location"] == "/accounts/login/"
    assert [is_in(one) for one in (at_desk, phone, unlisted)] == [False] * 3
    assert AuthToken.objects.count() == (0 if with_tokens else 1)
    told = revocations_for(DicomServerFactory(), timezone.now())
    assert [(one.subject, one.study_instance_uid) for one in told] == [(person.subject, None)]
    [event] = events("signed_out_everywhere")
    assert (event["sessions"], event["api_tokens"]) == (2, int(with_tokens))
    assert is_in(signed_in(person))


def test_others_stay_signed_in() -> None:
    other = signed_in(UserFactory())
    signed_in(UserFactory()).post(f"{PAGE}end-all/")
    assert is_in(other)


def test_sessions_are_not_ended_by_following_a_link() -> None:
    client = signed_in(UserFactory())
    assert client.get(f"{PAGE}end-all/").status_code == 405
    assert is_in(client)

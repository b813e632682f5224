"""Passwords: changed by their owner, set anew by a letter that nobody else learns of, and closed to guessing."""

import re
import time

import pytest
from django.test import Client
from knox.models import AuthToken

from audit.models import AuditEvent
from portal.accounts.models import Kind
from tests.portal.accounts.factories import PASSWORD, UserFactory
from tests.smtp import smtp_server, text_of

__all__ = ["smtp_server"]
pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"
RESET = "/accounts/password/reset/"
CHANGE = "/accounts/password/change/"
NEW = "quiet harbour seven lamps"


def signed_in(person, password: str = PASSWORD) -> Client:
    client = Client()
    client.post(LOGIN, {"login": person.username, "password": password})
    return client


def is_in(client: Client) -> bool:
    return client.get("/accounts/security/").status_code == 200


def events(action: str) -> list[dict]:
    return [event.details for event in AuditEvent.objects.filter(action=action).order_by("pk")]


@pytest.fixture
def asked(smtp_server, django_capture_on_commit_callbacks):
    """Ask for a new password; return the answer and the letters to the address."""

    def ask(email: str):
        with django_capture_on_commit_callbacks(execute=True):
            response = Client().post(RESET, {"email": email})
        return response, smtp_server.to(email.lower()) or smtp_server.to(email)

    return ask


def link_in(letter) -> str:
    [path] = re.findall(r"https://portal\.test(/accounts/password/reset/\S+)", text_of(letter))
    return path


def set_by(link: str, password: str = NEW) -> Client:
    client = Client()
    form = client.get(link, follow=True)
    if "action_url" in form.context and not form.context.get("token_fail"):
        client.post(form.context["action_url"], {"password1": password, "password2": password})
    return client


def test_the_owner_changes_it_and_other_sessions_end(smtp_server, django_capture_on_commit_callbacks) -> None:
    person = UserFactory()
    here, elsewhere = signed_in(person), signed_in(person)
    form = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    with django_capture_on_commit_callbacks(execute=True):
        assert here.post(CHANGE, form).headers["Location"] == "/accounts/security/"
    assert (is_in(here), is_in(elsewhere)) == (True, False)
    assert is_in(signed_in(person, NEW))
    assert not is_in(signed_in(person, PASSWORD))
    assert [event["person_id"] for event in events("password_changed")] == [str(person.subject)]
    [letter] = smtp_server.to(person.email)
    assert "The password was changed" in text_of(letter)
    assert NEW not in str(letter)


@pytest.mark.parametrize("new", ["short", "password1234", "elena.pascaru", "123456789012", PASSWORD[:11]])
def test_a_weak_password_is_refused(new: str) -> None:
    person = UserFactory(username="elena.pascaru")
    client = signed_in(person)
    client.post(CHANGE, {"oldpassword": PASSWORD, "password1": new, "password2": new})
    person.refresh_from_db()
    assert person.check_password(PASSWORD)
    assert events("password_changed") == []


def test_it_is_not_changed_without_the_old_one() -> None:
    person = UserFactory()
    signed_in(person).post(CHANGE, {"oldpassword": "wrong", "password1": NEW, "password2": NEW})
    person.refresh_from_db()
    assert person.check_password(PASSWORD)


def test_a_letter_sets_a_new_one_once_and_everything_older_ends(asked) -> None:
    person = UserFactory()
    before = signed_in(person)
    AuthToken.objects.create(person)
    _, [letter] = asked(person.email)
    link = link_in(letter)
    set_by(link)
    assert is_in(signed_in(person, NEW))
    assert not is_in(before)
    assert AuthToken.objects.count() == 0
    assert events("password_changed") == [
        {"person_id": str(person.subject), "person_name": person.full_name, "by_link": True}
    ]
    set_by(link, "another password entirely")
    assert is_in(signed_in(person, NEW))
    assert len(events("password_changed")) == 1
    assert "This link was used, or is too old" in Client().get(link, follow=True).content.decode()


def test_setting_it_signs_nobody_in(asked) -> None:
    person = UserFactory()
    _, [letter] = asked(person.email)
    assert not is_in(set_by(link_in(letter)))


def test_a_letter_works_for_half_an_hour(asked, time_machine) -> None:
    person = UserFactory()
    _, [letter] = asked(person.email)
    # A number: Django ties links to the local clock, which a moment with a time zone would change.
    time_machine.move_to(time.time() + 30 * 60 + 2)
    set_by(link_in(letter))
    person.refresh_from_db()
    assert person.check_password(PASSWORD)


def test_known_and_unknown_addresses_get_the_same_answer(asked) -> None:
    known, letters = asked(UserFactory().email)
    unknown, none = asked("nobody@nistru.example")
    assert (len(letters), none) == (1, [])
    assert (known.status_code, known.headers["Location"]) == (unknown.status_code, unknown.headers["Location"])


def test_both_cost_the_same_reads(django_assert_num_queries) -> None:
    # The account is looked up by the worker, after the answer.
    for email in (UserFactory().email, "nobody@nistru.example"):
        with django_assert_num_queries(0):
            Client().post(RESET, {"email": email})


@pytest.mark.parametrize(
    "changes", [{"is_active": False}, {"kind": Kind.LINK_HOLDER}, {"email": ""}, {"password": "!unusable"}]
)
def test_who_does_not_sign_in_by_password_gets_no_letter(asked, changes: dict) -> None:
    person = UserFactory(email="elena@nistru.example")
    type(person).objects.filter(pk=person.pk).update(**changes)
    _, letters = asked("elena@nistru.example")
    assert letters == []


def test_an_address_in_other_letters_is_the_same(asked) -> None:
    person = UserFactory(email="elena@nistru.example")
    _, letters = asked("Elena@NISTRU.example")
    assert [letter["To"] for letter in letters] == [person.email]


def test_letters_are_asked_for_slowly_alike_for_all(asked) -> None:
    for email in (UserFactory().email, "nobody@nistru.example"):
        statuses = [asked(email)[0].status_code for _ in range(4)]
        assert statuses == [302, 302, 302, 429]


def test_a_link_made_up_opens_nothing() -> None:
    person = UserFactory()
    for link in (f"{RESET}1/set-password/", f"{RESET}zz/c0ffee-1234/", f"{RESET}{person.pk}/abc-def/"):
        assert "This link was used, or is too old" in Client().get(link, follow=True).content.decode()


@pytest.mark.parametrize("name", ["elena", "nobody"])
def test_guessing_is_stopped_in_whatever_way_the_name_is_written(name: str) -> None:
    UserFactory(username="elena", email="elena@nistru.example")
    ways = [name, name.upper(), f" {name} ", f"{name}\t", name.title(), name]
    answers = [Client().post(LOGIN, {"login": way, "password": "wrong"}).content.decode() for way in ways]
    assert ["Too many tries" in answer for answer in answers] == [False] * 5 + [True]


def test_the_address_and_the_name_are_one_account() -> None:
    person = UserFactory(username="elena", email="elena@nistru.example")
    for way in ("elena", "elena@nistru.example", "ELENA", "Elena@Nistru.Example", "elena"):
        Client().post(LOGIN, {"login": way, "password": "wrong"})
    assert not is_in(signed_in(person))


def test_a_new_password_by_letter_opens_a_closed_account(asked) -> None:
    person = UserFactory()
    for _ in range(6):
        Client().post(LOGIN, {"login": person.username, "password": "wrong"})
    assert not is_in(signed_in(person))
    _, [letter] = asked(person.email)
    set_by(link_in(letter))
    assert is_in(signed_in(person, NEW))

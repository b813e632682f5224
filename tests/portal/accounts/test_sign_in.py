"""People sign in with a local account; each sign-in, failed one and sign-out is one audit event; guessing is slow."""

import pytest
from django.urls import reverse

from audit.models import AuditEvent
from portal.accounts.models import User
from tests.portal.accounts.factories import PASSWORD, UserFactory
from tests.portal.institutions.factories import InstitutionFactory, MembershipFactory

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"


def sign_in(client, login, password=PASSWORD, **extra):
    return client.post(LOGIN, {"login": login, "password": password}, **extra)


def events() -> list[tuple[str, str]]:
    return list(AuditEvent.objects.order_by("pk").values_list("action", "outcome"))


def test_the_sign_in_page_opens_for_everybody(client) -> None:
    response = client.get(LOGIN)
    assert response.status_code == 200
    assert events() == []


def test_signing_in_leads_home_and_is_audited_with_the_role(client) -> None:
    institution = InstitutionFactory(short_name="Nistru Clinical")
    person = MembershipFactory(user__academic_title="Dr.", institution=institution).user
    response = sign_in(client, person.username)
    assert (response.status_code, response.url) == (302, "/")
    event = AuditEvent.objects.get()
    assert (event.action, event.outcome) == ("signed_in", "allowed")
    assert (event.actor_id, event.actor_name) == (str(person.subject), person.full_name)
    assert (event.actor_role, event.actor_institution) == ("radiologist", "Nistru Clinical")
    assert event.remote_address == "127.0.0.1"
    assert event.request_id == response["X-Request-ID"]


def test_the_e_mail_address_signs_in_too(client) -> None:
    person = UserFactory()
    assert sign_in(client, person.email.upper()).status_code == 302
    assert client.session["_auth_user_id"] == str(person.pk)


def test_signing_in_changes_the_session_id(client) -> None:
    person = UserFactory()
    client.get(LOGIN)
    session = client.session
    session["kept"] = True
    session.save()
    before = session.session_key
    client.cookies["dicom_network_session"] = before
    sign_in(client, person.username)
    assert client.session.session_key != before


def test_a_wrong_password_is_audited_under_the_known_name(client) -> None:
    person = UserFactory()
    response = sign_in(client, person.username, "wrong")
    assert response.status_code == 200
    event = AuditEvent.objects.get()
    assert (event.action, event.outcome) == ("sign_in_failed", "denied")
    assert event.details == {"username": person.username}
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("typed", ["nobody-of-this-name", PASSWORD, "<script>", "a" * 500])
def test_what_was_typed_for_an_unknown_name_is_not_kept(client, typed: str) -> None:
    sign_in(client, typed, "wrong")
    event = AuditEvent.objects.get()
    assert event.details == {"username": "(nobody of this name)"}


def test_the_answer_does_not_tell_whether_the_name_exists(client) -> None:
    person = UserFactory()
    known, unknown = sign_in(client, person.username, "wrong"), sign_in(client, "nobody", "wrong")
    strip = [line for line in known.content.decode().splitlines() if "csrf" not in line and person.username not in line]
    other = [line for line in unknown.content.decode().splitlines() if "csrf" not in line and "nobody" not in line]
    assert strip[:5] == other[:5]
    assert known.context["form"].errors == unknown.context["form"].errors


def test_five_wrong_passwords_close_the_name_for_a_while(client) -> None:
    person = UserFactory()
    for _ in range(5):
        sign_in(client, person.username, "wrong")
    response = sign_in(client, person.username)
    assert response.status_code == 200
    assert "_auth_user_id" not in client.session
    assert [action for action, _ in events()] == ["sign_in_failed"] * 6


def test_another_name_is_not_closed_with_it(client) -> None:
    person, other = UserFactory(), UserFactory()
    for _ in range(6):
        sign_in(client, person.username, "wrong")
    assert sign_in(client, other.username).status_code == 302


def test_a_suspended_person_cannot_sign_in(client) -> None:
    person = UserFactory(is_active=False)
    sign_in(client, person.username)
    assert "_auth_user_id" not in client.session


def test_signing_out_is_audited_once(client) -> None:
    person = UserFactory()
    client.force_login(person)
    response = client.post(reverse("account_logout"))
    assert (response.status_code, response.url) == (302, LOGIN)
    assert [action for action, _ in events()] == ["signed_in", "signed_out"]
    client.post(reverse("account_logout"))
    assert len(events()) == 2


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_signing_in_never_leads_to_another_site(client, target: str) -> None:
    person = UserFactory()
    response = sign_in(client, person.username, QUERY_STRING=f"next={target}")
    assert response.url == "/"


@pytest.mark.parametrize("address", ["signup", "email"])
def test_nobody_makes_or_takes_over_an_account(client, address: str) -> None:
    people = User.objects.count()
    form = {"username": "new", "email": "new@nistru.example", "password1": PASSWORD, "password2": PASSWORD}
    assert client.get(f"/accounts/{address}/").status_code == 404
    assert client.post(f"/accounts/{address}/", form).status_code == 404
    assert User.objects.count() == people


def test_a_form_without_its_token_is_refused() -> None:
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    person = UserFactory()
    assert sign_in(client, person.username).status_code == 403
    assert events() == []

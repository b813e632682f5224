"""An attacker at the doors: planted sessions, addresses that lead elsewhere, and answers that tell who is known."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.models import AuditEvent
from portal.institutions.models import Membership, Role
from tests.portal.accounts.factories import PASSWORD
from tests.portal.estate import Estate, make_estate
from tests.portal.grants.factories import GrantFactory, MembershipFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(120)]
SESSION = "dicom_network_session"
JSON = "application/json"
ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https:evil.example",
    "http:///evil.example",
    "/\t/evil.example",
    "\t//evil.example",
    " //evil.example",
    "https://testserver@evil.example/",
    "https://testserver.evil.example",
    "javascript:alert(1)",
]
NOBODY = "nobody@nistru.example"
Answers = Callable[[], Any]


@pytest.fixture
def estate() -> Estate:
    """An institution to knock at."""
    return make_estate()


def leads_away(address: str) -> bool:
    """True where a browser would leave the portal: it strips blanks, drops tabs, and reads \\ as /."""
    parts = urlsplit(re.sub(r"[\t\r\n]", "", address.strip()).replace("\\", "/"))
    return parts.netloc not in {"", "testserver"} or parts.scheme not in {"", "http", "https"}


@pytest.mark.parametrize("target", ELSEWHERE)
def test_no_next_leads_to_another_site(estate, target) -> None:
    held = MembershipFactory(institution=estate.institution)
    person, asked = held.user, f"?next={quote(target)}"

    def signed_in() -> Client:
        cache.clear()
        person.set_password(PASSWORD)
        person.save()
        client = Client()
        assert client.post("/accounts/login/", {"login": person.username, "password": PASSWORD}).status_code == 302
        return client

    given = GrantFactory(study=estate.study, granted_by=person)
    login = {"login": person.username, "password": PASSWORD}
    new = {"oldpassword": PASSWORD, "password1": "another quite long one", "password2": "another quite long one"}
    answers = [
        Client().get(f"/accounts/login/{asked}"),
        Client().post("/accounts/login/", {**login, "next": target}),
        Client().post(f"/accounts/login/{asked}", login),
        signed_in().get(f"/accounts/login/{asked}"),
        Client().get(f"/accounts/logout/{asked}"),
        signed_in().get(f"/accounts/logout/{asked}"),
        signed_in().post("/accounts/logout/", {"next": target}),
        signed_in().post(f"/accounts/logout/{asked}"),
        signed_in().post("/accounts/theme/", {"theme": "light", "next": target}),
        signed_in().post(f"/hat/{asked}", {"membership": held.pk, "next": target}),
        signed_in().post(f"/accounts/reauthenticate/{asked}", {"password": PASSWORD}),
        signed_in().post("/accounts/reauthenticate/", {"password": PASSWORD, "next": target}),
        signed_in().get(f"/accounts/2fa/reauthenticate/{asked}"),
        signed_in().get(f"/accounts/2fa/app/activate/{asked}"),
        signed_in().get(f"/accounts/2fa/passkeys/add/{asked}"),
        Client().post(f"/accounts/2fa/passkeys/login/{asked}", {"next": target}),
        Client().post(f"/accounts/code/{asked}", {"email": person.email, "next": target}),
        Client().post(f"/accounts/password/reset/{asked}", {"email": person.email, "next": target}),
        signed_in().post(f"/accounts/sessions/end-all/{asked}", {"next": target}),
        signed_in().post(f"/accounts/password/change/{asked}", {**new, "next": target}),
        signed_in().post(f"/access/{given.pk}/revoke/", {"back": target}),
        Client().get("//evil.example/worklist"),
        Client().get("//evil.example/worklist/"),
    ]
    for number, answer in enumerate(answers):
        assert answer.status_code in {200, 301, 302}, number
        assert not leads_away(answer.get("Location", "")), number
        linked = re.findall(r'(?:href|action|src)="([^"]*)"', answer.content.decode())
        assert [address for address in linked if leads_away(address)] == [], number


def test_a_part_of_a_page_leads_to_no_other_site_either() -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "https://evil.example/worklist/"}
    answer = Client().get("/worklist/", headers=headers)
    assert answer["HX-Redirect"] == "/accounts/login/?next=/"


def planted(client: Client) -> str:
    """The key of a session that somebody else knows."""
    session = client.session
    session["planted"] = True
    session.save()
    client.cookies[SESSION] = session.session_key
    return str(session.session_key)


def assert_worth_nothing(key: str, client: Client) -> None:
    """Who knows the key that was there before is nobody; the person has another."""
    assert "_auth_user_id" in client.session
    assert client.session.session_key != key
    thief = Client()
    thief.cookies[SESSION] = key
    assert "_auth_user_id" not in thief.session
    assert thief.get("/accounts/security/").status_code == 302


def test_a_planted_session_is_worth_nothing_after_both_steps() -> None:
    person = MembershipFactory(role=Role.RADIOLOGIST).user
    secret = generate_totp_secret()
    TOTP.activate(person, secret)
    client = Client()
    first = planted(client)
    client.post("/accounts/login/", {"login": person.username, "password": PASSWORD})
    between = client.session.session_key
    counter = next(iter(yield_hotp_counters_from_time()))
    client.post("/accounts/2fa/authenticate/", {"code": format_hotp_value(hotp_value(secret, counter))})
    assert_worth_nothing(first, client)
    assert_worth_nothing(between, client)


def test_a_planted_session_is_worth_nothing_after_a_code_by_letter(django_capture_on_commit_callbacks) -> None:
    held = MembershipFactory(role=Role.CONSULTANT, institution__allows_code_by_email=True)
    client = Client()
    key = planted(client)
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/accounts/code/", {"email": held.user.email})
    between = client.session.session_key
    code = [line for line in str(mail.outbox[0].body).splitlines() if line.strip()][1].strip()
    assert client.post("/accounts/code/confirm/", {"code": code}).status_code == 302
    assert_worth_nothing(key, client)
    assert_worth_nothing(between, client)


def test_signing_out_leaves_a_session_that_is_nobodys() -> None:
    person = UserFactory()
    client = Client()
    client.post("/accounts/login/", {"login": person.username, "password": PASSWORD})
    kept = client.cookies[SESSION].value
    client.post("/accounts/logout/")
    thief = Client()
    thief.cookies[SESSION] = kept
    assert thief.get("/accounts/security/").status_code == 302


class CountingHasher(MD5PasswordHasher):
    """Counts how often a password is hashed, which is what takes time when somebody signs in."""

    hashed = 0

    def encode(self, password: str, salt: str) -> str:
        """As the parent, counted."""
        CountingHasher.hashed += 1
        return str(super().encode(password, salt))


def test_a_try_costs_the_same_time_whoever_is_known(settings) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    person = UserFactory()
    named_so = UserFactory(username="elena@nistru.example", email="elena@nistru.example")
    without_password = UserFactory()
    without_password.set_unusable_password()
    without_password.save()
    costs = {}
    for name in (person.username, person.email, named_so.email, without_password.email, "nobody", NOBODY):
        cache.clear()
        CountingHasher.hashed = 0
        answer = Client().post("/accounts/login/", {"login": name, "password": "not the password"})
        assert answer.status_code == 200
        costs[name] = CountingHasher.hashed
    assert set(costs.values()) == {1}


def cost(ask: Answers) -> tuple[int, int]:
    """Status of the answer, and how many queries it took."""
    cache.clear()
    with CaptureQueriesContext(connection) as taken:
        answer = ask()
    return answer.status_code, len([query for query in taken.captured_queries if "SAVEPOINT" not in query["sql"]])


def alike(ask: Callable[[str], Any], known: str, unknown: str) -> None:
    """Both get the same status at the same cost."""
    ask("0.0.0")  # whatever is read once a process
    assert cost(lambda: ask(known)) == cost(lambda: ask(unknown))


def known_person(role: Role, **changes: Any) -> Membership:
    """Somebody who proved their address."""
    held = MembershipFactory(role=role, **changes)
    EmailAddress.objects.create(user=held.user, email=held.user.email, verified=True, primary=True)
    return held


@pytest.mark.parametrize("role", [Role.CONSULTANT, Role.RADIOLOGIST])
def test_asking_for_a_code_or_a_password_tells_nobody(role) -> None:
    person = known_person(role, institution__allows_code_by_email=True).user
    for address in ("/accounts/code/", "/accounts/password/reset/"):
        alike(lambda email, address=address: Client().post(address, {"email": email}), person.email, NOBODY)


def test_inviting_and_giving_access_tells_nobody(estate) -> None:
    person = known_person(Role.RADIOLOGIST).user
    consultant = known_person(Role.CONSULTANT).user
    administrator, reader = Client(), Client()
    administrator.force_login(
        MembershipFactory(role=Role.INSTITUTION_ADMINISTRATOR, institution=estate.institution).user
    )
    reader.force_login(estate.reader)
    until = (timezone.now() + timedelta(days=2)).isoformat()
    uid = estate.study.study_instance_uid
    form = {"institution": estate.institution.pk, "role": "radiologist"}
    alike(lambda email: administrator.post("/people/invitations/", {**form, "email": email}), person.email, NOBODY)

    def give(email: str) -> Any:
        body = {"grantee": email, "study_instance_uid": uid, "valid_until": until}
        return reader.post("/api/v1/grants/", json.dumps(body), content_type=JSON)

    def ask(email: str) -> Any:
        body = {"email": email, "studies": [{"study_instance_uid": uid}], "question": "Biopsy?", "deadline": until}
        return reader.post("/api/v1/consultations/", json.dumps({**body, "pixels_checked": True}), content_type=JSON)

    assert (give("first@x.example").status_code, ask("first@x.example").status_code) == (201, 201)
    alike(give, person.email, "nobody3@nistru.example")
    said = [ask(email).json() for email in (consultant.email, "nobody4@nistru.example")]
    assert {one["email"] for one in said} == {consultant.email, "nobody4@nistru.example"}
    assert consultant.last_name not in json.dumps(said)


def test_looking_for_studies_and_patients_tells_nobody(estate) -> None:
    doctor = Client()
    doctor.force_login(MembershipFactory(role=Role.REFERRING_DOCTOR).user)
    uid = estate.study.study_instance_uid
    for place in ("/studies/{}/", "/viewer/{}/", "/worklist/panel/{}/", "/api/v1/studies/{}/", "/studies/{}/share/"):
        alike(lambda one, place=place: doctor.get(place.format(one)), uid, "1.2.3.4")
    alike(lambda one: doctor.post(f"/api/v1/studies/{one}/viewer-token/"), uid, "1.2.3.4")
    # The right number with a wrong birth date is as unknown as a number of nobody.
    alike(
        lambda one: doctor.post("/break-glass/", {"patient_id": one, "birth_date": "1962-03-15"}), "77-01", "no number"
    )


def test_what_is_refused_is_said_without_what_was_typed(client) -> None:
    typed = "Munteanu 2099031001472"
    for address, name in (
        ("/accounts/login/", "login"),
        ("/accounts/code/", "email"),
        ("/accounts/password/reset/", "email"),
    ):
        client.post(address, {name: typed, "password": "x"})
    assert not AuditEvent.objects.filter(details__icontains="2099031001472").exists()

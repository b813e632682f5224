"""Who holds a demanding role reaches nothing before a second factor, and whoever holds none is left alone."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from allauth.mfa.totp.internal.auth import yield_hotp_counters_from_time as counters
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test import Client
from knox.models import AuthToken

from audit.models import AuditEvent
from portal.accounts.services import create_api_token
from portal.institutions.models import Role
from tests.portal.accounts.factories import PASSWORD, UserFactory
from tests.portal.accounts.test_api_tokens import NINETY_DAYS, actor_of_tests
from tests.portal.institutions.factories import InstitutionFactory, MembershipFactory
from tests.portal.servers.factories import DicomServerFactory
from tests.portal.studies.factories import make_study
from tests.smtp import smtp_server, text_of

__all__ = ["smtp_server"]
pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"
SECURITY = "/accounts/security/"
DEMANDED = ("institution_administrator", "system_administrator", "radiologist", "consultant")


@pytest.fixture(autouse=True)
def _demanded(settings) -> None:
    settings.MFA_DEMANDED_OF = DEMANDED


def signed_in(person) -> Client:
    client = Client()
    client.post(LOGIN, {"login": person.username, "password": PASSWORD})
    return client


def with_app(person) -> str:
    """Set up an app for the person; return its key."""
    secret = generate_totp_secret()
    TOTP.activate(person, secret)
    return secret


def code_of(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, list(counters())[1]))


def denied() -> list[dict]:
    return [event.details for event in AuditEvent.objects.filter(action="access_denied")]


@pytest.mark.parametrize("role", DEMANDED)
def test_pages_lead_to_where_a_second_factor_is_set_up(role: str) -> None:
    client = signed_in(MembershipFactory(role=role).user)
    for page in ("/worklist/", "/people/", "/monitoring/", "/", "/accounts/tokens/", "/accounts/password/change/"):
        response = client.get(page)
        assert (response.status_code, response.headers.get("Location")) == (302, SECURITY)
    page = client.get(SECURITY)
    assert page.status_code == 200
    assert "Your role needs a second factor" in page.content.decode()


@pytest.mark.parametrize("role", sorted(set(Role.values) - set(DEMANDED)))
def test_other_roles_sign_in_by_password(role: str) -> None:
    client = signed_in(MembershipFactory(role=role).user)
    assert client.get("/").headers["Location"] != SECURITY
    assert "Your role needs" not in client.get(SECURITY).content.decode()


def test_programs_and_parts_of_pages_are_refused_with_one_event_and_without_data() -> None:
    membership = MembershipFactory(role="radiologist")
    study = make_study(DicomServerFactory(institution=membership.institution))
    client = signed_in(membership.user)
    asked = [
        lambda: client.get("/api/v1/studies/"),
        lambda: client.get(f"/api/v1/studies/{study.study_instance_uid}/"),
        lambda: client.post(f"/api/v1/studies/{study.study_instance_uid}/viewer-token/"),
        lambda: client.post("/api/v1/me/tokens/", {"name": "x"}, content_type="application/json"),
        lambda: client.get("/worklist/new/", headers={"HX-Request": "true"}),
    ]
    for number, ask in enumerate(asked, start=1):
        response = ask()
        assert (response.status_code, response["Content-Type"]) == (403, "application/problem+json")
        assert response.json()["code"] == "mfa_required"
        assert study.study_instance_uid not in response.content.decode()
        assert len(denied()) == number
    assert denied()[0]["tried"] == "mfa_required"
    assert AuthToken.objects.count() == 0


def test_an_app_and_its_code_open_everything() -> None:
    person = MembershipFactory(role="radiologist").user
    secret = with_app(person)
    client = signed_in(person)
    assert "_auth_user_id" not in client.session
    assert client.get("/worklist/").headers["Location"].startswith(LOGIN)
    response = client.post("/accounts/2fa/authenticate/", {"code": code_of(secret)})
    assert response.status_code == 302
    assert client.get("/worklist/").status_code == 200
    assert AuditEvent.objects.get(action="signed_in").details["method"] == "password+app"


def test_a_code_works_once() -> None:
    person = MembershipFactory(role="radiologist").user
    secret = with_app(person)
    code = code_of(secret)
    first, second = signed_in(person), signed_in(person)
    first.post("/accounts/2fa/authenticate/", {"code": code})
    second.post("/accounts/2fa/authenticate/", {"code": code})
    assert "_auth_user_id" in first.session
    assert "_auth_user_id" not in second.session


def test_a_wrong_code_is_audited_and_few_can_be_tried() -> None:
    person = MembershipFactory(role="radiologist").user
    secret = with_app(person)
    client = signed_in(person)
    for _ in range(5):
        assert client.post("/accounts/2fa/authenticate/", {"code": "000000"}).status_code == 200
    client.post("/accounts/2fa/authenticate/", {"code": code_of(secret)})
    assert "_auth_user_id" not in client.session
    failed = AuditEvent.objects.filter(action="sign_in_failed")
    assert [event.details for event in failed] == [{"username": person.username, "reason": "second_factor"}] * 5


def test_a_recovery_code_signs_in_once() -> None:
    person = MembershipFactory(role="radiologist").user
    with_app(person)
    code = RecoveryCodes.activate(person).get_unused_codes()[0]
    for expected in (True, False):
        client = signed_in(person)
        client.post("/accounts/2fa/authenticate/", {"code": code})
        assert ("_auth_user_id" in client.session) is expected


def test_the_secret_of_an_app_is_not_readable_in_the_database() -> None:
    person = UserFactory()
    secret = with_app(person)
    stored = Authenticator.objects.get(user=person, type=Authenticator.Type.TOTP).data["secret"]
    assert secret not in stored
    assert Authenticator.objects.get(user=person).wrap().validate_code(code_of(secret))


def test_secrets_outlive_a_change_of_keys(settings) -> None:
    person = UserFactory()
    secret = with_app(person)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a new key " * 6
    settings.MFA_KEY = "a key for second factors alone"
    assert Authenticator.objects.get(user=person).wrap().validate_code(code_of(secret))


def test_who_has_a_factor_elsewhere_shows_it_and_cannot_add_one_by_password(settings) -> None:
    person = MembershipFactory(role="radiologist").user
    client = signed_in(person)
    secret = with_app(person)
    for page in ("/accounts/2fa/passkeys/add/", "/accounts/2fa/app/activate/", SECURITY, "/worklist/"):
        assert client.get(page).headers["Location"].startswith("/accounts/2fa/reauthenticate/?next=")
    client.post("/accounts/2fa/reauthenticate/", {"code": code_of(secret)})
    assert client.get("/worklist/").status_code == 200


def test_a_role_that_is_given_later_demands_at_once() -> None:
    membership = MembershipFactory(role="referring_doctor")
    client = signed_in(membership.user)
    assert client.get("/worklist/").status_code == 200
    MembershipFactory(user=membership.user, role="radiologist", institution=membership.institution)
    assert client.get("/worklist/").headers["Location"] == SECURITY


def test_signing_out_and_colours_stay_open() -> None:
    client = signed_in(MembershipFactory(role="radiologist").user)
    assert client.post("/accounts/theme/", {"theme": "light", "next": SECURITY}).headers["Location"] == SECURITY
    assert client.post("/accounts/logout/").headers["Location"] == LOGIN
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("with_factor", [True, False])
def test_api_tokens_of_demanding_roles_come_from_a_second_factor(client, with_factor: bool) -> None:
    person = MembershipFactory(role="radiologist").user
    _, text = create_api_token(
        actor=actor_of_tests(),
        person=person,
        name="Export",
        lifetime=NINETY_DAYS,
        is_read_only=True,
        with_second_factor=with_factor,
    )
    response = client.get("/api/v1/studies/", headers={"Authorization": f"Token {text}"})
    assert response.status_code == (200 if with_factor else 403)
    assert [one["tried"] for one in denied()] == ([] if with_factor else ["mfa_required"])


def test_a_made_up_token_beside_the_cookie_opens_nothing() -> None:
    client = signed_in(MembershipFactory(role="radiologist").user)
    assert client.get("/api/v1/studies/", headers={"Authorization": "Token 0123456789"}).status_code == 401
    assert client.get("/worklist/", headers={"Authorization": "Token 0123456789"}).headers["Location"] == SECURITY


def consultant(*, allows: bool):
    return MembershipFactory(role="consultant", institution=InstitutionFactory(allows_code_by_email=allows)).user


@pytest.mark.parametrize("trusts", [True, False])
def test_an_identity_provider_counts_where_it_is_trusted(settings, trusts: bool) -> None:
    settings.MFA_TRUSTS_IDENTITY_PROVIDERS = trusts
    person = MembershipFactory(role="radiologist").user
    client = signed_in(person)
    session = client.session
    session["account_authentication_methods"] = [{"method": "socialaccount", "at": 0, "provider": "nistru"}]
    session.save()
    assert (client.get("/worklist/").status_code == 200) is trusts


class TestCodeByEmail:
    """A one-time code by e-mail: offered to some, told to nobody."""

    ask = "/accounts/code/"

    def letter_to(self, email: str, smtp_server, capture) -> tuple[Client, list]:
        client = Client()
        with capture(execute=True):
            response = client.post(self.ask, {"email": email})
        assert (response.status_code, response.headers["Location"]) == (302, "/accounts/code/confirm/")
        return client, smtp_server.to(email)

    def test_a_consultant_of_a_hospital_that_allows_it_signs_in(
        self, smtp_server, django_capture_on_commit_callbacks
    ) -> None:
        person = consultant(allows=True)
        client, [letter] = self.letter_to(person.email, smtp_server, django_capture_on_commit_callbacks)
        lines = [line for line in text_of(letter).splitlines() if line.strip()]
        response = client.post("/accounts/code/confirm/", {"code": lines[1].strip()})
        assert response.status_code == 302
        assert client.get("/worklist/").status_code == 200
        assert AuditEvent.objects.get(action="signed_in").details["method"] == "code_by_email"

    @pytest.mark.parametrize(
        "of_whom",
        [
            lambda: consultant(allows=False),
            lambda: MembershipFactory(role="radiologist", institution__allows_code_by_email=True).user,
            lambda: MembershipFactory(user=consultant(allows=True), role="radiologist").user,
            UserFactory,
        ],
    )
    def test_others_get_no_letter_and_the_same_answer(
        self, of_whom, smtp_server, django_capture_on_commit_callbacks
    ) -> None:
        known, letters = self.letter_to(of_whom().email, smtp_server, django_capture_on_commit_callbacks)
        assert letters == []
        known.post("/accounts/code/confirm/", {"code": "AAAA-AAAA"})
        assert "_auth_user_id" not in known.session
        unknown, _ = self.letter_to("nobody@nistru.example", smtp_server, django_capture_on_commit_callbacks)
        pages = [one.get("/accounts/code/confirm/").content.decode() for one in (known, unknown)]
        assert "Type the code" in pages[0]
        assert "Type the code" in pages[1]

    def test_three_wrong_codes_end_it(self, smtp_server, django_capture_on_commit_callbacks) -> None:
        person = consultant(allows=True)
        client, [letter] = self.letter_to(person.email, smtp_server, django_capture_on_commit_callbacks)
        code = [line for line in text_of(letter).splitlines() if line.strip()][1].strip()
        for _ in range(3):
            client.post("/accounts/code/confirm/", {"code": "WRONG1"})
        client.post("/accounts/code/confirm/", {"code": code})
        assert "_auth_user_id" not in client.session
        assert AuditEvent.objects.filter(action="sign_in_failed", details__reason="code_by_email").count() == 3


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("MFA_DEMANDED_OF", ("radiologst",), "institutions.E001"),
        ("SESSION_LIMITS", ("radiologist=60/720",), "institutions.E002"),
        ("SESSION_LIMITS", ("default=800/720",), "institutions.E002"),
        ("SESSION_LIMITS", ("default=soon",), "institutions.E002"),
    ],
)
def test_settings_that_name_no_role_are_found_at_the_start(settings, name: str, value: tuple, code: str) -> None:
    setattr(settings, name, value)
    with pytest.raises(SystemCheckError, match=code):
        call_command("check")


def test_whoever_set_a_second_factor_up_is_led_on_to_what_they_came_for() -> None:
    person = MembershipFactory(role="consultant").user
    client = signed_in(person)
    client.get("/questions/?page=1")
    onward = 'href="/questions/?page=1"'
    assert onward not in client.get(SECURITY).content.decode()
    secret = with_app(person)
    client.post("/accounts/2fa/reauthenticate/", {"code": code_of(secret)})
    assert onward in client.get(SECURITY).content.decode()
    assert client.get("/questions/?page=1").status_code == 200
    assert onward not in client.get(SECURITY).content.decode()

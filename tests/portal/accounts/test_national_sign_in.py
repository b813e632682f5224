"""Patients sign in by a real OpenID provider, are found by their national ID alone, and see what is theirs."""

from collections.abc import Iterator
from datetime import date

import pytest
from django.test import Client

from audit.models import AuditEvent
from portal.accounts.models import NationalIdentity, User
from portal.institutions.models import Institution, Membership, Role
from tests.identity_provider import IdentityProvider
from tests.portal.accounts.factories import (
    NATIONAL_IDS,
    PASSWORD,
    NationalIdentityFactory,
    UserFactory,
    VouchedIdentityFactory,
)
from tests.portal.accounts.national import (
    CALLBACK,
    SIGN_IN_PAGE,
    START,
    asked_of,
    came_back,
    is_signed_in,
    recorded,
    stored,
    trusting,
)
from tests.portal.institutions.factories import MembershipFactory

pytestmark = pytest.mark.django_db
ELENA, MARIA = NATIONAL_IDS[:2]


@pytest.fixture(scope="module")
def running() -> Iterator[IdentityProvider]:
    with IdentityProvider([CALLBACK], post_logout_redirect_uris=[SIGN_IN_PAGE]) as provider:
        yield provider


@pytest.fixture
def provider(running: IdentityProvider) -> Iterator[IdentityProvider]:
    with trusting(running):
        yield running
    running.forget_accounts()


def elena(provider: IdentityProvider, **claims: str):
    told = {"idnp": ELENA, "given_name": "Elena", "family_name": "Munteanu", **claims}
    return provider.set_account("elena", **told)


def test_the_portal_asks_with_state_nonce_and_pkce(client, provider) -> None:
    address, asked = asked_of(client)
    assert address.startswith(f"{provider.issuer}/auth?")
    assert asked["response_type"] == "code"
    assert asked["redirect_uri"] == CALLBACK
    assert asked["code_challenge_method"] == "S256"
    assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) >= 32
    _, again = asked_of(client)
    assert {asked[name] for name in ("state", "nonce", "code_challenge")}.isdisjoint(again.values())


def test_the_first_sign_in_makes_a_patient_of_the_asserted_identity(client, provider) -> None:
    response = came_back(client, provider, elena(provider, birthdate="1962-03-14", gender="female"))
    assert (response.status_code, response["Location"]) == (302, "/")
    identity = NationalIdentity.objects.select_related("user").get()
    person = identity.user
    assert (identity.issuer, identity.national_id) == ("IDNP", ELENA)
    assert (identity.provider, identity.provider_subject) == (provider.issuer, "sub-of-elena")
    assert (identity.birth_date, identity.sex) == (date(1962, 3, 14), "F")
    assert person.full_name == "Elena Munteanu"
    assert ELENA not in person.username
    assert not person.has_usable_password()
    role = Membership.objects.select_related("institution").get(user=person)
    assert (role.role, role.institution.code, role.institution.name) == (
        Role.PATIENT,
        "national",
        "National patients register",
    )
    assert client.session["_auth_user_id"] == str(person.pk)
    assert client.get("/worklist/").status_code == 200


def test_each_act_of_the_first_sign_in_is_audited_once(client, provider) -> None:
    came_back(client, provider, elena(provider))
    events = AuditEvent.objects.order_by("pk")
    assert [event.action for event in events] == ["national_id_set", "role_given", "signed_in"]
    made, given, signed_in = events
    assert made.actor_id == given.actor_id == "system:national identity provider"
    person = User.objects.get()
    assert (signed_in.actor_id, signed_in.actor_role) == (str(person.subject), "patient")
    assert signed_in.details == {"method": "national identity provider"}


def test_the_next_sign_in_is_the_same_person(client, provider) -> None:
    came_back(client, provider, elena(provider))
    before = stored()
    other = Client()
    came_back(other, provider, elena(provider))
    assert other.session["_auth_user_id"] == client.session["_auth_user_id"]
    assert stored() == before


def test_another_subject_with_the_same_national_id_is_the_same_person(client, provider) -> None:
    came_back(client, provider, elena(provider))
    again = Client()
    came_back(again, provider, provider.set_account("elena2", idnp=ELENA))
    assert again.session["_auth_user_id"] == client.session["_auth_user_id"]
    assert stored() == (1, 1, 1)


def test_the_same_subject_with_another_national_id_is_refused(client, provider) -> None:
    came_back(client, provider, elena(provider))
    person = User.objects.get()
    changed = Client()
    before = AuditEvent.objects.count()
    response = came_back(changed, provider, elena(provider, idnp=MARIA))
    assert response.status_code == 403
    assert not is_signed_in(changed)
    assert stored() == (1, 1, 1)
    assert NationalIdentity.objects.get().national_id == ELENA
    assert recorded()[before:] == [
        ("sign_in_failed", "denied", {"username": person.username, "reason": "national_identity_changed"})
    ]


def test_nobody_is_found_by_e_mail_or_user_name(client, provider) -> None:
    same = UserFactory(username="elena", email="elena@nistru.example", first_name="Elena", last_name="Munteanu")
    came_back(
        client,
        provider,
        provider.set_account(
            "elena", idnp=ELENA, email=same.email, email_verified=True, preferred_username="elena", given_name="Elena"
        ),
    )
    assert client.session["_auth_user_id"] != str(same.pk)
    assert not hasattr(User.objects.get(pk=same.pk), "national_identity")
    assert User.objects.exclude(pk=same.pk).get().email == ""


def test_the_same_number_of_another_issuer_is_another_person(client, provider) -> None:
    foreign = NationalIdentityFactory(issuer="CNP", national_id=ELENA)
    came_back(client, provider, elena(provider))
    assert client.session["_auth_user_id"] != str(foreign.user_id)
    assert NationalIdentity.objects.filter(national_id=ELENA).count() == 2


def test_whom_a_hospital_vouched_for_keeps_their_account(client, provider) -> None:
    known = VouchedIdentityFactory(national_id=ELENA)
    MembershipFactory(user=known.user, role=Role.PATIENT)
    came_back(client, provider, elena(provider))
    assert client.session["_auth_user_id"] == str(known.user_id)
    known.refresh_from_db()
    assert (known.provider_subject, known.asserted_by) == ("sub-of-elena", "Victor Ciobanu")
    assert known.user.check_password(PASSWORD)
    assert stored() == (1, 1, 1)
    assert not Institution.objects.filter(code="national").exists()
    again = Client()
    came_back(again, provider, elena(provider))
    # From the first time on the provider vouches, too.
    assert [action for action, _, _ in recorded()] == ["national_id_set", "signed_in", "signed_in"]


def doctor_with_number() -> User:
    doctor: User = MembershipFactory(role=Role.RADIOLOGIST).user
    VouchedIdentityFactory(user=doctor, national_id=ELENA)
    return doctor


def test_a_doctor_who_is_a_patient_too_begins_as_a_patient(client, provider) -> None:
    doctor = doctor_with_number()
    client.force_login(doctor)
    assert "Not confirmed yet." in client.get("/accounts/security/").content.decode()
    came_back(client, provider, elena(provider))
    assert "Confirmed. You may sign in" in client.get("/accounts/security/").content.decode()
    assert client.session["_auth_user_id"] == str(doctor.pk)
    assert client.session["hat"] == Membership.objects.get(user=doctor, role=Role.PATIENT).pk
    later = Client()
    came_back(later, provider, elena(provider))
    assert later.session["_auth_user_id"] == str(doctor.pk)
    assert User.objects.count() == 1


def test_a_number_that_an_administrator_set_opens_no_colleagues_account(client, provider) -> None:
    doctor = doctor_with_number()
    response = came_back(client, provider, elena(provider))
    assert response.status_code == 403
    assert "Sign in with your work account first" in response.content.decode()
    assert not is_signed_in(client)
    assert stored() == (1, 1, 1)
    assert NationalIdentity.objects.get().provider_subject == ""
    assert recorded() == [
        ("sign_in_failed", "denied", {"username": doctor.username, "reason": "national_not_confirmed"})
    ]


def test_a_number_that_is_changed_after_its_owner_confirmed_it_opens_no_account(client, provider) -> None:
    doctor = doctor_with_number()
    client.force_login(doctor)
    came_back(client, provider, elena(provider))
    NationalIdentity.objects.update(national_id=MARIA)
    thief = Client()
    assert came_back(thief, provider, provider.set_account("maria", idnp=MARIA)).status_code == 403
    assert not is_signed_in(thief)


def test_a_doctor_without_a_national_id_stays_apart_from_the_patient(client, provider) -> None:
    doctor = MembershipFactory(role=Role.RADIOLOGIST, user__first_name="Elena", user__last_name="Munteanu").user
    came_back(client, provider, elena(provider))
    patient = User.objects.get(pk=client.session["_auth_user_id"])
    assert patient != doctor
    assert list(patient.memberships.values_list("role", flat=True)) == [Role.PATIENT]


def test_the_session_id_changes_and_a_planted_one_is_worth_nothing(client, provider) -> None:
    address, _ = asked_of(client)
    planted = client.session.session_key
    client.get(provider.sign_in(address, elena(provider)))
    assert client.session.session_key != planted
    thief = Client()
    thief.cookies["dicom_network_session"] = planted
    assert not is_signed_in(thief)


def test_the_page_that_was_asked_for_comes_next(client, provider) -> None:
    response = came_back(client, provider, elena(provider), f"{START}?next=/worklist/%3Fmodality%3DCT")
    assert response["Location"] == "/worklist/?modality=CT"


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "http:///evil.example"],
)
def test_signing_in_never_leads_to_another_site(client, provider, target: str) -> None:
    response = came_back(client, provider, elena(provider), f"{START}?next={target}")
    assert response["Location"] == "/"


def test_a_suspended_patient_is_not_let_in(client, provider) -> None:
    known = NationalIdentityFactory(national_id=ELENA, user__is_active=False)
    response = came_back(client, provider, elena(provider))
    assert response.status_code == 403
    assert not is_signed_in(client)
    assert recorded() == [
        ("sign_in_failed", "denied", {"username": known.user.username, "reason": "national_account_suspended"})
    ]


def test_a_session_ends_when_the_patient_is_suspended(client, provider) -> None:
    came_back(client, provider, elena(provider))
    User.objects.update(is_active=False)
    assert client.get("/worklist/").status_code == 302


def test_a_role_that_was_taken_does_not_come_back_by_signing_in(client, provider) -> None:
    came_back(client, provider, elena(provider))
    role = Membership.objects.get()
    role.ended_at = role.since
    role.save()
    before, again = AuditEvent.objects.count(), Client()
    assert came_back(again, provider, elena(provider)).status_code == 403
    assert not is_signed_in(again)
    assert stored() == (1, 1, 1)
    assert [event[2]["reason"] for event in recorded()[before:]] == ["national_account_suspended"]


def test_whoever_goes_back_at_the_provider_gets_a_plain_sentence(client, provider) -> None:
    _, asked = asked_of(client)
    response = client.get("/oidc/callback/", {"error": "access_denied", "state": asked["state"]})
    assert response.status_code == 403
    assert "You went back before you were signed in." in response.content.decode()
    assert not is_signed_in(client)
    assert recorded() == [("sign_in_failed", "denied", {"reason": "national_cancelled"})]


def test_signing_out_ends_the_session_here_and_leads_to_the_providers_end(client, provider) -> None:
    for address in ("/oidc/logout/", "/accounts/logout/"):
        came_back(client, provider, elena(provider))
        response = client.post(address)
        assert response.status_code == 302
        assert response["Location"].startswith(f"{provider.issuer}/session/end?client_id=dicom-network&post_logout_")
        assert not is_signed_in(client)
        # The ID token holds the national ID, which has no place in an address.
        assert "id_token_hint" not in response["Location"]
    assert client.get("/oidc/logout/").status_code == 405


def test_whoever_signed_in_by_password_does_not_meet_the_provider_when_signing_out(client, provider) -> None:
    client.force_login(UserFactory())
    assert client.post("/accounts/logout/")["Location"] == "/accounts/login/"


def test_the_sign_in_page_offers_the_provider_only_where_there_is_one(client, provider) -> None:
    words = "Sign in with the national identity provider"
    page = client.get("/accounts/login/?next=/worklist/").content.decode()
    assert words in page
    assert 'href="/oidc/authenticate/?next=%2Fworklist%2F"' in page
    with trusting(provider, NATIONAL_OIDC_ISSUER=""):
        assert words not in client.get("/accounts/login/").content.decode()


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("address", ["authenticate", "callback", "logout"])
def test_without_a_provider_there_is_nothing(client, address: str, method: str) -> None:
    assert getattr(client, method)(f"/oidc/{address}/").status_code in {404, 405}
    assert recorded() == []


def test_claims_may_come_from_the_userinfo_address_alone(client) -> None:
    with IdentityProvider([CALLBACK], claims_in_id_token=False, algorithm="ES256") as other, trusting(other):
        came_back(client, other, elena(other))
    assert NationalIdentity.objects.get(user=client.session["_auth_user_id"]).national_id == ELENA


def test_addresses_may_be_named_instead_of_discovered(client, provider) -> None:
    named = {
        "NATIONAL_OIDC_AUTHORIZATION_ENDPOINT": f"{provider.issuer}/auth",
        "NATIONAL_OIDC_TOKEN_ENDPOINT": f"{provider.issuer}/token",
        "NATIONAL_OIDC_JWKS_URI": f"{provider.issuer}/jwks",
    }
    with trusting(provider, **named):
        assert came_back(client, provider, elena(provider)).status_code == 302
    assert is_signed_in(client)

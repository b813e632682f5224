"""Staff come by their institution's provider: a real one, over real requests."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from allauth.socialaccount.models import SocialAccount
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.actors import SystemActor
from audit.models import AuditEvent, Outcome
from portal.accounts.models import User
from portal.grants.policy import explain
from portal.institutions.models import Membership, Role
from portal.single_sign_on.models import AwaitedConnection
from portal.single_sign_on.services import change_provider, terms_of
from tests.identity_provider import IdentityProvider as RealProvider
from tests.portal.accounts.factories import UserFactory
from tests.portal.grants.factories import GrantFactory
from tests.portal.institutions.factories import InstitutionFactory, MembershipFactory
from tests.portal.invitations.factories import TOKEN, InvitationFactory
from tests.portal.single_sign_on.factories import make_provider

pytestmark = pytest.mark.django_db
HOST = "http://testserver"


class Institution:
    """An institution with a real provider that people can sign in by."""

    def __init__(self, real, **changed):
        self.real = real
        self.institution = InstitutionFactory()
        self.provider = make_provider(
            self.institution, issuer=real.issuer, client_id=real.client_id, client_secret=real.client_secret, **changed
        )

    def start(self, client, **data):
        """Press the button; the address at the provider."""
        page = client.post(reverse("openid_connect_login", args=[self.provider.app.provider_id]), data)
        assert page.status_code == 200
        return page["Refresh"].removeprefix("0; url=")

    def callback(self, address):
        """The address that the provider was told to send people back to, as this one institution knows it."""
        path = reverse("openid_connect_callback", args=[self.provider.app.provider_id])
        return f"{path}?{urlsplit(address).query}"

    def sign_in(self, client, account, **data):
        """The whole way; the answer to the way back."""
        return client.get(self.callback(self.real.sign_in(self.start(client, **data), account)))


@pytest.fixture(scope="module")
def real():
    """One provider for all; each institution's own way back is known to it by a pattern of the test's making."""
    with RealProvider([f"{HOST}/accounts/oidc/{name}/login/callback/" for name in ("one", "two")]) as provider:
        yield provider


def tied(institution, name):
    """Give the provider the name in addresses that the real one knows."""
    institution.provider.app.provider_id = name
    institution.provider.app.save()
    return institution


@pytest.fixture
def nistru(real):
    real.forget_accounts()
    return tied(Institution(real), "one")


def person(real, username="ana", **claims):
    told = {
        "email": f"{username}@nistru.example",
        "email_verified": True,
        "given_name": "Ana",
        "family_name": "Rusu",
        "groups": ["radiology"],
    }
    return real.set_account(username, **{**told, **claims})


def assert_nobody_came(client, response, reason, people):
    assert response.status_code == 403
    assert "_auth_user_id" not in client.session
    assert User.objects.count() == people
    event = AuditEvent.objects.get(action="sign_in_failed")
    assert event.outcome == Outcome.DENIED
    assert event.details["reason"] == reason


def test_a_radiologist_comes_by_the_provider_of_their_institution(client, nistru, real):
    response = nistru.sign_in(client, person(real), next="/worklist/?modality=CT")
    assert (response.status_code, response["Location"]) == (302, "/worklist/?modality=CT")
    user = User.objects.get(email="ana@nistru.example")
    assert str(user.pk) == client.session["_auth_user_id"]
    assert (user.full_name, user.has_usable_password()) == ("Ana Rusu", False)
    held = Membership.objects.get(user=user)
    assert (held.role, held.institution, held.ended_at) == (Role.RADIOLOGIST, nistru.institution, None)
    assert SocialAccount.objects.get(user=user).extra_data == {}
    assert AuditEvent.objects.get(action="signed_in").actor_id == str(user.subject)


def test_the_word_of_a_provider_opens_nothing_that_was_given_to_an_address(client, real, nistru):
    given = GrantFactory(user=None, email="ana@nistru.example")
    invitation = InvitationFactory(email="ana@nistru.example", role="", institution=given.study.server.institution)
    nistru.sign_in(client, person(real))
    user = User.objects.get(email="ana@nistru.example")
    assert not explain(user, given.study).allowed
    # Whoever reads what is sent there has the link.
    assert client.post(reverse("accept_invitation"), {"token": TOKEN}).status_code == 302
    invitation.refresh_from_db()
    assert invitation.accepted_by == user
    assert explain(user, given.study).allowed


def test_coming_again_is_the_same_person_and_changes_the_session(client, nistru, real):
    account = person(real)
    client.get(reverse("account_login"))
    nistru.sign_in(client, account)
    first = client.session.session_key
    client.logout()
    client.get(reverse("account_login"))
    before = client.session.session_key
    nistru.sign_in(client, account)
    assert client.session.session_key not in {first, before}
    assert User.objects.count() == 1
    assert Membership.objects.count() == 1
    assert SocialAccount.objects.get().extra_data == {}


def test_roles_follow_the_claims_and_those_of_administrators_stay(client, nistru, real):
    nistru.sign_in(client, person(real))
    user = User.objects.get()
    MembershipFactory(user=user, institution=nistru.institution, role=Role.CONSULTANT, given_by_name="Victor")
    client.logout()
    nistru.sign_in(client, person(real, groups=["clinic", "of no meaning"]))
    running = Membership.objects.filter(user=user, ended_at__isnull=True).values_list("role", flat=True)
    assert set(running) == {Role.CONSULTANT, Role.REFERRING_DOCTOR}
    assert Membership.objects.get(user=user, role=Role.RADIOLOGIST).ended_at is not None


def test_who_lost_every_role_does_not_come_in(client, nistru, real):
    nistru.sign_in(client, person(real))
    client.logout()
    response = nistru.sign_in(client, person(real, groups=[]))
    assert response.status_code == 403
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"email": "ana@codru.example"}, "address_not_of_this_institution"),
        ({"email": "ana@sub.nistru.example"}, "address_not_of_this_institution"),
        ({"email": "ana@nistru.example@codru.example"}, "address_not_of_this_institution"),
        ({"email": None}, "address_not_of_this_institution"),
        ({"email_verified": False}, "address_not_of_this_institution"),
        ({"email_verified": "true"}, "address_not_of_this_institution"),
        ({"groups": []}, "no_role"),
        ({"groups": ["system_administrator"]}, "no_role"),
        ({"groups": None}, "no_role"),
    ],
)
def test_who_is_not_vouched_for_does_not_come_in(client, nistru, real, claims, reason):
    response = nistru.sign_in(client, person(real, **claims))
    assert_nobody_came(client, response, reason, people=0)


def test_an_address_that_has_an_account_connects_nobody(client, nistru, real):
    UserFactory(email="ANA@nistru.example")
    response = nistru.sign_in(client, person(real))
    assert_nobody_came(client, response, "account_exists", people=1)
    assert not SocialAccount.objects.exists()


def test_a_user_name_that_is_the_address_connects_nobody(client, nistru, real):
    UserFactory(username="ana@nistru.example", email="")
    assert_nobody_came(client, nistru.sign_in(client, person(real)), "account_exists", people=1)


def test_an_administrator_lets_the_provider_connect_somebody_once(client, nistru, real):
    user = UserFactory(email="ana@nistru.example")
    MembershipFactory(user=user, institution=nistru.institution, role=Role.REFERRING_DOCTOR)
    AwaitedConnection.objects.create(
        provider=nistru.provider, user=user, allowed_by=UserFactory(), allowed_until=timezone.now() + timedelta(days=1)
    )
    assert nistru.sign_in(client, person(real)).status_code == 302
    assert client.session["_auth_user_id"] == str(user.pk)
    assert not AwaitedConnection.objects.exists()
    client.logout()
    # Another subject with the same address is another person.
    assert nistru.sign_in(client, person(real, "ana", sub="somebody-else")).status_code == 403


def test_who_got_a_role_elsewhere_meanwhile_is_not_connected(client, nistru, real):
    user = UserFactory(email="ana@nistru.example")
    MembershipFactory(user=user, institution=nistru.institution, role=Role.REFERRING_DOCTOR)
    AwaitedConnection.objects.create(
        provider=nistru.provider, user=user, allowed_by=UserFactory(), allowed_until=timezone.now() + timedelta(days=1)
    )
    MembershipFactory(user=user, role=Role.RADIOLOGIST)
    assert_nobody_came(client, nistru.sign_in(client, person(real)), "account_exists", people=2)


def test_a_connection_that_was_not_made_in_time_is_none(client, nistru, real):
    user = UserFactory(email="ana@nistru.example")
    AwaitedConnection.objects.create(
        provider=nistru.provider, user=user, allowed_by=UserFactory(), allowed_until=timezone.now()
    )
    assert nistru.sign_in(client, person(real)).status_code == 403


def test_a_person_of_one_provider_never_becomes_that_of_another(client, nistru, real):
    nistru.sign_in(client, person(real))
    ana = User.objects.get()
    client.logout()
    with RealProvider([f"{HOST}/accounts/oidc/two/login/callback/"]) as second:
        other = tied(Institution(second, domains=("codru.example",)), "two")
        # The other provider asserts the same subject, and an address of the first one's domain.
        assert other.sign_in(client, person(second)).status_code == 403
        assert "_auth_user_id" not in client.session
        # With an address of its own domain the same subject is another person.
        assert other.sign_in(client, person(second, email="ana@codru.example")).status_code == 302
    assert client.session["_auth_user_id"] != str(ana.pk)
    assert not Membership.objects.filter(user=ana, institution=other.institution).exists()


def test_a_disabled_provider_lets_nobody_in(client, nistru, real):
    account = person(real)
    address = nistru.start(client)
    administrator = UserFactory()
    MembershipFactory(user=administrator, institution=nistru.institution, role=Role.INSTITUTION_ADMINISTRATOR)
    change_provider(
        actor=SystemActor("tests"),
        administrator=administrator,
        pk=nistru.provider.pk,
        terms=terms_of(nistru.provider, is_enabled=False),
    )
    assert client.get(nistru.callback(real.sign_in(address, account))).status_code == 404
    assert client.post(reverse("openid_connect_login", args=["one"])).status_code == 404
    assert "_auth_user_id" not in client.session


def test_a_suspended_account_does_not_come_in(client, nistru, real):
    nistru.sign_in(client, person(real))
    client.logout()
    User.objects.update(is_active=False)
    nistru.sign_in(client, person(real))
    assert "_auth_user_id" not in client.session


def test_the_way_back_works_once_and_in_one_browser_only(client, nistru, real):
    address = real.sign_in(nistru.start(client), person(real))
    stranger = Client()
    assert stranger.get(nistru.callback(address)).status_code == 403
    assert "_auth_user_id" not in stranger.session
    assert client.get(nistru.callback(address)).status_code == 302
    client.logout()
    assert client.get(nistru.callback(address)).status_code == 403
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_nobody_is_led_to_another_site(client, nistru, real, target):
    response = nistru.sign_in(client, person(real), next=target)
    assert (response.status_code, response["Location"]) == (302, "/")


def test_what_the_browser_adds_changes_nothing_of_the_request(client, nistru):
    path = reverse("openid_connect_login", args=["one"])
    page = client.post(f"{path}?scope=offline_access&auth_params=prompt%3Dnone&process=connect")
    asked = parse_qs(urlsplit(page["Refresh"]).query)
    assert set(asked["scope"][0].split()) == {"openid", "profile", "email", "groups"}
    assert asked["code_challenge_method"] == ["S256"]
    assert len(asked["nonce"][0]) >= 32
    assert "prompt" not in asked


def test_the_way_to_the_provider_begins_with_a_form_of_ours(nistru):
    path = reverse("openid_connect_login", args=["one"])
    strict = Client(enforce_csrf_checks=True)
    assert strict.get(path).status_code == 405
    assert strict.post(path).status_code == 403


def test_a_person_who_says_no_reads_a_plain_page(client, nistru):
    state = parse_qs(urlsplit(nistru.start(client)).query)["state"][0]
    path = reverse("openid_connect_callback", args=["one"])
    response = client.get(path, {"error": "access_denied", "state": state})
    assert response.status_code == 403
    assert "Nobody was signed in" in response.content.decode()


def test_a_provider_that_is_down_signs_nobody_in(client, nistru, real, monkeypatch):
    address = real.sign_in(nistru.start(client), person(real))

    def down(*arguments, **named):
        raise requests.ConnectionError

    monkeypatch.setattr(requests.Session, "request", down)
    assert client.get(nistru.callback(address)).status_code == 403
    assert "_auth_user_id" not in client.session

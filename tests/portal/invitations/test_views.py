"""The page behind a link: looking changes nothing, a click comes in, and what is not theirs does not exist."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.models import AuditEvent
from portal.accounts.models import User
from portal.institutions.models import Institution, Membership, Role
from portal.invitations.models import Invitation
from portal.invitations.tokens import digest_of
from tests.portal.accounts.factories import PASSWORD, UserFactory
from tests.portal.institutions.factories import InstitutionFactory, MembershipFactory
from tests.portal.invitations.factories import TOKEN, InvitationFactory

pytestmark = pytest.mark.django_db
PAGE = f"/invitations/{TOKEN}/"
ACCEPT = "/invitations/accept/"
FORM = {
    "token": TOKEN,
    "academic_title": "Prof.",
    "first_name": "Aylin",
    "last_name": "Kaya",
    "way": "password",
    "password": PASSWORD,
    "password_again": PASSWORD,
}


def actions() -> list[str]:
    return list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))


def test_the_page_says_who_invites_where_and_to_what_and_changes_nothing(client) -> None:
    invitation = InvitationFactory(institution__name="Nistru Clinical Hospital")
    for method in (client.get, client.head, client.get):
        answer = method(PAGE)
        assert answer.status_code == 200
    html = answer.content.decode()
    assert "Nistru Clinical Hospital invites you" in html
    assert f"{invitation.invited_by.full_name} invites you as a radiologist" in html
    assert invitation.email in html
    assert answer["Referrer-Policy"] == "strict-origin"
    assert "no-store" in answer["Cache-Control"]
    invitation.refresh_from_db()
    assert invitation.accepted_at is None
    assert actions() == []


def test_a_new_person_makes_an_account_and_is_signed_in_where_it_leads(client) -> None:
    invitation = InvitationFactory(email="a.kaya@onko.example", leads_to="/questions/7/")
    client.get("/accounts/login/")
    before = client.session.session_key
    answer = client.post(ACCEPT, FORM)
    assert (answer.status_code, answer["Location"]) == (302, "/questions/7/")
    person = User.objects.get(email="a.kaya@onko.example")
    assert client.session["_auth_user_id"] == str(person.pk)
    assert client.session.session_key != before
    assert person.check_password(PASSWORD)
    assert actions() == ["invitation_accepted", "role_given", "signed_in"]
    invitation.refresh_from_db()
    assert invitation.accepted_by == person
    assert client.get(PAGE).status_code == 410
    assert "Go on" in client.get(PAGE).content.decode()
    assert "Go on" not in Client().get(PAGE).content.decode()


def test_who_chooses_a_passkey_has_no_password_and_is_led_to_set_it_up(client) -> None:
    InvitationFactory(email="a.kaya@onko.example", leads_to="/questions/7/")
    answer = client.post(ACCEPT, {**FORM, "way": "passkey"})
    assert answer["Location"] == f"{reverse('mfa_add_webauthn')}?next=%2Fquestions%2F7%2F"
    assert not User.objects.get(email="a.kaya@onko.example").has_usable_password()


@pytest.mark.parametrize(("way", "set_up"), [("passkey", "mfa_add_webauthn"), ("password", "mfa_activate_totp")])
def test_a_new_person_sets_up_the_second_factor_before_anything_else_opens(client, settings, way, set_up) -> None:
    settings.MFA_DEMANDED_OF = [Role.RADIOLOGIST.value]
    InvitationFactory(leads_to="/worklist/")
    client.post(ACCEPT, {**FORM, "way": way})
    assert client.get("/worklist/")["Location"] == reverse("account_security")
    assert client.get(reverse(set_up)).status_code == 200


def test_who_left_before_a_passkey_was_set_up_begins_again_by_a_new_invitation(client) -> None:
    InvitationFactory(email="a.kaya@onko.example")
    client.post(ACCEPT, {**FORM, "way": "passkey"})
    person = User.objects.get(email="a.kaya@onko.example")
    again = "u" * 43
    InvitationFactory(email=person.email, token_digest=digest_of(again), role=Role.REFERRING_DOCTOR)
    newcomer = Client()
    html = newcomer.get(f"/invitations/{again}/").content.decode()
    assert "Finish your account" in html
    assert "first_name" not in html
    weak = {"token": again, "way": "password", "password": "short", "password_again": "short"}
    assert newcomer.post(ACCEPT, weak).status_code == 200
    assert "_auth_user_id" not in newcomer.session
    way = {"token": again, "way": "password", "password": PASSWORD, "password_again": PASSWORD}
    assert newcomer.post(ACCEPT, way).status_code == 302
    assert newcomer.session["_auth_user_id"] == str(person.pk)
    person.refresh_from_db()
    assert person.check_password(PASSWORD)
    assert set(person.memberships.values_list("role", flat=True)) == {"radiologist", "referring_doctor"}
    assert User.objects.filter(email=person.email).count() == 1


@pytest.mark.parametrize("how", ["password", "passkey", "provider", "suspended", "unproven"])
def test_an_account_with_a_way_in_is_never_opened_by_a_link(client, how) -> None:
    person = UserFactory(is_active=how != "suspended")
    if how != "password":
        person.set_unusable_password()
        person.save()
    if how != "unproven":
        EmailAddress.objects.create(user=person, email=person.email, verified=True)
    if how == "passkey":
        Authenticator.objects.create(user=person, type=Authenticator.Type.WEBAUTHN, data={})
    if how == "provider":
        SocialAccount.objects.create(user=person, provider="openid_connect", uid="1")
    InvitationFactory(email=person.email)
    assert "You have an account already" in client.get(PAGE).content.decode()
    answer = client.post(ACCEPT, FORM)
    assert answer.status_code == 200
    assert "_auth_user_id" not in client.session
    assert not person.memberships.exists()
    assert not User.objects.get(pk=person.pk).check_password(PASSWORD) or how == "password"


@pytest.mark.parametrize(
    ("role", "institution_allows", "now_allows", "offered"),
    [
        (Role.CONSULTANT, True, True, True),
        (Role.CONSULTANT, True, False, False),
        (Role.CONSULTANT, False, True, False),
    ],
)
def test_a_code_by_mail_is_a_way_in_only_where_the_institution_allows_it(
    client, role, institution_allows, now_allows, offered
) -> None:
    InvitationFactory(role=role, allows_code=institution_allows, institution__allows_code_by_email=now_allows)
    html = client.get(PAGE).content.decode()
    assert ("Code by e-mail" in html) == offered
    assert html.count('type="radio"') == (3 if offered else 2)
    answer = client.post(ACCEPT, {**FORM, "way": "code"})
    assert answer.status_code == (302 if offered else 200)
    assert Membership.objects.filter(role=role).exists() == offered


@pytest.mark.parametrize(
    "changes",
    [
        {"first_name": ""},
        {"last_name": "x" * 151},
        {"password": "short", "password_again": "short"},
        {"password": "password1234", "password_again": "password1234"},
        {"password_again": "another password"},
        {"password": "", "password_again": ""},
        {"way": "nothing"},
    ],
)
def test_a_form_that_is_not_right_makes_no_account(client, changes) -> None:
    InvitationFactory()
    people = User.objects.count()
    answer = client.post(ACCEPT, {**FORM, **changes})
    assert answer.status_code == 200
    assert 'role="alert"' in answer.content.decode()
    assert PASSWORD not in answer.content.decode()
    assert User.objects.count() == people
    assert actions() == []


def test_nothing_but_the_name_and_the_way_is_taken_from_the_form(client) -> None:
    invitation = InvitationFactory(email="a.kaya@onko.example")
    other = InstitutionFactory()
    hostile = {
        "role": "system_administrator",
        "institution": other.pk,
        "is_superuser": "1",
        "is_staff": "1",
        "email": "mallory@elsewhere.example",
        "username": "root",
        "leads_to": "https://elsewhere.example/",
        "next": "https://elsewhere.example/",
    }
    answer = client.post(ACCEPT, {**hostile, **FORM})
    assert answer["Location"] == "/"
    person = User.objects.get(username="a.kaya")
    assert (person.is_superuser, person.is_staff, person.email) == (False, False, "a.kaya@onko.example")
    membership = person.memberships.get()
    assert (membership.role, membership.institution) == ("radiologist", invitation.institution)


def test_who_has_an_account_signs_in_first_and_then_joins_by_one_click(client) -> None:
    person = UserFactory()
    InvitationFactory(email=person.email, leads_to="/worklist/")
    assert f"/accounts/login/?next=%2Finvitations%2F{TOKEN}%2F" in client.get(PAGE).content.decode()
    assert client.post(ACCEPT, FORM).status_code == 200
    assert not person.memberships.exists()
    assert "_auth_user_id" not in client.session
    client.force_login(person)
    assert "is your address" in client.get(PAGE).content.decode()
    assert client.post(ACCEPT, {"token": TOKEN})["Location"] == "/worklist/"
    assert person.memberships.get().role == "radiologist"


def test_somebody_else_who_is_signed_in_gets_nothing_and_it_is_recorded_once(client) -> None:
    owner, other = UserFactory(), UserFactory()
    EmailAddress.objects.create(user=owner, email=owner.email, verified=True)
    InvitationFactory(email=owner.email)
    client.force_login(other)
    assert "is for somebody else" in client.get(PAGE).content.decode()
    answer = client.post(ACCEPT, {"token": TOKEN})
    assert "is for somebody else" in answer.content.decode()
    assert not owner.memberships.exists()
    assert not other.memberships.exists()
    assert actions() == ["signed_in", "access_denied"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"expires_at": timezone.now() - timedelta(days=1)}, "has expired"),
        ({"withdrawn_at": timezone.now()}, "was withdrawn"),
    ],
)
def test_a_closed_invitation_says_so_and_opens_nothing(client, changes, words) -> None:
    InvitationFactory(**changes)
    people = User.objects.count()
    for answer in (client.get(PAGE), client.post(ACCEPT, FORM)):
        assert answer.status_code == 410
        assert words in answer.content.decode()
        assert answer["Referrer-Policy"] == "strict-origin"
    assert User.objects.count() == people
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("token", ["x", "t" * 42, "ț", "t" * 5000, "%00"])
def test_an_unknown_link_is_not_there_and_recorded_once(client, token) -> None:
    InvitationFactory()
    assert client.get(f"/invitations/{token}/").status_code == 404
    assert actions() == ["access_denied"]
    assert client.post(ACCEPT, {**FORM, "token": token}).status_code == 404
    assert actions() == ["access_denied"] * 2
    assert token not in str(AuditEvent.objects.values_list("details", flat=True))


def test_who_tries_many_links_is_stopped(client) -> None:
    InvitationFactory()
    answers = [client.get(f"/invitations/{number}/").status_code for number in range(22)]
    assert answers == [404] * 20 + [429] * 2
    assert client.get(PAGE).status_code == 429


def test_no_log_holds_the_token(client, caplog) -> None:
    caplog.set_level("DEBUG")
    invitation = InvitationFactory()
    forgetful = Client(enforce_csrf_checks=True)
    assert forgetful.post(ACCEPT, FORM).status_code == 403
    assert client.get(PAGE).status_code == 200
    for _ in range(20):
        client.get("/invitations/x/")
    assert client.get(PAGE).status_code == 429
    cache.clear()
    Invitation.objects.filter(pk=invitation.pk).update(withdrawn_at=timezone.now())
    assert client.get(PAGE).status_code == 410
    assert TOKEN not in caplog.text


def test_coming_in_needs_the_forms_token() -> None:
    InvitationFactory()
    client = Client(enforce_csrf_checks=True)
    assert client.post(ACCEPT, FORM).status_code == 403
    assert client.get(ACCEPT).status_code == 405
    assert not AuditEvent.objects.exists()


def test_hostile_names_show_as_text(client) -> None:
    InvitationFactory(institution__name="<script>alert(1)</script>")
    html = client.get(PAGE).content.decode()
    assert "<script>alert" not in html
    assert "&lt;script&gt;" in html


# Inviting from the page of the people


def own_form(institution: Institution, **changes) -> dict[str, object]:
    return {"email": "new@onko.example", "role": "radiologist", "institution": institution.pk, **changes}


def test_the_administrator_invites_sends_again_and_withdraws(client) -> None:
    membership = MembershipFactory(role=Role.INSTITUTION_ADMINISTRATOR)
    client.force_login(membership.user)
    client.post("/people/invitations/", own_form(membership.institution))
    invitation = Invitation.objects.get()
    assert (invitation.email, invitation.institution) == ("new@onko.example", membership.institution)
    assert "new@onko.example" in client.get("/people/").content.decode()
    digest = invitation.token_digest
    client.post(f"/people/invitations/{invitation.pk}/resend/")
    invitation.refresh_from_db()
    assert invitation.token_digest != digest
    client.post(f"/people/invitations/{invitation.pk}/withdraw/")
    invitation.refresh_from_db()
    assert invitation.withdrawn_at is not None
    assert [one for one in actions() if one != "signed_in"] == [
        "invitation_sent",
        "invitation_sent",
        "invitation_withdrawn",
    ]


def attempts(invitation: Invitation) -> list[tuple[str, dict[str, object]]]:
    return [
        ("/people/invitations/", own_form(invitation.institution)),
        (f"/people/invitations/{invitation.pk}/resend/", {}),
        (f"/people/invitations/{invitation.pk}/withdraw/", {}),
    ]


@pytest.mark.parametrize("who", ["stranger", "radiologist", "other administrator", "suspended administrator"])
def test_to_others_there_is_nothing_and_each_try_is_recorded_once(client, who) -> None:
    invitation = InvitationFactory()
    digest = invitation.token_digest
    person = {
        "stranger": lambda: UserFactory(is_superuser=True, is_staff=True),
        "radiologist": lambda: MembershipFactory(institution=invitation.institution).user,
        "other administrator": lambda: MembershipFactory(role=Role.INSTITUTION_ADMINISTRATOR).user,
        "suspended administrator": lambda: (
            MembershipFactory(
                institution=invitation.institution, role=Role.INSTITUTION_ADMINISTRATOR, suspended_at=timezone.now()
            ).user
        ),
    }[who]()
    client.force_login(person)
    before = AuditEvent.objects.count()
    for address, form in attempts(invitation):
        assert client.post(address, form).status_code == 404
    assert actions()[before:] == ["access_denied"] * 3
    invitation.refresh_from_db()
    assert (invitation.token_digest, invitation.withdrawn_at) == (digest, None)
    assert Invitation.objects.count() == 1


def test_somebody_signed_out_is_led_to_sign_in(client) -> None:
    for address, form in attempts(InvitationFactory()):
        assert client.post(address, form)["Location"] == f"/accounts/login/?next={address}"
    assert Invitation.objects.count() == 1


@pytest.mark.parametrize("role", ["system_administrator", "auditor", "institution_administrator"])
def test_an_administrator_invites_to_no_role_that_governs(client, role) -> None:
    membership = MembershipFactory(role=Role.INSTITUTION_ADMINISTRATOR)
    client.force_login(membership.user)
    assert client.post("/people/invitations/", own_form(membership.institution, role=role)).status_code == 404
    assert not Invitation.objects.exists()
    assert actions()[-1] == "access_denied"

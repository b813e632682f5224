"""Inviting, sending again, withdrawing and accepting; by the rules, each with its one audit event."""

from datetime import timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core import mail
from django.utils import timezone

from audit.models import AuditEvent
from portal.accounts.models import User
from portal.institutions.models import Membership, Role
from portal.institutions.services import PersonSuspended
from portal.invitations import services
from portal.invitations.accounts import NewAccount, free_username
from portal.invitations.errors import (
    AddressHasAccount,
    InvitationClosed,
    InvitationRefused,
    MayNotInvite,
    NotYourInvitation,
    TooManyLetters,
)
from portal.invitations.models import Invitation, State
from portal.invitations.selectors import invitation_of, state_of
from tests.portal.accounts.factories import UserFactory
from tests.portal.grants.factories import actor_for
from tests.portal.institutions.factories import InstitutionFactory, MembershipFactory
from tests.portal.invitations.factories import InvitationFactory

ACCOUNT = NewAccount("Aylin", "Kaya", "Prof.", "a long enough password")


@pytest.fixture
def institution(db):
    return InstitutionFactory(name="Nistru Clinical Hospital")


@pytest.fixture
def administrator(institution):
    return MembershipFactory(institution=institution, role=Role.INSTITUTION_ADMINISTRATOR).user


def invite(inviter, institution, **changes):
    given = {"email": "A.Kaya@Onko.example ", "role": Role.CONSULTANT, **changes}
    return services.invite(actor=actor_for(inviter), inviter=inviter, institution=institution, **given)


def events() -> list[str]:
    return list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))


def token_in(letter) -> str:
    return letter.body.split("/invitations/")[1].split("/")[0]


def test_an_invitation_is_a_letter_with_a_secret_that_is_nowhere_kept(
    administrator, institution, django_capture_on_commit_callbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        invitation, created = invite(administrator, institution, leads_to="/questions/1/")
    assert created
    letter = mail.outbox[0]
    token = token_in(letter)
    assert len(token) == 43
    assert letter.to == ["a.kaya@onko.example"]
    assert letter.subject == "Nistru Clinical Hospital invites you to DICOM Network"
    assert administrator.full_name in letter.body
    assert "Consultant" in letter.body
    assert invitation_of(token) == invitation
    row = Invitation.objects.filter(pk=invitation.pk).values().get()
    assert token not in str(row)
    assert token not in str(AuditEvent.objects.get().details)
    assert (row["email"], row["role"], row["leads_to"]) == ("a.kaya@onko.example", "consultant", "/questions/1/")
    assert timedelta(days=13) < invitation.expires_at - timezone.now() <= timedelta(days=14)
    assert events() == ["invitation_sent"]


def test_inviting_the_same_again_sends_a_new_link_and_ends_the_old_one(
    administrator, institution, django_capture_on_commit_callbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        first, _ = invite(administrator, institution)
        again, created = invite(administrator, institution, email="a.kaya@onko.example")
    assert (again.pk, created) == (first.pk, False)
    old, new = map(token_in, mail.outbox)
    assert invitation_of(old) is None
    assert invitation_of(new) == first
    assert AuditEvent.objects.order_by("pk").last().details["again"] is True


def test_inviting_the_same_twice_at_once_makes_one_invitation(at_once) -> None:
    institution = InstitutionFactory()
    administrator = MembershipFactory(institution=institution, role=Role.INSTITUTION_ADMINISTRATOR).user
    made = at_once(*[lambda: invite(administrator, institution)] * 4)
    assert len({invitation.pk for invitation, _ in made}) == 1
    assert sorted(created for _, created in made) == [False, False, False, True]


def test_an_address_with_an_account_is_invited_exactly_like_one_without(
    administrator, institution, django_capture_on_commit_callbacks
) -> None:
    known = UserFactory()
    EmailAddress.objects.create(user=known, email=known.email, verified=True, primary=True)
    with django_capture_on_commit_callbacks(execute=True):
        invite(administrator, institution, email=known.email)
        invite(administrator, institution, email="nobody@nistru.example")
    one, other = mail.outbox
    assert one.subject == other.subject
    assert one.body.replace(token_in(one), "") == other.body.replace(token_in(other), "")


@pytest.mark.parametrize(
    ("role", "invited_to", "allowed"),
    [
        (Role.INSTITUTION_ADMINISTRATOR, Role.RADIOLOGIST, True),
        (Role.INSTITUTION_ADMINISTRATOR, Role.PATIENT, True),
        (Role.INSTITUTION_ADMINISTRATOR, Role.INSTITUTION_ADMINISTRATOR, False),
        (Role.INSTITUTION_ADMINISTRATOR, Role.SYSTEM_ADMINISTRATOR, False),
        (Role.INSTITUTION_ADMINISTRATOR, Role.AUDITOR, False),
        (Role.SYSTEM_ADMINISTRATOR, Role.INSTITUTION_ADMINISTRATOR, True),
        (Role.SYSTEM_ADMINISTRATOR, Role.AUDITOR, True),
        (Role.SYSTEM_ADMINISTRATOR, Role.RADIOLOGIST, False),
        (Role.RADIOLOGIST, Role.CONSULTANT, True),
        (Role.RADIOLOGIST, Role.RADIOLOGIST, False),
        (Role.REFERRING_DOCTOR, Role.CONSULTANT, True),
        (Role.CONSULTANT, Role.CONSULTANT, False),
        (Role.PATIENT, Role.CONSULTANT, False),
        (Role.PATIENT, None, True),
    ],
)
def test_a_role_is_invited_to_by_who_may_give_it(institution, role, invited_to, allowed) -> None:
    inviter = MembershipFactory(institution=institution, role=role).user
    if allowed:
        assert invite(inviter, institution, role=invited_to)[1]
        return
    with pytest.raises(MayNotInvite):
        invite(inviter, institution, role=invited_to)
    assert not Invitation.objects.exists()
    assert events() == []


def test_nobody_invites_to_another_institution_or_while_suspended(administrator, institution) -> None:
    with pytest.raises(MayNotInvite):
        invite(administrator, InstitutionFactory())
    administrator.memberships.update(suspended_at=timezone.now())
    with pytest.raises(MayNotInvite):
        invite(administrator, institution)
    assert not Invitation.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"email": "nonsense"},
        {"email": "a@b.example\r\nBcc: c@d.example"},
        {"email": "a" * 250 + "@b.example"},
        {"leads_to": "https://elsewhere.example/"},
        {"leads_to": "//elsewhere.example/"},
        {"leads_to": "/\\elsewhere.example/"},
        {"leads_to": "studies/"},
        {"expires_at": timezone.now() - timedelta(seconds=1)},
    ],
)
def test_what_cannot_be_sent_is_refused(administrator, institution, changes) -> None:
    with pytest.raises(InvitationRefused):
        invite(administrator, institution, **changes)
    assert not Invitation.objects.exists()


def test_an_address_gets_five_letters_an_hour_and_no_more(administrator, institution) -> None:
    for _ in range(5):
        invite(administrator, institution)
    with pytest.raises(TooManyLetters):
        invite(administrator, institution)
    assert events() == ["invitation_sent"] * 5


def test_an_expired_one_is_sent_again_and_a_withdrawn_one_is_not(administrator, institution) -> None:
    invitation, _ = invite(administrator, institution)
    with time_machine.travel(timezone.now() + timedelta(days=15), tick=True):
        assert state_of(invitation) == State.EXPIRED
        again = services.resend(actor=actor_for(administrator), person=administrator, invitation_id=invitation.pk)
        assert state_of(again) == State.PENDING
    services.withdraw(actor=actor_for(administrator), person=administrator, invitation_id=invitation.pk)
    services.withdraw(actor=actor_for(administrator), person=administrator, invitation_id=invitation.pk)
    with pytest.raises(InvitationClosed):
        services.resend(actor=actor_for(administrator), person=administrator, invitation_id=invitation.pk)
    assert events() == ["invitation_sent", "invitation_sent", "invitation_withdrawn"]


def test_an_invitation_of_others_is_neither_sent_again_nor_withdrawn(institution) -> None:
    invitation = InvitationFactory(institution=institution)
    other = MembershipFactory(role=Role.INSTITUTION_ADMINISTRATOR).user
    colleague = MembershipFactory(institution=institution).user
    for person in (other, colleague, UserFactory()):
        for act in (services.resend, services.withdraw):
            with pytest.raises(NotYourInvitation):
                act(actor=actor_for(person), person=person, invitation_id=invitation.pk)
    invitation.refresh_from_db()
    assert state_of(invitation) == State.PENDING
    assert events() == []


def accept(person, invitation):
    return services.accept(actor=actor_for(person), person=person, invitation_id=invitation.pk)


@pytest.mark.django_db
def test_who_has_the_address_accepts_and_proves_it() -> None:
    person = UserFactory()
    invitation = InvitationFactory(email=person.email)
    accept(person, invitation)
    membership = person.memberships.get()
    assert (membership.role, membership.institution) == ("radiologist", invitation.institution)
    assert membership.given_by_name == invitation.invited_by.full_name
    address = EmailAddress.objects.get(user=person)
    assert (address.email, address.verified, address.primary) == (person.email, True, True)
    assert events() == ["invitation_accepted", "role_given"]
    with pytest.raises(InvitationClosed):
        accept(person, invitation)


@pytest.mark.django_db
def test_nobody_else_accepts_even_if_they_claim_the_address() -> None:
    owner, claims = UserFactory(), UserFactory()
    EmailAddress.objects.create(user=owner, email="kaya@onko.example", verified=True)
    EmailAddress.objects.create(user=claims, email="kaya@onko.example", verified=False)
    claims.email = "kaya@onko.example"
    claims.save()
    invitation = InvitationFactory(email="kaya@onko.example")
    for person in (claims, UserFactory(), invitation.invited_by):
        with pytest.raises(NotYourInvitation):
            accept(person, invitation)
    assert not Membership.objects.filter(role=Role.RADIOLOGIST).exists()
    assert events() == []
    accept(owner, invitation)
    assert owner.memberships.get().role == "radiologist"


@pytest.mark.django_db
def test_an_invitation_is_worth_what_its_sender_may_still_give() -> None:
    person = UserFactory()
    invitation = InvitationFactory(email=person.email)
    invitation.invited_by.memberships.update(ended_at=timezone.now())
    invitation.refresh_from_db()
    assert state_of(invitation) == State.WITHDRAWN
    with pytest.raises(InvitationClosed):
        accept(person, invitation)
    assert not person.memberships.exists()


@pytest.mark.django_db
def test_an_invitation_does_not_let_a_suspended_person_back_in() -> None:
    membership = MembershipFactory(suspended_at=timezone.now())
    invitation = InvitationFactory(
        email=membership.user.email, institution=membership.institution, role=Role.REFERRING_DOCTOR
    )
    with pytest.raises(PersonSuspended):
        accept(membership.user, invitation)
    assert membership.user.memberships.get() == membership
    assert events() == []


@pytest.mark.django_db
@pytest.mark.parametrize("password", ["a long enough password", None])
def test_a_new_account_has_a_proven_address_and_no_more_than_the_role(password) -> None:
    invitation = InvitationFactory(email="a.kaya@onko.example")
    services.accept_with_new_account(
        actor=actor_for(invitation.invited_by),
        invitation_id=invitation.pk,
        account=NewAccount("Aylin", "Kaya", "Prof.", password),
    )
    person = User.objects.get(email="a.kaya@onko.example")
    assert (person.username, person.full_name) == ("a.kaya", "Prof. Aylin Kaya")
    assert (person.is_staff, person.is_superuser, person.is_active) == (False, False, True)
    assert person.has_usable_password() == (password is not None)
    assert EmailAddress.objects.get(user=person).verified
    assert [membership.role for membership in person.memberships.all()] == ["radiologist"]
    accepted = AuditEvent.objects.get(action="invitation_accepted")
    assert accepted.actor_id == str(person.subject)
    assert accepted.details["new_account"] is True
    assert "password" not in str(list(AuditEvent.objects.values()))


@pytest.mark.django_db
def test_an_invitation_to_an_account_alone_gives_no_role() -> None:
    invitation = InvitationFactory(role="", invited_by=UserFactory())
    services.accept_with_new_account(
        actor=actor_for(invitation.invited_by), invitation_id=invitation.pk, account=ACCOUNT
    )
    assert not User.objects.get(email=invitation.email).memberships.exists()
    assert events() == ["invitation_accepted"]


@pytest.mark.django_db
@pytest.mark.parametrize("is_active", [True, False])
def test_no_second_account_is_made_for_an_address(is_active) -> None:
    person = UserFactory(is_active=is_active)
    invitation = InvitationFactory(email=person.email)
    with pytest.raises(AddressHasAccount):
        services.accept_with_new_account(actor=actor_for(person), invitation_id=invitation.pk, account=ACCOUNT)
    assert not person.memberships.exists()
    assert events() == []


def test_a_link_accepted_twice_at_once_makes_one_account(at_once) -> None:
    invitation = InvitationFactory()
    actor = actor_for(invitation.invited_by)

    def come_in() -> str:
        try:
            services.accept_with_new_account(actor=actor, invitation_id=invitation.pk, account=ACCOUNT)
        except InvitationClosed:
            return "closed"
        return "in"

    assert sorted(at_once(*[come_in] * 4)) == ["closed", "closed", "closed", "in"]
    assert User.objects.filter(email=invitation.email).count() == 1
    assert events() == ["invitation_accepted", "role_given"]


@pytest.mark.django_db
def test_user_names_are_made_of_addresses_and_nobodys() -> None:
    UserFactory(username="A.Kaya")
    assert free_username("a.kaya@onko.example") == "a.kaya2"
    assert free_username("Ștefan+x@onko.example") == "tefanx"
    assert free_username("'--@onko.example") == "--"
    assert free_username("+@onko.example") == "person"

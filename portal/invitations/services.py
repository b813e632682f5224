"""Sends, withdraws and accepts invitations; each act is one transaction and is audited."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from audit.actors import Actor
from audit.services import (
    record_invitation_accepted,
    record_invitation_sent,
    record_invitation_withdrawn,
)
from portal.accounts.mail import absolute_url, send_mail_on_commit
from portal.accounts.models import User
from portal.institutions.models import Institution, Role
from portal.institutions.services import give_role
from portal.invitations.accounts import NewAccount, account_actor, make_account, prove_address
from portal.invitations.errors import (
    AddressHasAccount,
    InvitationClosed,
    InvitationRefused,
    MayNotInvite,
    NotYourInvitation,
    TooManyLetters,
)
from portal.invitations.limits import may_write_to
from portal.invitations.models import Invitation, State
from portal.invitations.selectors import (
    account_without_way_in,
    has_account,
    invitations_known_to,
    is_address_of,
    locked_invitation,
    may_invite,
    pending_for,
    state_of,
)
from portal.invitations.tokens import digest_of, new_token

LIFETIME: Final = timedelta(days=14)
LONGEST_LIFETIME: Final = timedelta(days=60)


@transaction.atomic
def invite(
    *,
    actor: Actor,
    inviter: User,
    email: str,
    institution: Institution,
    role: Role | None,
    leads_to: str = "/",
    expires_at: datetime | None = None,
    template: str = "invitation",
    context: Mapping[str, Any] | None = None,
    purpose: str = "membership",
) -> tuple[Invitation, bool]:
    """Send a link to an address, and return the invitation and whether it is a new one.

    One that already waits for the same is sent again under a new link; the old link ends. The answer is the same
    whether or not somebody has an account with the address. `template` and `context` are those of
    `portal.accounts.mail`; `role` None invites to an account alone. Raises InvitationRefused or TooManyLetters.
    """
    now = timezone.now()
    address = _address(email)
    if not _is_own_path(leads_to):
        raise InvitationRefused("An invitation leads to a page of this portal.")
    if not may_invite(inviter, institution, role or ""):
        raise MayNotInvite("You may not invite somebody to this role.")
    until = min(expires_at or now + LIFETIME, now + LONGEST_LIFETIME)
    if until <= now:
        raise InvitationRefused("The invitation would have ended before it is sent.")
    # Two who invite the same at once take turns here.
    Institution.objects.select_for_update(no_key=True).get(pk=institution.pk)
    waiting = pending_for(email=address, institution=institution, role=role or "", leads_to=leads_to)
    invitation = waiting or Invitation(
        email=address,
        institution=institution,
        role=role or "",
        invited_by=inviter,
        purpose=purpose,
        leads_to=leads_to,
        allows_code=role == Role.CONSULTANT and institution.allows_code_by_email,
        created_at=now,
    )
    _send(actor, invitation, until=until, again=waiting is not None, template=template, context=context or {})
    return invitation, waiting is None


@transaction.atomic
def resend(*, actor: Actor, person: User, invitation_id: UUID) -> Invitation:
    """Send a new link in place of the old one, in the name of `person`; it may have expired.

    Raises NotYourInvitation, InvitationClosed or TooManyLetters.
    """
    invitation = _own_invitation(person, invitation_id)
    if invitation.accepted_at is not None or invitation.withdrawn_at is not None:
        raise InvitationClosed(state_of(invitation))
    if not may_invite(person, invitation.institution, invitation.role):
        raise NotYourInvitation
    invitation.invited_by = person
    _send(actor, invitation, until=timezone.now() + LIFETIME, again=True, template="invitation", context={})
    return invitation


@transaction.atomic
def withdraw(*, actor: Actor, person: User, invitation_id: UUID) -> Invitation:
    """Take an invitation back; withdrawing it again changes nothing. Raises NotYourInvitation or InvitationClosed."""
    invitation = _own_invitation(person, invitation_id)
    if invitation.accepted_at is not None:
        raise InvitationClosed(State.ACCEPTED)
    if invitation.withdrawn_at is None:
        invitation.withdrawn_at = timezone.now()
        invitation.save(update_fields=["withdrawn_at"])
        record_invitation_withdrawn(
            actor=actor,
            invitation_id=str(invitation.pk),
            email=invitation.email,
            institution=invitation.institution.short_name,
        )
    return invitation


@transaction.atomic
def accept(*, actor: Actor, person: User, invitation_id: UUID) -> Invitation:
    """Have the signed-in person come in, whose address it is, and give them the role.

    Raises InvitationClosed, NotYourInvitation, or PersonSuspended where the institution keeps them out.
    """
    invitation = _open_invitation(invitation_id)
    if not person.is_active or not is_address_of(person, invitation.email):
        raise NotYourInvitation
    prove_address(person, invitation.email)
    _accepted(actor, invitation, person, new_account=False)
    return invitation


@transaction.atomic
def accept_with_new_account(*, actor: Actor, invitation_id: UUID, account: NewAccount) -> Invitation:
    """Make an account whose proven address is the invitation's, and give it the role.

    Raises InvitationClosed, or AddressHasAccount where somebody is to sign in instead.
    """
    invitation = _open_invitation(invitation_id)
    if has_account(invitation.email):
        raise AddressHasAccount
    person = make_account(email=invitation.email, account=account)
    _accepted(account_actor(person, actor), invitation, person, new_account=True)
    return invitation


@transaction.atomic
def accept_with_new_way_in(*, actor: Actor, invitation_id: UUID, password: str | None) -> Invitation:
    """Let the owner of an account that nobody can sign in to begin again: the link proves the address anew.

    Raises InvitationClosed, AddressHasAccount where there is a way in by now, or PersonSuspended.
    """
    invitation = _open_invitation(invitation_id)
    person = account_without_way_in(invitation.email)
    if person is None:
        raise AddressHasAccount
    person.set_password(password)
    person.save(update_fields=["password"])
    _accepted(account_actor(person, actor), invitation, person, new_account=False)
    return invitation


def _accepted(actor: Actor, invitation: Invitation, person: User, *, new_account: bool) -> None:
    invitation.accepted_at = timezone.now()
    invitation.accepted_by = person
    invitation.save(update_fields=["accepted_at", "accepted_by"])
    record_invitation_accepted(
        actor=actor,
        invitation_id=str(invitation.pk),
        email=invitation.email,
        institution=invitation.institution.short_name,
        invited_by=invitation.invited_by.full_name,
        new_account=new_account,
    )
    if invitation.role:
        give_role(
            actor=actor,
            person=person,
            institution=invitation.institution,
            role=Role(invitation.role),
            given_by_name=invitation.invited_by.full_name,
        )


def _send(
    actor: Actor,
    invitation: Invitation,
    *,
    until: datetime,
    again: bool,
    template: str,
    context: Mapping[str, Any],
) -> None:
    if not may_write_to(invitation.email):
        raise TooManyLetters
    token = new_token()
    invitation.token_digest = digest_of(token)
    invitation.sent_at = timezone.now()
    invitation.expires_at = until
    invitation.save()
    record_invitation_sent(
        actor=actor,
        invitation_id=str(invitation.pk),
        email=invitation.email,
        role=invitation.role,
        institution=invitation.institution.short_name,
        purpose=invitation.purpose,
        expires_at=until,
        again=again,
    )
    words = {
        "sender": invitation.invited_by.full_name,
        "institution": invitation.institution.name,
        "role": str(invitation.get_role_display()) if invitation.role else "",
        "until": until,
        **context,
        "url": absolute_url(reverse("invitation", args=[token])),
    }
    send_mail_on_commit(template, invitation.email, words)


def _own_invitation(person: User, invitation_id: UUID) -> Invitation:
    invitation = locked_invitation(invitation_id)
    if invitation is None or not invitations_known_to(person).filter(pk=invitation_id).exists():
        raise NotYourInvitation
    return invitation


def _open_invitation(invitation_id: UUID) -> Invitation:
    invitation = locked_invitation(invitation_id)
    if invitation is None:
        raise NotYourInvitation
    state = state_of(invitation)
    if state != State.PENDING:
        raise InvitationClosed(state)
    return invitation


def _address(email: str) -> str:
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError as error:
        raise InvitationRefused("This is no e-mail address. Check it.") from error
    if len(address) > 254:
        raise InvitationRefused("This e-mail address is too long.")
    return address


def _is_own_path(path: str) -> bool:
    return path.startswith("/") and len(path) <= 200 and url_has_allowed_host_and_scheme(path, allowed_hosts=None)

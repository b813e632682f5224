"""Reads of invitations, and of whose an e-mail address is."""

from datetime import datetime
from typing import Final
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.db.models import Case, CharField, Q, QuerySet, Value, When
from django.utils import timezone

from portal.accounts.models import Kind, NationalIdentity, User
from portal.institutions.models import Institution, Role
from portal.institutions.rights import GIVABLE_BY_SYSTEM_ADMINISTRATORS, givable_roles, reach_of
from portal.institutions.selectors import running_memberships
from portal.invitations.models import Invitation, State
from portal.invitations.tokens import digest_of

# A doctor who asks for an opinion vouches for the consultant's access themself.
_ASK_CONSULTANTS: Final = (Role.RADIOLOGIST, Role.REFERRING_DOCTOR)
_LONGEST_TOKEN: Final = 100


def state_of(invitation: Invitation, now: datetime | None = None) -> State:
    """Where an invitation stands; one whose sender may not give the role any more is withdrawn."""
    if invitation.accepted_at is not None:
        return State.ACCEPTED
    if invitation.withdrawn_at is not None:
        return State.WITHDRAWN
    if invitation.expires_at <= (now or timezone.now()):
        return State.EXPIRED
    if not may_invite(invitation.invited_by, invitation.institution, invitation.role):
        return State.WITHDRAWN
    return State.PENDING


def may_invite(inviter: User, institution: Institution, role: str) -> bool:
    """True where a person may have somebody come to the institution in a role, "" for an account without one."""
    if not inviter.is_active:
        return False
    if not role or role in givable_roles(inviter, institution):
        return True
    held = running_memberships(inviter).filter(institution=institution, role__in=_ASK_CONSULTANTS)
    return role == Role.CONSULTANT and held.exists()


def invitation_of(token: str) -> Invitation | None:
    """The invitation that a link opens, in whatever state."""
    if not token or len(token) > _LONGEST_TOKEN:
        return None
    return _whole(Invitation.objects.all()).filter(token_digest=digest_of(token)).first()


def locked_invitation(pk: UUID) -> Invitation | None:
    """An invitation, locked for the transaction."""
    return _whole(Invitation.objects.select_for_update(of=("self",))).filter(pk=pk).first()


def pending_for(*, email: str, institution: Institution, role: str, leads_to: str) -> Invitation | None:
    """The invitation that already waits for the same, locked for the transaction."""
    waiting = Invitation.objects.select_for_update(of=("self",)).filter(
        _pending(timezone.now()), email=email, institution=institution, role=role, leads_to=leads_to
    )
    return _whole(waiting).order_by("created_at", "pk").first()


def invitations_known_to(person: User) -> QuerySet[Invitation]:
    """What a person sent, and what was sent in the name of the institutions whose people they manage."""
    reach = reach_of(person)
    known = Q(invited_by=person) | Q(institution__in=reach.managed)
    if reach.is_system:
        known |= Q(role__in=GIVABLE_BY_SYSTEM_ADMINISTRATORS)
    return with_state(Invitation.objects.filter(known))


def pending_known_to(person: User) -> QuerySet[Invitation]:
    """Of these, those that still wait to be accepted, or have run out unanswered; the newest first."""
    open_ones = invitations_known_to(person).filter(accepted_at__isnull=True, withdrawn_at__isnull=True)
    return open_ones.order_by("-created_at", "-pk")


def with_state(invitations: QuerySet[Invitation]) -> QuerySet[Invitation]:
    """Each with `state`, as the rows alone tell it, for lists."""
    return _whole(invitations).annotate(
        state=Case(
            When(accepted_at__isnull=False, then=Value(State.ACCEPTED.value)),
            When(withdrawn_at__isnull=False, then=Value(State.WITHDRAWN.value)),
            When(expires_at__lte=timezone.now(), then=Value(State.EXPIRED.value)),
            default=Value(State.PENDING.value),
            output_field=CharField(),
        )
    )


def has_account(email: str) -> bool:
    """True where somebody has an account with this address, whether or not they may sign in now."""
    return (
        EmailAddress.objects.filter(email__iexact=email, verified=True, user__kind=Kind.PERSON).exists()
        or User.objects.filter(email__iexact=email, kind=Kind.PERSON).exists()
    )


def account_without_way_in(email: str) -> User | None:
    """The account with this proven address that nobody can sign in to, as its owner left before they set up how.

    None where there is a password, a passkey, an app, or an identity provider.
    """
    owners = EmailAddress.objects.filter(email__iexact=email, verified=True).values("user")
    person = User.objects.filter(pk__in=owners, is_active=True, kind=Kind.PERSON).first()
    if person is None or person.has_usable_password():
        return None
    comes_from_elsewhere = (
        Authenticator.objects.filter(user=person).exists()
        or SocialAccount.objects.filter(user=person).exists()
        or NationalIdentity.objects.filter(user=person).exclude(provider_subject="").exists()
    )
    return None if comes_from_elsewhere else person


def is_address_of(person: User, email: str) -> bool:
    """True where the address is the person's: proven before, or known for them and proven by nobody else.

    Who opens the link of an invitation proves that they read what is sent there.
    """
    proven = EmailAddress.objects.filter(email__iexact=email, verified=True).values_list("user_id", flat=True)
    owners = set(proven)
    return person.pk in owners if owners else person.email.casefold() == email.casefold()


def _pending(now: datetime) -> Q:
    return Q(accepted_at__isnull=True, withdrawn_at__isnull=True, expires_at__gt=now)


def _whole(invitations: QuerySet[Invitation]) -> QuerySet[Invitation]:
    return invitations.select_related("institution", "invited_by", "accepted_by")

"""Lets people in whom an institution's provider vouches for, with the roles that its claims give there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from audit.actors import SystemActor
from audit.services import record_provider_account_made
from portal.accounts.models import User
from portal.institutions.models import Membership, Role
from portal.institutions.rights import GIVABLE_BY_ADMINISTRATORS
from portal.institutions.selectors import running_memberships
from portal.institutions.services import end_role, give_role
from portal.single_sign_on.errors import AccountExists, AddressNotVouchedFor, NoRoleGiven
from portal.single_sign_on.models import AwaitedConnection, IdentityProvider
from portal.single_sign_on.selectors import people_to_connect

_NAME_LENGTH = 150


@dataclass(frozen=True)
class Vouched:
    """Whom a verified ID token is about."""

    subject: str
    email: str
    first_name: str
    last_name: str
    roles: frozenset[Role]


def vouched_by(provider: IdentityProvider, claims: Mapping[str, Any]) -> Vouched:
    """Read verified claims. Raises AddressNotVouchedFor."""
    address = claims.get("email")
    email = address.strip().lower() if isinstance(address, str) else ""
    domain = email.rpartition("@")[2]
    domains = {row.domain.lower() for row in provider.domains.all()}
    # Only the JSON value true: the text "false" would be true.
    if claims.get("email_verified") is not True or not domain or domain not in domains:
        raise AddressNotVouchedFor
    return Vouched(
        subject=str(claims["sub"]),
        email=email,
        first_name=_name(claims, "given_name"),
        last_name=_name(claims, "family_name"),
        roles=_roles(provider, claims.get(provider.role_claim)),
    )


@transaction.atomic
def welcome(provider: IdentityProvider, claims: Mapping[str, Any]) -> User:
    """The person, made or brought up to date: their roles in the provider's institution, and in no other.

    The account is found by provider and subject alone. Raises SignInRefused.
    """
    person = vouched_by(provider, claims)
    # Two first sign-ins at once take turns here.
    IdentityProvider.objects.select_for_update().get(pk=provider.pk)
    accounts = SocialAccount.objects.filter(provider=provider.app.provider_id, uid=person.subject)
    account = accounts.select_related("user").first()
    user = account.user if account is not None else _newcomer(provider, person)
    # A suspended account is turned away at the door that follows; nothing of it changes here.
    if user.is_active:
        _bring_roles_up_to_date(provider, user, person.roles)
        if not running_memberships(user).exists():
            raise NoRoleGiven
    return user


def _newcomer(provider: IdentityProvider, person: Vouched) -> User:
    """Connect who is awaited, or make an account; an address that somebody has connects nobody."""
    awaited = AwaitedConnection.objects.filter(
        provider=provider, user__email__iexact=person.email, allowed_until__gt=timezone.now()
    )
    # They may have got a role elsewhere since they were connected.
    connection = awaited.filter(user__in=people_to_connect(provider)).select_related("user").first()
    if connection is not None:
        user = connection.user
        connection.delete()
    else:
        taken = Q(email__iexact=person.email) | Q(username__iexact=person.email)
        if User.objects.filter(taken).exists() or EmailAddress.objects.filter(email__iexact=person.email).exists():
            raise AccountExists
        if not person.roles:
            raise NoRoleGiven
        user = _made(person)
    SocialAccount.objects.create(user=user, provider=provider.app.provider_id, uid=person.subject)
    record_provider_account_made(
        actor=SystemActor(provider.giver_name),
        person_id=str(user.subject),
        person_name=user.full_name,
        institution=provider.institution.short_name,
        connected=connection is not None,
    )
    return user


def _made(person: Vouched) -> User:
    user = User(
        username=f"sso-{uuid4().hex[:16]}", first_name=person.first_name, last_name=person.last_name, email=person.email
    )
    user.set_unusable_password()
    user.save()
    # The administrator names the domains of the provider, so its word gives roles in the institution and proves no
    # address: what others gave to the address opens by the letter that they sent there.
    EmailAddress.objects.create(user=user, email=person.email, verified=False, primary=True)
    return user


def _bring_roles_up_to_date(provider: IdentityProvider, user: User, roles: Iterable[Role]) -> None:
    """Give what the claims give, and end what this provider gave and gives no more."""
    actor = SystemActor(provider.giver_name)
    wanted = set(roles)
    given = Membership.objects.filter(
        user=user, institution=provider.institution, given_by_name=actor.name, ended_at__isnull=True
    )
    for membership in given.exclude(role__in=wanted):
        end_role(actor=actor, membership=membership)
    for role in sorted(wanted):
        give_role(actor=actor, person=user, institution=provider.institution, role=role)


def _roles(provider: IdentityProvider, values: Any) -> frozenset[Role]:
    listed = values if isinstance(values, list) else [values]
    mapped = {provider.role_mapping.get(value) for value in listed if isinstance(value, str)}
    return frozenset(Role(role) for role in mapped if role in GIVABLE_BY_ADMINISTRATORS)


def _name(claims: Mapping[str, Any], claim: str) -> str:
    value = claims.get(claim)
    text = value if isinstance(value, str) else ""
    return "".join(character for character in text if character.isprintable()).strip()[:_NAME_LENGTH]

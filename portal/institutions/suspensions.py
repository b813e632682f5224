"""Keeps people out, of an institution or of the whole network, lets them back in, and ends all that they are there."""

from django.db import transaction
from django.utils import timezone

from audit.actors import Actor
from audit.services import (
    record_account_resumed,
    record_account_suspended,
    record_person_resumed,
    record_person_suspended,
)
from portal.accounts.models import User
from portal.accounts.services import sign_out_everywhere
from portal.institutions.models import Institution, Membership
from portal.institutions.rights import manageable, reach_of
from portal.institutions.selectors import open_memberships_to_change, running_grants_given
from portal.institutions.services import NotForYourself, NotYourPerson, end_role, own_person


@transaction.atomic
def suspend_person(*, actor: Actor, administrator: User, person_pk: int) -> User:
    """Keep a person out of all roles that the administrator may end. Raises NotYourPerson or NotForYourself.

    DICOM Servers learn of it with their next heartbeat and refuse the tokens that were issued before.
    """
    person, roles = _roles_of_other(administrator, person_pk)
    now = timezone.now()
    running = [role for role in roles if role.suspended_at is None]
    for role in running:
        role.suspended_at = now
        role.save(update_fields=["suspended_at"])
    for institution in _institutions(running):
        record_person_suspended(
            actor=actor,
            person_id=str(person.subject),
            person_name=person.full_name,
            institution=institution.short_name,
        )
    return person


@transaction.atomic
def resume_person(*, actor: Actor, administrator: User, person_pk: int) -> User:
    """Let a suspended person back into these roles. Raises NotYourPerson or NotForYourself."""
    person, roles = _roles_of_other(administrator, person_pk)
    suspended = [role for role in roles if role.suspended_at is not None]
    for role in suspended:
        role.suspended_at = None
        role.save(update_fields=["suspended_at"])
    for institution in _institutions(suspended):
        record_person_resumed(
            actor=actor,
            person_id=str(person.subject),
            person_name=person.full_name,
            institution=institution.short_name,
        )
    return person


@transaction.atomic
def remove_person(*, actor: Actor, administrator: User, person_pk: int) -> tuple[User, int]:
    """End all roles of a person that the administrator may end; return how many accesses that they gave run on.

    Those stay: others rely on them, and the institution ends them one by one. Raises NotYourPerson or NotForYourself.
    """
    person, roles = _roles_of_other(administrator, person_pk)
    for role in roles:
        end_role(actor=actor, membership=role)
    return person, running_grants_given([person]).get(person.pk, 0)


@transaction.atomic
def suspend_account(*, actor: Actor, administrator: User, person_pk: int) -> User:
    """Keep a person out of the whole network, and end their sessions and API tokens.

    For system administrators. Raises NotYourPerson or NotForYourself.
    """
    person = _account_of_other(administrator, person_pk)
    if person.suspended_at is None:
        person.suspended_at = timezone.now()
        person.is_active = False
        person.save(update_fields=["suspended_at", "is_active"])
        record_account_suspended(actor=actor, person_id=str(person.subject), person_name=person.full_name)
        sign_out_everywhere(actor=actor, person=person, end_api_tokens=True)
    return person


@transaction.atomic
def resume_account(*, actor: Actor, administrator: User, person_pk: int) -> User:
    """Let a suspended account sign in again. Raises NotYourPerson or NotForYourself."""
    person = _account_of_other(administrator, person_pk)
    if person.suspended_at is not None:
        person.suspended_at = None
        person.is_active = True
        person.save(update_fields=["suspended_at", "is_active"])
        record_account_resumed(actor=actor, person_id=str(person.subject), person_name=person.full_name)
    return person


def _roles_of_other(administrator: User, person_pk: int) -> tuple[User, list[Membership]]:
    """One of the administrator's people and those of their roles that the administrator may end, all locked."""
    person = _other(administrator, person_pk)
    roles = list(manageable(administrator, open_memberships_to_change(person)))
    if not roles:
        raise NotYourPerson("This person holds no role that you may change.")
    return person, roles


def _account_of_other(administrator: User, person_pk: int) -> User:
    if not reach_of(administrator).is_system:
        raise NotYourPerson("Accounts are suspended by a system administrator.")
    return _other(administrator, person_pk)


def _other(administrator: User, person_pk: int) -> User:
    person = own_person(administrator, person_pk)
    if person.pk == administrator.pk:
        raise NotForYourself("Nobody suspends or removes themselves; another administrator does.")
    # Tokens are issued under the same lock: none that these roles opened comes after the suspension.
    return User.objects.select_for_update().get(pk=person.pk)


def _institutions(roles: list[Membership]) -> list[Institution]:
    return list({role.institution_id: role.institution for role in roles}.values())

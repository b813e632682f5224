"""Lets patients in whom the national identity provider confirms: the person, and the role of a patient."""

from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from audit.actors import Actor
from portal.accounts.models import User
from portal.accounts.national_sign_in import AssertedIdentity, Reason, SignInRefused, person_asserted
from portal.institutions.models import Institution, Membership, Role
from portal.institutions.selectors import open_at, running_memberships
from portal.institutions.services import create_institution, give_role

REGISTER: Final = "National patients register"


@transaction.atomic
def admit_patient(*, actor: Actor, asserted: AssertedIdentity, signed_in: User | None = None) -> User:
    """Return the person of an asserted national ID, who is a patient from the first time on.

    `signed_in` is whose session the browser is in already. Raises SignInRefused.
    """
    person = person_asserted(actor=actor, asserted=asserted, signed_in=signed_in, has_other_roles=has_other_roles)
    if patient_role_of(person) is None:
        # Somebody took the role away, which signing in again does not undo.
        taken = Q(suspended_at__isnull=False, ended_at__isnull=True) | Q(institution=patients_register())
        if Membership.objects.filter(taken, user=person, role=Role.PATIENT).exists():
            raise SignInRefused(Reason.SUSPENDED, username=person.username)
        give_role(actor=actor, person=person, institution=patients_register(), role=Role.PATIENT)
    return person


def patient_role_of(person: User) -> Membership | None:
    """The role in which a person sees their own studies; None where they are no patient now."""
    return running_memberships(person).filter(role=Role.PATIENT).first()


def has_other_roles(person: User) -> bool:
    """True for whoever is more than a patient, or is kept out of being so for now."""
    held = Membership.objects.filter(open_at(timezone.now()), user=person)
    return held.exclude(role=Role.PATIENT).exists()


def patients_register() -> Institution:
    """Return the institution that vouches for patients whom the state confirms."""
    return create_institution(code=settings.NATIONAL_PATIENTS_INSTITUTION, name=REGISTER, short_name=REGISTER)

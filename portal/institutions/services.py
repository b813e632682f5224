"""Changes to people and their roles; every act names its actor and is audited."""

from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from audit.actors import Actor
from audit.services import (
    record_national_id_set,
    record_physician_alias_set,
    record_role_given,
    record_role_taken,
)
from portal.accounts.models import NationalIdentity, User
from portal.accounts.national_ids import parse_national_id
from portal.institutions.models import Institution, Membership, PhysicianAlias, Role
from portal.institutions.rights import givable_roles, people_managed_by
from portal.institutions.selectors import (
    ends_after,
    institutions_managed_by,
    locked_membership,
    running_memberships,
)
from runtime.folding import bounded, name_key

_NAME_KEY_LENGTH = 400


class PeopleError(Exception):
    """The change is refused; the message says why, without personal data."""


class NotYourPerson(PeopleError):
    """The giver has no say over this person, role or institution; to them it does not exist."""


class NationalIdTaken(PeopleError):
    """Another person has this national ID."""


class NotForYourself(PeopleError):
    """What decides over one's own access is set by somebody else."""


class PersonSuspended(PeopleError):
    """Who is kept out of an institution gets no new role in it."""


class AliasWithoutName(PeopleError):
    """The spelling holds no letter and would meet every study without a physician."""


@transaction.atomic
def create_institution(*, code: str, name: str, short_name: str, time_zone: str = "Europe/Chisinau") -> Institution:
    """Return the institution of this code, made where it is new."""
    names = {"name": name, "short_name": short_name, "time_zone": time_zone}
    return Institution.objects.get_or_create(code=code, defaults=names)[0]


@transaction.atomic
def create_person(
    *,
    actor: Actor,
    username: str,
    password: str | None,
    first_name: str = "",
    last_name: str = "",
    academic_title: str = "",
    email: str = "",
    institution: Institution,
    role: Role,
) -> User:
    """Return a new person who holds one role; without a password they cannot sign in yet."""
    person = User(
        username=username, first_name=first_name, last_name=last_name, academic_title=academic_title, email=email
    )
    person.set_password(password)
    person.save()
    give_role(actor=actor, person=person, institution=institution, role=role)
    return person


@transaction.atomic
def give_role(
    *,
    actor: Actor,
    person: User,
    institution: Institution,
    role: Role,
    until: datetime | None = None,
    given_by_name: str = "",
) -> Membership:
    """Return the person's running role in the institution, given now where they do not hold it.

    `given_by_name` says who gave it, where that is somebody else than the actor. Raises PersonSuspended.
    """
    # Two who give the same role at once: one waits here and then finds it given.
    User.objects.select_for_update().get(pk=person.pk)
    now = timezone.now()
    held_here = Membership.objects.filter(ends_after(now), user=person, institution=institution)
    if held_here.filter(suspended_at__isnull=False).exists():
        raise PersonSuspended("This person is suspended here. Let them back in first.")
    running = held_here.filter(role=role).order_by("-ended_at", "pk").first()
    if running is not None:
        return running
    membership = Membership.objects.create(
        user=person,
        institution=institution,
        role=role,
        given_by_name=given_by_name or actor.name,
        since=now,
        ended_at=until,
    )
    record_role_given(
        actor=actor,
        person_id=str(person.subject),
        person_name=person.full_name,
        role=role,
        institution=institution.short_name,
    )
    return membership


def give_role_as_administrator(
    *, actor: Actor, administrator: User, person_pk: int, institution_pk: int, role: str
) -> Membership:
    """Give a role to one of the administrator's own people, never to oneself.

    Raises NotYourPerson, NotForYourself or PersonSuspended.
    """
    institution = Institution.objects.filter(pk=institution_pk).first()
    if institution is None or role not in givable_roles(administrator, institution):
        raise NotYourPerson("There is no such institution or role for you.")
    person = own_person(administrator, person_pk)
    if person.pk == administrator.pk:
        raise NotForYourself("Your own roles are given by another administrator.")
    return give_role(actor=actor, person=person, institution=institution, role=Role(role))


@transaction.atomic
def end_role(*, actor: Actor, membership: Membership) -> None:
    """End a role now; ending it again changes nothing."""
    # Tokens are issued under the same lock: none that this role opened comes after its end.
    User.objects.select_for_update().get(pk=membership.user_id)
    locked = locked_membership(membership.pk)
    now = timezone.now()
    if locked is None or (locked.ended_at is not None and locked.ended_at <= now):
        return
    locked.ended_at = now
    locked.save(update_fields=["ended_at"])
    record_role_taken(
        actor=actor,
        person_id=str(locked.user.subject),
        person_name=locked.user.full_name,
        role=locked.role,
        institution=locked.institution.short_name,
    )


def end_role_as_administrator(*, actor: Actor, administrator: User, membership_pk: int) -> None:
    """End a role in the administrator's institution, never their own. Raises NotYourPerson or NotForYourself."""
    membership = Membership.objects.select_related("institution").filter(pk=membership_pk).first()
    if membership is not None and membership.user_id == administrator.pk:
        raise NotForYourself("Your own roles are ended by another administrator.")
    if membership is None or membership.role not in givable_roles(administrator, membership.institution):
        raise NotYourPerson("There is no such role for you.")
    end_role(actor=actor, membership=membership)


@transaction.atomic
def set_national_id(*, actor: Actor, person: User, national_id: str, asserted_by: str = "") -> NationalIdentity:
    """Vouch for a person's national ID; what the national provider said of another number is forgotten.

    Raises InvalidNationalId or NationalIdTaken.
    """
    number = parse_national_id(national_id)
    issuer = settings.NATIONAL_ID_ISSUER
    confirmed = NationalIdentity.objects.filter(user=person, issuer=issuer, national_id=number)
    if (known := confirmed.exclude(provider_subject="").first()) is not None:
        return known
    asserted = {
        "issuer": issuer,
        "national_id": number,
        "asserted_by": asserted_by or actor.name,
        "asserted_at": timezone.now(),
        "provider": "",
        "provider_subject": "",
        "birth_date": None,
        "sex": "",
    }
    try:
        with transaction.atomic():
            identity, _ = NationalIdentity.objects.update_or_create(user=person, defaults=asserted)
    except IntegrityError as error:
        raise NationalIdTaken("This number cannot be set for this person. Ask the system administrator.") from error
    record_national_id_set(
        actor=actor,
        person_id=str(person.subject),
        person_name=person.full_name,
        issuer=issuer,
        national_id=number,
    )
    return identity


def set_national_id_as_administrator(
    *, actor: Actor, administrator: User, person_pk: int, national_id: str
) -> NationalIdentity:
    """Vouch for one of the administrator's own patients, never for oneself.

    Raises NotYourPerson, NotForYourself, InvalidNationalId or NationalIdTaken.
    """
    person = own_person(administrator, person_pk)
    if person.pk == administrator.pk:
        raise NotForYourself("Nobody sets their own national ID; another administrator does.")
    if not _is_patient_of(person, institutions_managed_by(administrator)):
        raise NotYourPerson("There is no such patient for you.")
    return set_national_id(actor=actor, person=person, national_id=national_id)


@transaction.atomic
def set_physician_alias(*, actor: Actor, membership: Membership, written_as: str) -> PhysicianAlias:
    """Say how the institution's equipment writes a doctor, as `Family^Given` or "Family Given"; finds their studies."""
    key = bounded(name_key(written_as), _NAME_KEY_LENGTH)
    if not key:
        raise AliasWithoutName("Write the name with letters, family name first.")
    alias, made = PhysicianAlias.objects.get_or_create(
        membership=membership, name_key=key, defaults={"written_as": written_as[:400]}
    )
    if made:
        record_physician_alias_set(
            actor=actor,
            person_id=str(membership.user.subject),
            person_name=membership.user.full_name,
            written_as=alias.written_as,
            institution=membership.institution.short_name,
        )
    return alias


def set_physician_alias_as_administrator(
    *, actor: Actor, administrator: User, membership_pk: int, written_as: str
) -> PhysicianAlias:
    """Name a referring doctor of the administrator's institution as its equipment does."""
    managed = institutions_managed_by(administrator)
    membership = (
        Membership.objects.select_related("user", "institution")
        .filter(pk=membership_pk, institution__in=managed, role=Role.REFERRING_DOCTOR)
        .first()
    )
    if membership is None:
        raise NotYourPerson("There is no such role for you.")
    return set_physician_alias(actor=actor, membership=membership, written_as=written_as)


def _is_patient_of(person: User, institutions: QuerySet[Institution]) -> bool:
    return running_memberships(person).filter(role=Role.PATIENT, institution__in=institutions).exists()


def own_person(administrator: User, person_pk: int) -> User:
    """One of the people whom a person manages. Raises NotYourPerson."""
    person = people_managed_by(administrator).filter(pk=person_pk).first()
    if person is None:
        raise NotYourPerson("There is no such person for you.")
    return person

"""Who a patient is by what the national identity provider asserts: found by national ID alone, made where new."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.actors import Actor
from audit.services import record_national_id_set
from portal.accounts.models import NationalIdentity, User
from portal.accounts.national_ids import InvalidNationalId, parse_national_id
from wire.text import clean

METHOD: Final = "national identity provider"
LONGEST_NAME: Final = 150
SEXES: Final = {"male": "M", "female": "F"}


class Reason(models.TextChoices):
    """Why a sign-in is refused: the code for the audit, and the sentence for the person."""

    CANCELLED = "national_cancelled", _("You went back before you were signed in.")
    STATE_UNKNOWN = (
        "national_state_unknown",
        _("This sign-in was used already, or was begun in another window. Begin again."),
    )
    STATE_EXPIRED = "national_state_expired", _("This sign-in took too long. Begin again.")
    PROVIDER_REFUSED = (
        "national_provider_refused",
        _("The national identity provider did not confirm this sign-in. Begin again."),
    )
    PROVIDER_UNREACHABLE = (
        "national_provider_unreachable",
        _("The national identity provider cannot be reached now. Try again in a few minutes."),
    )
    TOKEN_INVALID = (
        "national_token_invalid",
        _("The answer of the national identity provider could not be verified. Begin again."),
    )
    TOKEN_EXPIRED = (
        "national_token_expired",
        _("The answer of the national identity provider came too late. Begin again."),
    )
    TOKEN_FOR_ANOTHER = (
        "national_token_for_another",
        _("The answer was not meant for DICOM Network. Begin again."),
    )
    TOKEN_REPLAYED = "national_token_replayed", _("This answer was not for this sign-in. Begin again.")
    ID_MISSING = (
        "national_id_missing",
        _("The national identity provider did not give your personal number, so your images cannot be found."),
    )
    ID_INVALID = (
        "national_id_invalid",
        _("The personal number that the national identity provider gave is not valid here."),
    )
    IDENTITY_CHANGED = (
        "national_identity_changed",
        _("The national identity provider gave another personal number than before. Ask your hospital to look."),
    )
    NOT_CONFIRMED = (
        "national_not_confirmed",
        _("Sign in with your work account first, and then here once. From then on you may begin here."),
    )
    SUSPENDED = "national_account_suspended", _("Your access is suspended. Ask your hospital.")


class SignInRefused(Exception):
    """Nobody is signed in; `username` is the account that it was about, where there is one."""

    def __init__(self, reason: Reason, *, username: str = "") -> None:
        super().__init__(reason.value)
        self.reason, self.username = reason, username


@dataclass(frozen=True)
class AssertedIdentity:
    """What the provider asserts of a person; everything but the numbers may be empty."""

    issuer: str
    national_id: str
    provider: str
    subject: str
    given_name: str = ""
    family_name: str = ""
    birth_date: date | None = None
    sex: str = ""


def asserted_identity(claims: Mapping[str, Any], *, provider: str) -> AssertedIdentity:
    """Read verified claims. Raises SignInRefused where they name no valid national ID."""
    number = claims.get(settings.NATIONAL_OIDC_ID_CLAIM)
    if number is None or number == "":
        raise SignInRefused(Reason.ID_MISSING)
    try:
        # A number in JSON has lost its leading zeros.
        national_id = parse_national_id(number) if isinstance(number, str) else ""
    except InvalidNationalId as error:
        raise SignInRefused(Reason.ID_INVALID) from error
    if not national_id:
        raise SignInRefused(Reason.ID_INVALID)
    return AssertedIdentity(
        issuer=settings.NATIONAL_ID_ISSUER,
        national_id=national_id,
        provider=provider,
        subject=claims["sub"],
        given_name=_name(claims.get("given_name")),
        family_name=_name(claims.get("family_name")),
        birth_date=_date(claims.get("birthdate")),
        sex=SEXES.get(str(claims.get("gender", "")).casefold(), ""),
    )


@transaction.atomic
def person_asserted(
    *, actor: Actor, asserted: AssertedIdentity, signed_in: User | None, has_other_roles: Callable[[User], bool]
) -> User:
    """Return the person of the national ID, made where the ID is new; never matched by name or e-mail.

    Raises SignInRefused where the provider gave this subject another ID before, where the person is suspended, and
    where an account with more than a patient's rights is not confirmed yet by whoever it belongs to.
    """
    before = NationalIdentity.objects.select_related("user").filter(
        provider=asserted.provider, provider_subject=asserted.subject
    )
    other = before.exclude(issuer=asserted.issuer, national_id=asserted.national_id).first()
    if other is not None:
        raise SignInRefused(Reason.IDENTITY_CHANGED, username=other.user.username)
    identity = _identity_of(asserted)
    if identity is None:
        try:
            with transaction.atomic():
                return _new_person(actor, asserted)
        except IntegrityError:
            # The same person signed in for the first time twice at once.
            identity = _identity_of(asserted)
            if identity is None:
                raise
    if not identity.user.is_active:
        raise SignInRefused(Reason.SUSPENDED, username=identity.user.username)
    # An administrator vouches for numbers: nobody must get into a colleague's account by a wrong one.
    confirmed = (identity.provider, identity.provider_subject) == (asserted.provider, asserted.subject)
    if not confirmed and identity.user != signed_in and has_other_roles(identity.user):
        raise SignInRefused(Reason.NOT_CONFIRMED, username=identity.user.username)
    _keep(identity, asserted)
    if not confirmed:
        _record(actor, identity)
    return identity.user


def _identity_of(asserted: AssertedIdentity) -> NationalIdentity | None:
    found = NationalIdentity.objects.select_for_update(of=("self",)).select_related("user")
    return found.filter(issuer=asserted.issuer, national_id=asserted.national_id).first()


def _new_person(actor: Actor, asserted: AssertedIdentity) -> User:
    person = User(
        # Says nothing of the person: user names are shown and logged, national IDs are not.
        username=f"patient-{secrets.token_hex(8)}",
        first_name=asserted.given_name,
        last_name=asserted.family_name,
    )
    person.set_unusable_password()
    person.save()
    identity = NationalIdentity(
        user=person,
        issuer=asserted.issuer,
        national_id=asserted.national_id,
        asserted_by=METHOD,
        asserted_at=timezone.now(),
    )
    _keep(identity, asserted)
    _record(actor, identity)
    return person


def _record(actor: Actor, identity: NationalIdentity) -> None:
    """The provider vouches for the number of this person from now on."""
    record_national_id_set(
        actor=actor,
        person_id=str(identity.user.subject),
        person_name=identity.user.full_name,
        issuer=identity.issuer,
        national_id=identity.national_id,
    )


def _keep(identity: NationalIdentity, asserted: AssertedIdentity) -> None:
    """Keep how the provider names the person, and the latest that it says of them."""
    identity.provider = asserted.provider
    identity.provider_subject = asserted.subject
    identity.birth_date = asserted.birth_date or identity.birth_date
    identity.sex = asserted.sex or identity.sex
    identity.save()


def _name(value: object) -> str:
    return clean(value, LONGEST_NAME).strip() if isinstance(value, str) else ""


def _date(value: object) -> date | None:
    """A whole date; a year alone (OpenID Connect Core 1.0, section 5.1) is none."""
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None

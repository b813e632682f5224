"""Reads about one's own account: who is meant, sessions, API tokens, second factors."""

from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db.models import Q, QuerySet
from django.utils import timezone

from portal.accounts.models import ApiToken, Kind, User


@dataclass(frozen=True)
class SignInSecurity:
    """How a person signs in, for their page about it."""

    has_password: bool
    passkeys: int
    has_app: bool
    recovery_codes: int
    """Codes that were not used yet."""
    sessions: int
    api_tokens: int

    @property
    def has_second_factor(self) -> bool:
        """True with a passkey or an app; recovery codes only stand in for one."""
        return self.passkeys > 0 or self.has_app


def person_who_signs_in_as(typed: str) -> User | None:
    """The account that a user name or an e-mail address means, in any case; None where there is none."""
    if not typed or "\x00" in typed:
        return None
    known = User.objects.filter(Q(username__iexact=typed) | Q(email__iexact=typed, email__gt=""))
    return known.order_by("pk").first()


def people_who_may_reset(email: str) -> list[User]:
    """The active people with this address who sign in by password."""
    if not email or "\x00" in email:
        return []
    people = User.objects.filter(email__iexact=email, is_active=True, kind=Kind.PERSON).order_by("pk")
    return [person for person in people if person.has_usable_password()]


def own_sessions(person: User) -> QuerySet[UserSession]:
    """The sessions of a person that have not ended, the last begun first."""
    running = Session.objects.filter(expire_date__gt=timezone.now()).values("session_key")
    sessions: QuerySet[UserSession] = UserSession.objects.filter(user=person, session_key__in=running)
    return sessions.order_by("-created_at", "-pk")


def own_api_tokens(person: User) -> QuerySet[ApiToken]:
    """The API tokens of a person that have not ended, the newest first."""
    tokens = ApiToken.objects.filter(Q(token__expiry__gt=timezone.now()) | Q(token__expiry__isnull=True))
    return tokens.filter(token__user=person).select_related("token").order_by("-made_at", "-pk")


def has_second_factor(person: User) -> bool:
    """True where the person has set up a passkey or an app."""
    kinds = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
    return bool(Authenticator.objects.filter(user=person, type__in=kinds).exists())


def sign_in_security(person: User) -> SignInSecurity:
    """All of it in a few reads."""
    authenticators = list(Authenticator.objects.filter(user=person))
    kinds = [one.type for one in authenticators]
    codes = next((one for one in authenticators if one.type == Authenticator.Type.RECOVERY_CODES), None)
    return SignInSecurity(
        has_password=person.has_usable_password(),
        passkeys=kinds.count(Authenticator.Type.WEBAUTHN),
        has_app=Authenticator.Type.TOTP in kinds,
        recovery_codes=len(codes.wrap().get_unused_codes()) if codes else 0,
        sessions=own_sessions(person).count(),
        api_tokens=own_api_tokens(person).count(),
    )

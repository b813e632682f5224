"""Changes that a person makes to themselves, and the cleaning of what has ended."""

from datetime import timedelta
from typing import Final

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from knox.models import AuthToken

from audit.account_events import (
    record_api_token_made,
    record_api_token_revoked,
    record_session_ended,
    record_signed_out_everywhere,
)
from audit.actors import Actor
from portal.accounts.mail import absolute_url, send_mail_on_commit
from portal.accounts.models import ApiToken, Theme, User
from portal.accounts.selectors import own_sessions, people_who_may_reset

MAX_TOKEN_DAYS: Final = 365
_USE_IS_NOTED_EVERY: Final = timedelta(minutes=1)


class InvalidTheme(ValueError):
    """There is no such theme."""


class InvalidToken(ValueError):
    """An API token cannot be made so."""


def set_theme(user: User, *, theme: str) -> None:
    """Keep the colours that the person chose; "" goes back to those of their role."""
    if theme not in Theme.values:
        raise InvalidTheme("The theme is dark, light, or empty.")
    User.objects.filter(pk=user.pk).update(theme=theme)
    user.theme = theme


@transaction.atomic
def end_session(*, actor: Actor, person: User, session: UserSession) -> None:
    """End another session of one's own."""
    Session.objects.filter(session_key=session.session_key).delete()
    UserSession.objects.filter(pk=session.pk, user=person).delete()
    record_session_ended(actor=actor, remote_address=str(session.ip), since=session.created_at)


@transaction.atomic
def sign_out_everywhere(*, actor: Actor, person: User, end_api_tokens: bool) -> None:
    """End every session of a person, also those that no list names; their viewers lose the images within a minute."""
    locked = User.objects.select_for_update().get(pk=person.pk)
    locked.signed_out_everywhere_at = timezone.now()
    locked.save(update_fields=["signed_out_everywhere_at"])
    person.signed_out_everywhere_at = locked.signed_out_everywhere_at
    listed = UserSession.objects.filter(user=person)
    sessions = own_sessions(person).count()
    Session.objects.filter(session_key__in=listed.values("session_key")).delete()
    listed.delete()
    tokens = AuthToken.objects.filter(user=person) if end_api_tokens else AuthToken.objects.none()
    ended_tokens = tokens.count()
    tokens.delete()
    record_signed_out_everywhere(
        actor=actor,
        person_id=str(person.subject),
        person_name=person.full_name,
        sessions=sessions,
        api_tokens=ended_tokens,
    )


@transaction.atomic
def create_api_token(
    *,
    actor: Actor,
    person: User,
    name: str,
    lifetime: timedelta,
    is_read_only: bool,
    with_second_factor: bool = False,
) -> tuple[ApiToken, str]:
    """Return a new API token and its text, which is kept nowhere. Raises InvalidToken."""
    name = " ".join(name.split())
    if not name or len(name) > 80:
        raise InvalidToken("Name the token, in up to 80 letters.")
    if not timedelta(0) < lifetime <= timedelta(days=MAX_TOKEN_DAYS):
        raise InvalidToken("A token lasts from 1 day to 365 days.")
    token, text = AuthToken.objects.create(user=person, expiry=lifetime)
    details = ApiToken.objects.create(
        token=token,
        name=name,
        is_read_only=is_read_only,
        made_with_second_factor=with_second_factor,
        made_at=timezone.now(),
    )
    record_api_token_made(actor=actor, name=name, expires_at=token.expiry, read_only=is_read_only)
    return details, str(text)


@transaction.atomic
def revoke_api_token(*, actor: Actor, token: ApiToken) -> None:
    """End an API token now; it opens nothing from the next request on."""
    deleted, _ = AuthToken.objects.filter(pk=token.token_id).delete()
    if deleted:
        record_api_token_revoked(actor=actor, name=token.name)


def note_use_of(token: ApiToken) -> None:
    """Keep when a token was last used, to the minute."""
    now = timezone.now()
    if token.last_used_at is None or token.last_used_at < now - _USE_IS_NOTED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)


def send_password_reset(*, email: str) -> None:
    """Send everybody with this address a link that sets a new password once; nobody where there is nobody."""
    for person in people_who_may_reset(email):
        key = default_token_generator.make_token(person)
        path = reverse("account_reset_password_from_key", args=[user_pk_to_url_str(person), key])
        said = {
            "person": person.full_name,
            "username": person.username,
            "minutes": settings.PASSWORD_RESET_TIMEOUT // 60,
            "url": absolute_url(path),
        }
        send_mail_on_commit("password_reset", person.email, said)


def clear_ended_sign_ins() -> None:
    """Delete expired sessions and API tokens, which open nothing any more."""
    now = timezone.now()
    Session.objects.filter(expire_date__lt=now).delete()
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
    AuthToken.objects.filter(expiry__lt=now).delete()

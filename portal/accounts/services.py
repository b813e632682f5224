"""Changes that a person makes to themselves, and the cleaning of what has ended."""

from django.contrib.sessions.models import Session
from django.utils import timezone
from knox.models import AuthToken

from portal.accounts.models import Theme, User


class InvalidTheme(ValueError):
    """There is no such theme."""


def set_theme(user: User, *, theme: str) -> None:
    """Keep the colours that the person chose; "" goes back to those of their role."""
    if theme not in Theme.values:
        raise InvalidTheme("The theme is dark, light, or empty.")
    User.objects.filter(pk=user.pk).update(theme=theme)
    user.theme = theme


def clear_ended_sign_ins() -> None:
    """Delete expired sessions and API tokens, which open nothing any more."""
    now = timezone.now()
    Session.objects.filter(expire_date__lt=now).delete()
    AuthToken.objects.filter(expiry__lt=now).delete()

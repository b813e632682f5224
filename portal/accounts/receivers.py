"""Writes sign-ins, failed ones and sign-outs into the audit."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models import Q
from django.dispatch import receiver

from audit.services import record_failed_sign_in, record_sign_in, record_sign_out
from portal.accounts.actors import actor_of
from portal.accounts.models import Kind, User
from portal.accounts.sign_in_methods import sign_in_method

# Hides what was typed where nobody is called so: people type passwords into the wrong field.
UNKNOWN_NAME = "(nobody of this name)"


@receiver(user_logged_in, dispatch_uid="audit_sign_in")
def audit_sign_in(request: Any, user: User, **kwargs: Any) -> None:  # noqa: ARG001
    """Somebody signed in; that a share link was opened is recorded as such."""
    if user.kind == Kind.LINK_HOLDER:
        return
    record_sign_in(actor=actor_of(request), method=sign_in_method(request))


@receiver(user_logged_out, dispatch_uid="audit_sign_out")
def audit_sign_out(request: Any, user: User | None, **kwargs: Any) -> None:  # noqa: ARG001
    """Somebody signed out; a sign-out of nobody is no act."""
    if user is not None:
        record_sign_out(actor=actor_of(request))


@receiver(user_login_failed, dispatch_uid="audit_failed_sign_in")
def audit_failed_sign_in(credentials: dict[str, Any], request: Any = None, **kwargs: Any) -> None:  # noqa: ARG001
    """Somebody gave a wrong name or password."""
    typed = str(credentials.get("username") or credentials.get("email") or "")
    record_failed_sign_in(actor=actor_of(request), username=_known_name(typed))


def _known_name(typed: str) -> str:
    if "\x00" in typed:
        return UNKNOWN_NAME
    known = User.objects.filter(Q(username__iexact=typed) | Q(email__iexact=typed, email__gt=""))
    return known.values_list("username", flat=True).order_by("pk").first() or UNKNOWN_NAME

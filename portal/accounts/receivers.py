"""Writes sign-ins, failed ones, sign-outs and changes of how one signs in into the audit."""

from typing import Any, Final

from allauth.account.internal.flows.login import record_authentication
from allauth.account.signals import login_code_rejected, password_changed, password_reset
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authentication_failed, authenticator_added, authenticator_removed
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver

from audit.account_events import (
    record_password_changed,
    record_second_factor_added,
    record_second_factor_removed,
)
from audit.services import record_failed_sign_in, record_sign_in, record_sign_out
from portal.accounts.activity import begin_session
from portal.accounts.actors import actor_for, actor_of
from portal.accounts.adapter import ClosedAccountAdapter
from portal.accounts.factors import factors_of
from portal.accounts.models import Kind, User
from portal.accounts.selectors import person_who_signs_in_as
from portal.accounts.services import sign_out_everywhere
from portal.accounts.sign_in_methods import PASSWORD, sign_in_method

# Hides what was typed where nobody is called so: people type passwords into the wrong field.
UNKNOWN_NAME = "(nobody of this name)"
_KINDS: Final = {
    Authenticator.Type.TOTP: "app",
    Authenticator.Type.WEBAUTHN: "passkey",
    Authenticator.Type.RECOVERY_CODES: "recovery codes",
}


@receiver(user_logged_in, dispatch_uid="audit_sign_in")
def audit_sign_in(request: Any, user: User, **kwargs: Any) -> None:  # noqa: ARG001
    """Somebody signed in; that a share link was opened is recorded as such, by `portal.sharing`."""
    begin_session(request)
    if user.kind == Kind.LINK_HOLDER:
        return
    method = sign_in_method(request) or PASSWORD
    if method == PASSWORD:
        method = "+".join(factors_of(request, user)) or PASSWORD
    record_sign_in(actor=actor_of(request), method=method)


@receiver(user_logged_out, dispatch_uid="audit_sign_out")
def audit_sign_out(request: Any, user: User | None, **kwargs: Any) -> None:  # noqa: ARG001
    """Somebody signed out; a sign-out of nobody is no act."""
    if user is not None:
        record_sign_out(actor=actor_of(request))


@receiver(user_login_failed, dispatch_uid="audit_failed_sign_in")
def audit_failed_sign_in(credentials: dict[str, Any], request: Any = None, **kwargs: Any) -> None:  # noqa: ARG001
    """Somebody gave a wrong name or password."""
    typed = str(credentials.get("username") or credentials.get("email") or "")
    known = person_who_signs_in_as(typed)
    record_failed_sign_in(actor=actor_of(request), username=known.username if known else UNKNOWN_NAME)


@receiver(authentication_failed, dispatch_uid="audit_failed_second_factor")
def audit_failed_second_factor(request: Any, user: User, **kwargs: Any) -> None:  # noqa: ARG001
    """Somebody gave a wrong code of an app, or a wrong recovery code."""
    record_failed_sign_in(actor=actor_of(request), username=user.username, reason="second_factor")


@receiver(login_code_rejected, dispatch_uid="audit_rejected_code")
def audit_rejected_code(request: Any, user: User, **kwargs: Any) -> None:  # noqa: ARG001
    """Somebody gave a wrong code by e-mail."""
    record_failed_sign_in(actor=actor_of(request), username=user.username, reason="code_by_email")


@receiver(authenticator_added, dispatch_uid="audit_second_factor_added")
def audit_second_factor_added(request: Any, user: User, authenticator: Authenticator, **kwargs: Any) -> None:  # noqa: ARG001
    """Somebody set up a second factor; who has just shown that it works needs not show it again."""
    record_second_factor_added(actor=actor_of(request), kind=_KINDS[authenticator.type])
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        record_authentication(request, user, "mfa", id=authenticator.pk, type=authenticator.type)


@receiver(authenticator_removed, dispatch_uid="audit_second_factor_removed")
def audit_second_factor_removed(request: Any, authenticator: Authenticator, **kwargs: Any) -> None:  # noqa: ARG001
    """Somebody removed a second factor."""
    record_second_factor_removed(actor=actor_of(request), kind=_KINDS[authenticator.type])


@receiver(password_changed, dispatch_uid="audit_password_changed")
def audit_password_changed(request: Any, user: User, **kwargs: Any) -> None:  # noqa: ARG001
    """Somebody changed their password; Django ends their other sessions."""
    begin_session(request)
    record_password_changed(
        actor=actor_of(request), person_id=str(user.subject), person_name=user.full_name, by_link=False
    )


@receiver(password_reset, dispatch_uid="audit_password_reset")
def audit_password_reset(request: Any, user: User, **kwargs: Any) -> None:  # noqa: ARG001
    """Somebody set a password by a link: whatever was open before, perhaps to others, ends."""
    actor = actor_for(request, user)
    record_password_changed(actor=actor, person_id=str(user.subject), person_name=user.full_name, by_link=True)
    sign_out_everywhere(actor=actor, person=user, end_api_tokens=True)
    ClosedAccountAdapter(request).forget_failed_tries(user)

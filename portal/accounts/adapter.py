"""How allauth signs people in here: accounts are made by administrators, never by oneself."""

import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.signals import user_login_failed
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.accounts.actors import remote_address
from portal.accounts.mail import absolute_url, send_mail_on_commit
from portal.accounts.models import User
from portal.accounts.national_sign_out import provider_sign_out
from portal.accounts.selectors import person_who_signs_in_as

_WRONG = _("This user name and this password do not belong together. Check both.")
_TOO_MANY = _("Too many tries with this name. Wait five minutes, then try again.")
_NOTICES: Final = {
    "account/email/password_changed": _("The password was changed"),
    "account/email/password_reset": _("The password was set anew by a link from an e-mail"),
    "mfa/email/totp_activated": _("An app for sign-in codes was set up"),
    "mfa/email/totp_deactivated": _("The app for sign-in codes was removed"),
    "mfa/email/webauthn_added": _("A passkey was added"),
    "mfa/email/webauthn_removed": _("A passkey was removed"),
    "mfa/email/recovery_codes_generated": _("New recovery codes were made"),
}


class ClosedAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """No self sign-up; tries are counted by account however its name is written; letters go through the queue."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": _WRONG,
        "email_password_mismatch": _WRONG,
        "too_many_login_attempts": _TOO_MANY,
        "rate_limited": _TOO_MANY,
        "incorrect_code": _("This code is not right, or too old. Take the newest one."),
        "incorrect_password": _("This is not your password."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Nobody makes an account for themselves."""
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Raise ValidationError where too many tries failed before."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            tried = {name: value for name, value in credentials.items() if name != "password"}
            user_login_failed.send(sender=type(self), credentials=tried, request=request)
            raise

    def send_mail(self, template_prefix: str, email: str, context: Mapping[str, Any]) -> None:
        """Send the one letter of allauth's that leaves here; the others would tell who has an account."""
        if template_prefix == "account/email/login_code":
            minutes = app_settings.LOGIN_BY_CODE_TIMEOUT // 60
            send_mail_on_commit("sign_in_code", email, {"code": context["code"], "minutes": minutes})

    def send_notification_mail(
        self,
        template_prefix: str,
        user: User,
        context: Mapping[str, Any] | None = None,  # noqa: ARG002
        email: str | None = None,
    ) -> None:
        """Tell a person what was changed about how they sign in."""
        if template_prefix not in _NOTICES:
            return
        said = {
            "person": user.full_name,
            "action": str(_NOTICES[template_prefix]),
            "when": timezone.now(),
            "address": remote_address(self.request),
            "url": absolute_url(reverse("account_reset_password")),
        }
        send_mail_on_commit("sign_in_changed", email or user.email, said)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:  # noqa: ARG002
        """Back to where the way of signing in is set."""
        return reverse("account_security")

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        """Who came by the national identity provider signs out there too: the next person must not be let in."""
        return provider_sign_out(request) or str(super().get_logout_redirect_url(request))

    def forget_failed_tries(self, person: User) -> None:
        """Open an account that failed tries had closed, once its person has proved themselves otherwise."""
        self._delete_login_attempts_cached_email(self.request, username=person.username)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:  # noqa: ARG002
        """One count an account, whether the user name or the e-mail address was typed, in whatever case."""
        typed = str(credentials.get("email") or credentials.get("username") or "").strip()
        person = person_who_signs_in_as(typed)
        return f"person:{person.pk}" if person else f"name:{unicodedata.normalize('NFKC', typed).casefold()}"

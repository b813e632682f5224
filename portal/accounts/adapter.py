"""How allauth signs people in here: accounts are made by administrators, never by oneself."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.signals import user_login_failed
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from portal.accounts.national_sign_out import provider_sign_out

_WRONG = _("This user name and this password do not belong together. Check both.")
_TOO_MANY = _("Too many tries with this name. Wait five minutes, then try again.")


class ClosedAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """No self sign-up; a try that the rate limit stops counts as a failed sign-in."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": _WRONG,
        "email_password_mismatch": _WRONG,
        "too_many_login_attempts": _TOO_MANY,
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Nobody makes an account for themselves."""
        return False

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        """Who came by the national identity provider signs out there too: the next person must not be let in."""
        return provider_sign_out(request) or str(super().get_logout_redirect_url(request))

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Raise ValidationError where too many tries failed before."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            tried = {name: value for name, value in credentials.items() if name != "password"}
            user_login_failed.send(sender=type(self), credentials=tried, request=request)
            raise

"""Forms about one's own account."""

from datetime import timedelta

from allauth.account.forms import ResetPasswordForm
from django import forms
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from portal.accounts.services import MAX_TOKEN_DAYS
from portal.accounts.tasks import send_password_reset_task


class AskForResetForm(ResetPasswordForm):  # type: ignore[misc]
    """Asks for a link to a new password; whether somebody has the address is looked up elsewhere and later.

    So the answer and its time are the same for known and unknown addresses.
    """

    def clean_email(self) -> str:
        """The address as it was typed."""
        return str(self.cleaned_data["email"])

    def save(self, request: HttpRequest, **kwargs: object) -> str:  # noqa: ARG002
        """Have the link sent, if there is somebody to send it to."""
        email: str = self.cleaned_data["email"]
        transaction.on_commit(lambda: send_password_reset_task.delay(email), robust=True)
        return email


class ApiTokenForm(forms.Form):
    """A new API token of one's own."""

    name = forms.CharField(label=_("What it is for"), max_length=80)
    days = forms.TypedChoiceField(
        label=_("Works for"),
        coerce=int,
        choices=[(1, _("1 day")), (30, _("30 days")), (90, _("90 days")), (MAX_TOKEN_DAYS, _("1 year"))],
        initial=90,
    )
    is_read_only = forms.BooleanField(label=_("May only read"), required=False, initial=True)

    @property
    def lifetime(self) -> timedelta:
        """How long the token works."""
        return timedelta(days=self.cleaned_data["days"])

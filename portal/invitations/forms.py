"""What somebody who was invited says of themselves, and what is said to invite them."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.institutions.models import Role
from portal.invitations.accounts import NewAccount


class Way(models.TextChoices):
    """How a new person will sign in."""

    PASSKEY = "passkey", _("Passkey")
    PASSWORD = "password", _("Password and a code app")
    CODE = "code", _("Code by e-mail")


class WayForm(forms.Form):
    """How a person will sign in; a code by e-mail only where the invitation allows it."""

    way = forms.ChoiceField(
        label=_("How you will sign in"), choices=Way.choices, initial=Way.PASSKEY, widget=forms.RadioSelect
    )
    password = forms.CharField(
        label=_("Password"), max_length=128, required=False, strip=False, widget=forms.PasswordInput
    )
    password_again = forms.CharField(
        label=_("The same again"), max_length=128, required=False, strip=False, widget=forms.PasswordInput
    )

    def __init__(self, *args: Any, email: str, allows_code: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email
        way: Any = self.fields["way"]
        way.choices = [choice for choice in Way.choices if allows_code or choice[0] != Way.CODE]
        for name in ("password", "password_again"):
            self.fields[name].widget.attrs["autocomplete"] = "new-password"

    def clean(self) -> dict[str, Any]:
        """Check the password where one is chosen."""
        given: dict[str, Any] = super().clean() or {}
        if given.get("way") == Way.PASSWORD:
            self._check_password(given)
        return given

    def _check_password(self, given: dict[str, Any]) -> None:
        password = given.get("password", "")
        if password != given.get("password_again", ""):
            self.add_error("password_again", _("The two passwords are not the same."))
        person = User(email=self.email, first_name=given.get("first_name", ""), last_name=given.get("last_name", ""))
        try:
            validate_password(password, person)
        except ValidationError as error:
            self.add_error("password", error)

    @property
    def new_password(self) -> str | None:
        """The password that was chosen; None for another way."""
        return str(self.cleaned_data["password"]) if self.cleaned_data["way"] == Way.PASSWORD else None


class NewAccountForm(WayForm):
    """Name, and how to sign in."""

    academic_title = forms.CharField(label=_("Title"), max_length=40, required=False)
    first_name = forms.CharField(label=_("First name"), max_length=150)
    last_name = forms.CharField(label=_("Last name"), max_length=150)
    field_order = ("academic_title", "first_name", "last_name")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, autocomplete in (
            ("academic_title", "honorific-prefix"),
            ("first_name", "given-name"),
            ("last_name", "family-name"),
        ):
            self.fields[name].widget.attrs["autocomplete"] = autocomplete

    @property
    def account(self) -> NewAccount:
        """What was filled in."""
        given = self.cleaned_data
        return NewAccount(
            first_name=given["first_name"],
            last_name=given["last_name"],
            academic_title=given["academic_title"],
            password=self.new_password,
        )


class InviteForm(forms.Form):
    """Whom to invite, to which role of which institution."""

    email = forms.EmailField(label=_("E-mail address"), max_length=254)
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)
    institution = forms.IntegerField(min_value=1, max_value=2**63 - 1)

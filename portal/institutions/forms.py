"""What an administrator fills in about people."""

from typing import Any, Self
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.institutions.models import Institution, Role


class PeopleForm(forms.Form):
    """Whom to list: those whom the words name, after or before one of them."""

    search = forms.CharField(max_length=100, required=False)
    after = forms.UUIDField(required=False)
    before = forms.UUIDField(required=False)


class GiveRoleForm(forms.Form):
    """A role of one institution for one person."""

    institution = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)


class NationalIdForm(forms.Form):
    """A national ID, with or without spaces; what is wrong with it is said by `portal.accounts.national_ids`."""

    national_id = forms.CharField(max_length=64)


class PhysicianAliasForm(forms.Form):
    """A doctor's name as the equipment writes it."""

    written_as = forms.CharField(max_length=400)


class InstitutionForm(forms.Form):
    """What administrators choose for their institution."""

    allows_code_by_email = forms.BooleanField(
        label=_("Consultants may sign in with a code by e-mail"),
        help_text=_("Instead of a passkey or an app, for those whom your institution invites."),
        required=False,
    )
    shows_staff_names = forms.BooleanField(
        label=_("Patients read who looked, by name"),
        help_text=_("Otherwise they read the institution and the role."),
        required=False,
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"), choices=lambda: [(name, name) for name in sorted(available_timezones())]
    )

    @classmethod
    def of(cls, institution: Institution) -> Self:
        """The form as it stands now."""
        chosen: dict[str, Any] = {name: getattr(institution, name) for name in cls.base_fields}
        return cls(initial=chosen, prefix=None, auto_id=f"id_{institution.pk}_%s")

"""What an administrator fills in about people."""

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.institutions.models import Role
from portal.institutions.rights import GIVABLE_BY_ADMINISTRATORS


class GiveRoleForm(forms.Form):
    """A role of one institution for one person."""

    institution = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    role = forms.ChoiceField(
        label=_("Role"), choices=[choice for choice in Role.choices if choice[0] in GIVABLE_BY_ADMINISTRATORS]
    )


class NationalIdForm(forms.Form):
    """A national ID, with or without spaces; what is wrong with it is said by `portal.accounts.national_ids`."""

    national_id = forms.CharField(max_length=64)


class PhysicianAliasForm(forms.Form):
    """A doctor's name as the equipment writes it."""

    written_as = forms.CharField(max_length=400)

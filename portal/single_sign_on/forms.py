"""What an administrator fills in about an identity provider."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.institutions.models import Institution, Role
from portal.institutions.rights import GIVABLE_BY_ADMINISTRATORS
from portal.single_sign_on.services import ProviderTerms

MAPPABLE = tuple(role for role in Role if role in GIVABLE_BY_ADMINISTRATORS and role != Role.PATIENT)


class ProviderForm(forms.Form):
    """A provider; one field for each role names the values of the claim that give it."""

    name = forms.CharField(label=_("Name on the sign-in page"), max_length=40)
    issuer = forms.URLField(label=_("Issuer"), max_length=200, assume_scheme="https")
    client_id = forms.CharField(label=_("Client ID"), max_length=191)
    client_secret = forms.CharField(
        label=_("Client secret"), max_length=191, required=False, widget=forms.PasswordInput(render_value=False)
    )
    domains = forms.CharField(label=_("Domains of e-mail addresses"), max_length=2000)
    role_claim = forms.CharField(label=_("Claim that names the groups"), max_length=100, initial="groups")
    is_enabled = forms.BooleanField(label=_("People may sign in by it"), required=False, initial=True)

    def __init__(self, *args: Any, institutions: list[Institution], is_new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_new:
            self.fields["client_secret"].required = True
            self.fields["institution"] = forms.ModelChoiceField(
                label=_("Institution"),
                queryset=Institution.objects.filter(pk__in=[one.pk for one in institutions]),
                initial=institutions[0] if institutions else None,
                empty_label=None,
            )
        for role in MAPPABLE:
            self.fields[f"gives_{role.value}"] = forms.CharField(label=role.label, max_length=1000, required=False)

    @property
    def role_fields(self) -> list[forms.BoundField]:
        """The fields of the mapping."""
        return [self[f"gives_{role.value}"] for role in MAPPABLE]

    @property
    def plain_fields(self) -> list[forms.BoundField]:
        """All others, the institution first."""
        plain = [self[name] for name in self.fields if not name.startswith("gives_") and name != "is_enabled"]
        return sorted(plain, key=lambda field: field.name != "institution")

    @property
    def terms(self) -> ProviderTerms:
        """What was filled in."""
        given = self.cleaned_data
        mapping = {
            value: role.value for role in MAPPABLE for value in _words(given.get(f"gives_{role.value}", ""), fold=False)
        }
        return ProviderTerms(
            name=given["name"],
            issuer=given["issuer"].rstrip("/"),
            client_id=given["client_id"],
            client_secret=given["client_secret"],
            domains=_words(given["domains"], fold=True),
            role_claim=given["role_claim"],
            role_mapping=mapping,
            is_enabled=given["is_enabled"],
        )


def filled_in(terms: ProviderTerms) -> dict[str, Any]:
    """What the form shows of a provider that is there."""
    shown: dict[str, Any] = {
        "name": terms.name,
        "issuer": terms.issuer,
        "client_id": terms.client_id,
        "domains": ", ".join(terms.domains),
        "role_claim": terms.role_claim,
        "is_enabled": terms.is_enabled,
    }
    for role in MAPPABLE:
        shown[f"gives_{role.value}"] = ", ".join(value for value, code in terms.role_mapping.items() if code == role)
    return shown


def _words(text: str, *, fold: bool) -> tuple[str, ...]:
    words = (word.strip() for word in text.replace("\n", ",").split(","))
    return tuple(dict.fromkeys(word.lower() if fold else word for word in words if word))

"""The form with which access is given on a study's page."""

from datetime import datetime, time, timedelta
from typing import Any, Final

from django import forms
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext_lazy as _

from portal.grants.decisions import Decision, Reach
from portal.grants.models import Permission
from portal.grants.recipients import READING_ROLES, Recipient, RoleAt, recipient_called
from portal.grants.services import GrantTerms
from portal.institutions.models import Institution, Role

TO: Final = (("person", _("A person or an e-mail address")), ("role", _("A role elsewhere")))
THIS: Final = ("study", _("This study"))
WHOLE: Final = ("patient", _("All studies of the patient at this institution"))
DEFAULT_LIFE: Final = timedelta(days=14)
END_OF_WORK: Final = timedelta(hours=18)


class MomentField(forms.DateTimeField):
    """A moment where the portal is; a day alone means its first moment, or its end where `is_end`."""

    def __init__(self, *, is_end: bool = False, **kwargs: Any) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        super().__init__(widget=widget, input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"], **kwargs)
        self.is_end = is_end

    def to_python(self, value: Any) -> datetime | None:
        """Return the moment; None where nothing was given. Raises ValidationError."""
        try:
            day = parse_date(value.strip()) if isinstance(value, str) else None
        except ValueError:
            day = None
        if day is None:
            return super().to_python(value)
        return _begin(day + timedelta(days=1) if self.is_end else day)


class GiveAccessForm(forms.Form):
    """To whom, what, which rights, from when until when, and why; offers no right that the giver lacks."""

    to = forms.ChoiceField(label=_("To"), choices=TO, widget=forms.RadioSelect, initial="person", required=False)
    grantee = forms.CharField(
        label=_("E-mail address or user name"),
        max_length=254,
        required=False,
        help_text=_("Who has no account is invited by e-mail."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(
        label=_("Role"), choices=[(role.value, role.label) for role in READING_ROLES], required=False
    )
    institution = forms.ModelChoiceField(
        label=_("Institution"), queryset=Institution.objects.none(), required=False, empty_label=_("Choose")
    )
    what = forms.ChoiceField(label=_("What"), choices=(THIS,), widget=forms.RadioSelect, initial="study")
    permissions = forms.MultipleChoiceField(
        label=_("May"), widget=forms.CheckboxSelectMultiple, initial=[Permission.VIEW]
    )
    valid_from = MomentField(label=_("From"), required=False)
    valid_until = MomentField(label=_("Until"), is_end=True)
    reason = forms.CharField(label=_("Reason"), max_length=1000, required=False, widget=forms.Textarea({"rows": 2}))

    def __init__(self, *args: Any, decision: Decision, whole: str = "", **kwargs: Any) -> None:
        """`whole` says what all studies of the patient are, in words: "All 4 at Nistru"."""
        super().__init__(*args, **kwargs)
        own = decision.permissions
        self.locked = [label for value, label in Permission.choices if value not in own]
        """The rights that the giver lacks, in words, to be shown locked."""
        self._field("permissions").choices = [(value, label) for value, label in Permission.choices if value in own]
        if Permission.SHARE in decision.permissions_reaching(Reach.PATIENT, timezone.now()):
            self._field("what").choices = [THIS, (WHOLE[0], whole or WHOLE[1])]
        institutions = self.fields["institution"]
        if isinstance(institutions, forms.ModelChoiceField):
            institutions.queryset = Institution.objects.all()
        self.initial.setdefault("valid_until", _usual_end(decision))

    def clean(self) -> dict[str, Any]:
        """Ask for a person or for a role with its institution, as chosen."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        is_role = given.get("to") == "role"
        for name in ("role", "institution") if is_role else ("grantee",):
            if not given.get(name) and name not in self.errors:
                self.add_error(name, _("Say to whom."))
        return given

    @property
    def recipient(self) -> Recipient | None:
        """To whom; None where nobody goes by the name."""
        given = self.cleaned_data
        if given["to"] == "role":
            return RoleAt(Role(given["role"]), given["institution"])
        return recipient_called(given["grantee"])

    @property
    def terms(self) -> GrantTerms:
        """What the form asks for; a day that ends it counts to its end."""
        given = self.cleaned_data
        return GrantTerms(
            permissions=tuple(given["permissions"]),
            valid_from=given["valid_from"],
            valid_until=given["valid_until"],
            whole_patient=given["what"] == "patient",
            reason=given["reason"],
        )

    def _field(self, name: str) -> forms.ChoiceField:
        field = self.fields[name]
        if not isinstance(field, forms.ChoiceField):
            raise TypeError(f"{name} is no choice.")
        return field


def _usual_end(decision: Decision) -> datetime:
    """Two weeks, to the end of working hours; never beyond what the giver has."""
    usual = _begin(timezone.localdate() + DEFAULT_LIFE) + END_OF_WORK
    return usual if decision.until is None else min(usual, decision.until)


def _begin(day: Any) -> datetime:
    """The first moment of the day where the portal is."""
    return timezone.make_aware(datetime.combine(day, time.min))

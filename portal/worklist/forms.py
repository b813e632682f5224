"""The form with which access is given on a study's page."""

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.grants.decisions import Decision, Reach
from portal.grants.models import Permission
from portal.grants.services import GrantTerms

WHAT = (("study", _("This study")), ("patient", _("All studies of the patient at this institution")))
DEFAULT_LIFE = timedelta(days=14)


class GiveAccessForm(forms.Form):
    """To whom, what, which rights, until when, and why; offers no right that the giver lacks."""

    grantee = forms.CharField(label=_("To whom"), max_length=254, help_text=_("E-mail address or user name"))
    what = forms.ChoiceField(label=_("What"), choices=WHAT, widget=forms.RadioSelect, initial="study")
    permissions = forms.MultipleChoiceField(
        label=_("May"), widget=forms.CheckboxSelectMultiple, initial=[Permission.VIEW]
    )
    valid_from = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    valid_until = forms.DateField(label=_("Until"), widget=forms.DateInput(attrs={"type": "date"}))
    reason = forms.CharField(label=_("Reason"), max_length=1000, required=False, widget=forms.Textarea({"rows": 2}))

    def __init__(self, *args: Any, decision: Decision, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = decision.permissions
        self.locked = [label for value, label in Permission.choices if value not in own]
        """The rights that the giver lacks, in words, to be shown locked."""
        self._field("permissions").choices = [(value, label) for value, label in Permission.choices if value in own]
        if Permission.SHARE not in decision.permissions_reaching(Reach.PATIENT, timezone.now()):
            self._field("what").choices = [WHAT[0]]
        self.initial.setdefault("valid_until", timezone.localdate() + DEFAULT_LIFE)

    @property
    def terms(self) -> GrantTerms:
        """What the form asks for; the last day counts to its end."""
        given = self.cleaned_data
        first: Any = given["valid_from"]
        return GrantTerms(
            permissions=tuple(given["permissions"]),
            valid_from=_begin(first) if first else None,
            valid_until=_begin(given["valid_until"] + timedelta(days=1)),
            whole_patient=given["what"] == "patient",
            reason=given["reason"],
        )

    def _field(self, name: str) -> forms.ChoiceField:
        field = self.fields[name]
        if not isinstance(field, forms.ChoiceField):
            raise TypeError(f"{name} is no choice.")
        return field


def _begin(day: Any) -> datetime:
    """The first moment of the day where the portal is."""
    return timezone.make_aware(datetime.combine(day, time.min))

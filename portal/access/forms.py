"""What is filled in to open in an emergency, to ask for access, to decide it, and to ask why."""

from datetime import datetime, time, timedelta
from typing import Any, Final

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.access.services import LONGEST
from portal.grants.models import Permission

ASKED_FOR: Final = timedelta(days=14)
REQUESTABLE: Final = tuple(choice for choice in Permission.choices if choice[0] != Permission.SHARE)
_DAY: Final = {"type": "date"}


class FindPatientForm(forms.Form):
    """An exact identifier and the birth date that belongs to it."""

    patient_id = forms.CharField(label=_("Patient ID or national ID, exactly"), max_length=256)
    birth_date = forms.DateField(label=_("Birth date"), widget=forms.DateInput(attrs=_DAY))

    patient_id.widget.attrs.update({"autocomplete": "off"})


class BreakGlassForm(forms.Form):
    """Why it is needed now."""

    reason = forms.CharField(
        label=_("Why do you need it now? (at least 15 characters)"),
        max_length=1000,
        widget=forms.Textarea({"rows": 3, "minlength": 15}),
    )


class ApproveForm(forms.Form):
    """Which rights, and until when."""

    permissions = forms.MultipleChoiceField(
        label=_("May"), choices=REQUESTABLE, widget=forms.CheckboxSelectMultiple, initial=[Permission.VIEW]
    )
    valid_until = forms.DateField(label=_("Until"), widget=forms.DateInput(attrs=_DAY))

    @property
    def until(self) -> datetime:
        """The end of the last day, where the portal is."""
        day = self.cleaned_data["valid_until"] + timedelta(days=1)
        return timezone.make_aware(datetime.combine(day, time.min))


class RequestForm(ApproveForm):
    """What a doctor asks for, and why."""

    reason = forms.CharField(
        label=_("Why do you need it? (at least 15 characters)"),
        max_length=1000,
        widget=forms.Textarea({"rows": 3, "minlength": 15}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        today = timezone.localdate()
        self.initial.setdefault("valid_until", today + ASKED_FOR)
        last = today + LONGEST - timedelta(days=1)
        self.fields["valid_until"].widget.attrs.update({"min": f"{today:%Y-%m-%d}", "max": f"{last:%Y-%m-%d}"})


class ReasonForm(forms.Form):
    """Why a request is declined, or a description ruled on."""

    reason = forms.CharField(label=_("Why"), max_length=1000)


class RulingForm(ReasonForm):
    """Whether a description is of the bearer of the national ID, and how one knows."""

    is_the_bearer = forms.TypedChoiceField(
        choices=[("yes", _("yes")), ("no", _("no"))], coerce=lambda word: word == "yes"
    )


class ReviewForm(forms.Form):
    """What whoever looked into an opening found."""

    note = forms.CharField(label=_("What did you find?"), max_length=1000)


class WhyForm(forms.Form):
    """Whom, and which study."""

    study = forms.CharField(label=_("Study: UID, accession number or patient ID"), max_length=256)
    person = forms.CharField(label=_("Person: user name or e-mail address"), max_length=254)
    server = forms.UUIDField(required=False, widget=forms.HiddenInput)

    study.widget.attrs.update({"autocomplete": "off"})
    person.widget.attrs.update({"autocomplete": "off"})

"""The form with which a consultant is asked, and the one in which the consultant answers."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any, Final

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.consultations.identity import may_show_identity
from portal.consultations.services import LONGEST_ANSWER, Question
from portal.studies.models import Study
from wire.deidentification import Option

LIVES: Final = {"24": timedelta(hours=24), "72": timedelta(days=3), "168": timedelta(days=7)}
ANSWER_BY: Final = (("24", _("24 hours")), ("72", _("3 days")), ("168", _("7 days")), ("date", _("Date")))
WITHOUT: Final = "without"
IDENTITY: Final = ((WITHOUT, _("Without identity")), ("with", _("With identity")))
DATES: Final = (("shift", _("Shifted, with the days between them kept")), ("remove", _("Removed")))


class AskForm(forms.Form):
    """Who, what, how long, and how much of the patient; offers the studies that the inviter may see."""

    email = forms.EmailField(label=_("E-mail address"), max_length=254)
    consultant_name = forms.CharField(label=_("Name and place, as you know them"), max_length=200, required=False)
    studies = forms.MultipleChoiceField(label=_("Studies"), widget=forms.CheckboxSelectMultiple)
    question = forms.CharField(label=_("Question"), max_length=4000, widget=forms.Textarea({"rows": 4}))
    answer_by = forms.ChoiceField(
        label=_("Answer by"), choices=ANSWER_BY, widget=forms.RadioSelect, initial="72", required=False
    )
    deadline = forms.DateField(
        label=_("Last day"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    identity = forms.ChoiceField(label=_("Identity"), choices=IDENTITY, widget=forms.RadioSelect, initial=WITHOUT)
    keeps_characteristics = forms.BooleanField(label=_("Show age and sex"), required=False, initial=True)
    dates = forms.ChoiceField(
        label=_("Dates"), choices=DATES, widget=forms.RadioSelect, initial="shift", required=False
    )
    consent = forms.CharField(label=_("The patient's consent"), max_length=500, required=False)
    pixels_checked = forms.BooleanField(
        label=_("I have looked at these images: nothing written in them says who the patient is"), required=False
    )

    def __init__(self, *args: Any, offered: Sequence[Study], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offered = offered
        chosen = self.fields["studies"]
        if not isinstance(chosen, forms.MultipleChoiceField):
            raise TypeError("Studies are chosen.")
        chosen.choices = [(str(study.pk), study.study_instance_uid) for study in offered]
        chosen.initial = [str(study.pk) for study in offered[:1]]
        self.needing_a_look = [study for study in offered if may_show_identity(study)]

    @property
    def chosen_keys(self) -> set[str]:
        """The keys of the studies that are ticked."""
        return set(self["studies"].value() or ())

    def clean(self) -> dict[str, Any]:
        """Have a day given where a date was chosen."""
        values: dict[str, Any] = super().clean() or {}
        if values.get("answer_by") == "date" and not values.get("deadline"):
            self.add_error("deadline", _("Choose the last day."))
        return values

    @property
    def studies_chosen(self) -> list[Study]:
        """The studies that are asked about."""
        keys = set(self.cleaned_data["studies"])
        return [study for study in self.offered if str(study.pk) in keys]

    @property
    def asked(self) -> Question:
        """What the form asks; the last day counts to its end."""
        given = self.cleaned_data
        options = [Option.RETAIN_PATIENT_CHARACTERISTICS] if given["keeps_characteristics"] else []
        options += [Option.SHIFT_DATES] if given["dates"] == "shift" else []
        return Question(
            email=given["email"],
            consultant_name=given["consultant_name"],
            text=given["question"],
            deadline=self._deadline(),
            without_identity=given["identity"] == WITHOUT,
            options=tuple(options),
            consent=given["consent"],
            pixels_checked=given["pixels_checked"],
        )

    def _deadline(self) -> datetime:
        life = LIVES.get(self.cleaned_data["answer_by"])
        if life is not None:
            return timezone.now() + life
        day: Any = self.cleaned_data["deadline"] or timezone.localdate() + LIVES["72"]
        return timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))


class AnswerForm(forms.Form):
    """The consultant's answer, or what there is of it."""

    answer = forms.CharField(
        label=_("Your answer"), max_length=LONGEST_ANSWER, required=False, widget=forms.Textarea({"rows": 10})
    )

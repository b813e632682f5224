"""The filters of the log as a query string holds them, for the page and the API alike."""

from django import forms
from django.utils.translation import gettext_lazy as _

from audit.models import Action
from audit.selectors import AuditFilters
from wire.uids import InvalidUid, parse_uid


class AuditFilterForm(forms.Form):
    """Parses filters; what is wrong is said beside the field and nothing is listed."""

    since = forms.DateField(required=False, label=_("From"))
    until = forms.DateField(required=False, label=_("To"))
    person = forms.CharField(required=False, max_length=200, label=_("Person"))
    patient = forms.CharField(required=False, max_length=256, label=_("Patient"))
    action = forms.ChoiceField(required=False, choices=[("", ""), *Action.choices], label=_("Action"))
    institution = forms.CharField(required=False, max_length=200, label=_("Institution"))
    rule = forms.CharField(required=False, max_length=64, label=_("Rule"))
    study_instance_uid = forms.CharField(required=False, max_length=64, label=_("Study"))
    denied = forms.BooleanField(required=False, label=_("Denied only"))

    def clean_study_instance_uid(self) -> str:
        """The UID of the study, if one is given."""
        text: str = self.cleaned_data["study_instance_uid"]
        try:
            return parse_uid(text) if text else ""
        except InvalidUid as error:
            raise forms.ValidationError(_("This is not the UID of a study.")) from error

    @property
    def filters(self) -> AuditFilters:
        """The filters; only of a valid form."""
        return AuditFilters(**self.cleaned_data)

"""The filters of the list, one set for the page and for programs, each served by an index."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import django_filters as filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_filters.fields import IsoDateTimeField

from portal.accounts.national_ids import compact
from portal.servers.models import DicomServer
from portal.studies.folding import words
from portal.studies.models import PatientIdentifier, Study
from portal.studies.search import matching

MODALITIES: Final = ("CT", "MR", "US", "CR", "DX", "MG", "XA", "RF", "PT", "NM", "OT")
"""Those offered in the menu; any other can be asked for."""
STATES: Final = (("complete", _("Complete")), ("arriving", _("Arriving")))
ARRIVED: Final = (
    ("24h", _("last 24 h")),
    ("3d", _("last 3 days")),
    ("7d", _("last 7 days")),
    ("30d", _("last 30 days")),
)
_AGES: Final = {
    "24h": timedelta(hours=24),
    "3d": timedelta(days=3),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
_MAX_TEXT: Final = 200
OF_PATIENTS: Final = frozenset({"search", "patient_name", "patient_id", "accession_number"})
"""Filters whose text may say who a patient is."""


class WordsInFilter(filters.BaseInFilter, filters.CharFilter):  # type: ignore[misc]
    """Any of several words parted by commas."""


class MomentField(IsoDateTimeField):  # type: ignore[misc]
    """A moment in UTC: PostgreSQL does not take every displacement that ISO 8601 does."""

    def to_python(self, value: Any) -> datetime | None:
        """Return the moment. Raises ValidationError for none, and for one before the first year or after the last."""
        moment: datetime | None = super().to_python(value)
        try:
            return moment.astimezone(UTC) if moment else None
        except OverflowError as error:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from error


class MomentFilter(filters.IsoDateTimeFilter):  # type: ignore[misc]
    """Compares with a moment."""

    field_class = MomentField


class StudyFilterSet(filters.FilterSet):  # type: ignore[misc]
    """Narrows studies that a person may see; never widens them."""

    search = filters.CharFilter(
        method="by_search",
        label=_("Name, ID, accession, description"),
        max_length=_MAX_TEXT,
        help_text="Words that begin a name, an ID, an accession number or a word of the description, in any script.",
    )
    patient_name = filters.CharFilter(
        method="by_patient_name", label=_("Patient"), max_length=_MAX_TEXT, help_text="Words that begin a name."
    )
    patient_id = filters.CharFilter(
        method="by_patient_id",
        label=_("Patient ID"),
        max_length=_MAX_TEXT,
        help_text="A whole identifier of the patient, of any issuer, with or without spaces.",
    )
    accession_number = filters.CharFilter(field_name="accession_number", label=_("Accession"), max_length=_MAX_TEXT)
    study_instance_uid = filters.CharFilter(field_name="study_instance_uid", max_length=64)
    modality = WordsInFilter(
        method="by_modality", label=_("Modality"), help_text="One or several, parted by commas: CT,MR."
    )
    study_date = filters.DateFilter(field_name="study_date", label=_("Study date"))
    study_date_after = filters.DateFilter(
        field_name="study_date", lookup_expr="gte", label=_("From"), help_text="This day or later."
    )
    study_date_before = filters.DateFilter(
        field_name="study_date", lookup_expr="lte", label=_("To"), help_text="This day or earlier."
    )
    arrived = filters.ChoiceFilter(method="by_arrival", choices=ARRIVED, label=_("Arrived"))
    received_after = MomentFilter(field_name="first_received_at", lookup_expr="gte")
    received_before = MomentFilter(field_name="first_received_at", lookup_expr="lt")
    institution = WordsInFilter(
        method="by_institution", label=_("Institution"), help_text="Codes of institutions, parted by commas."
    )
    server = filters.UUIDFilter(field_name="server_id", label=_("DICOM Server"), help_text="ID of one DICOM Server.")
    state = filters.ChoiceFilter(method="by_state", choices=STATES, label=_("State"))

    class Meta:
        """Every filter is written above; none comes from the model."""

        model = Study
        fields: tuple[str, ...] = ()

    @property
    def values(self) -> dict[str, Any]:
        """The filters that narrow, by name; what cannot be read is not among them."""
        form: forms.Form = self.form
        form.is_valid()
        return {name: value for name, value in form.cleaned_data.items() if value not in (None, "", [])}

    def by_search(self, studies: QuerySet[Study], name: str, value: str) -> QuerySet[Study]:  # noqa: ARG002
        """Each word begins some word of the study."""
        return studies.filter(_found_by(value))

    def by_patient_name(self, studies: QuerySet[Study], name: str, value: str) -> QuerySet[Study]:  # noqa: ARG002
        """Each word begins a word of the patient's name; the index of the search finds them first."""
        found = studies.filter(_found_by(value))
        for word in words(value):
            # A folded word holds letters and digits only, nothing that a regular expression would read.
            found = found.filter(patient__name_key__regex=rf"(^| ){word}")
        return found

    def by_patient_id(self, studies: QuerySet[Study], name: str, value: str) -> QuerySet[Study]:  # noqa: ARG002
        """The patient has this very identifier; the index of the search finds the candidates first."""
        spellings = {value.strip(), compact(value)}
        same = PatientIdentifier.objects.filter(patient=OuterRef("patient_id"), identifier__in=spellings)
        return studies.filter(_found_by(value), Exists(same))

    def by_modality(self, studies: QuerySet[Study], name: str, value: list[str]) -> QuerySet[Study]:  # noqa: ARG002
        """The study has a series of one of these."""
        return studies.filter(modalities_in_study__overlap=[one.strip().upper() for one in value if one.strip()])

    def by_arrival(self, studies: QuerySet[Study], name: str, value: str) -> QuerySet[Study]:  # noqa: ARG002
        """First seen within this time."""
        return studies.filter(first_received_at__gte=timezone.now() - _AGES[value])

    def by_institution(self, studies: QuerySet[Study], name: str, value: list[str]) -> QuerySet[Study]:  # noqa: ARG002
        """Held by a server of one of these."""
        codes = [code.strip() for code in value]
        servers = DicomServer.objects.filter(institution__code__in=codes).order_by().values_list("pk", flat=True)
        return studies.filter(server_id__in=list(servers))

    def by_state(self, studies: QuerySet[Study], name: str, value: str) -> QuerySet[Study]:  # noqa: ARG002
        """Complete, or still arriving."""
        return studies.filter(is_complete=value == "complete")


def _found_by(text: str) -> Q:
    """The condition of the search; a text without any word, such as "%", finds nothing."""
    return matching(text) if words(text) else Q(pk__in=[])

"""Studies as programs read them: DICOM keywords in snake_case."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from portal.grants.decisions import Rule
from portal.grants.models import Permission
from portal.institutions.serializers import NamedInstitutionSerializer
from portal.servers.models import DicomServer
from portal.studies.models import IdentifierKind, PatientIdentifier, Series, Study


class ServerSerializer(serializers.ModelSerializer[DicomServer]):
    """The DICOM Server that holds a study."""

    class Meta:
        """What is told of it."""

        model = DicomServer
        fields = ("id", "name", "ae_title")
        read_only_fields = fields


class PatientIdentifierSerializer(serializers.ModelSerializer[PatientIdentifier]):
    """An identifier of the patient under its issuer."""

    kind = serializers.ChoiceField(choices=IdentifierKind.choices, read_only=True)

    class Meta:
        """What is told of it."""

        model = PatientIdentifier
        fields = ("identifier", "issuer", "kind")
        read_only_fields = fields


class SeriesSerializer(serializers.ModelSerializer[Series]):
    """A series of a study."""

    class Meta:
        """What is told of it."""

        model = Series
        fields = (
            "series_instance_uid",
            "modality",
            "series_number",
            "series_description",
            "body_part_examined",
            "protocol_name",
            "station_name",
            "number_of_series_related_instances",
        )
        read_only_fields = fields


class StudySerializer(serializers.ModelSerializer[Study]):
    """A holding: one study as one DICOM Server holds it."""

    study_time = serializers.CharField(source="study_time_text", read_only=True, help_text="As sent (TM).")
    patient_name = serializers.CharField(source="patient.patient_name", read_only=True, help_text="As sent (PN).")
    patient_id = serializers.CharField(source="patient.patient_id", read_only=True)
    issuer_of_patient_id = serializers.CharField(source="patient.issuer_of_patient_id", read_only=True)
    patient_birth_date = serializers.DateField(source="patient.patient_birth_date", read_only=True, allow_null=True)
    patient_sex = serializers.CharField(source="patient.patient_sex", read_only=True)
    patient_identifiers = PatientIdentifierSerializer(source="patient.identifiers", many=True, read_only=True)
    modalities_in_study = serializers.ListField(child=serializers.CharField(), read_only=True)
    body_parts_examined = serializers.ListField(child=serializers.CharField(), read_only=True)
    institution = NamedInstitutionSerializer(source="server.institution", read_only=True)
    server = ServerSerializer(read_only=True)

    class Meta:
        """What is told of it."""

        model = Study
        fields: tuple[str, ...] = (
            "study_instance_uid",
            "study_date",
            "study_time",
            "accession_number",
            "study_id",
            "study_description",
            "referring_physician_name",
            "modalities_in_study",
            "body_parts_examined",
            "patient_name",
            "patient_id",
            "issuer_of_patient_id",
            "patient_birth_date",
            "patient_sex",
            "patient_identifiers",
            "number_of_study_related_series",
            "number_of_study_related_instances",
            "is_complete",
            "first_received_at",
            "last_received_at",
            "institution",
            "server",
        )
        read_only_fields = fields


class DecisionSerializer(serializers.Serializer[Any]):
    """Why the caller may see the study."""

    rule = serializers.ChoiceField(choices=[rule.value for rule in Rule if rule != Rule.NONE], read_only=True)
    rule_words = serializers.CharField(read_only=True)
    role = serializers.CharField(read_only=True, help_text="Code of the role in which it is true; may be empty.")
    given_by = serializers.CharField(read_only=True)
    until = serializers.DateTimeField(read_only=True, allow_null=True)
    permissions = serializers.ListField(child=serializers.ChoiceField(choices=Permission.choices), read_only=True)


class StudyDetailSerializer(StudySerializer):
    """A holding with its series and the decision that shows it."""

    series = serializers.SerializerMethodField()
    access = serializers.SerializerMethodField(help_text="Why the caller may see it.")

    class Meta(StudySerializer.Meta):
        """The list's fields, and what only one study shows."""

        fields = (*StudySerializer.Meta.fields, "series", "access")
        read_only_fields = fields

    @extend_schema_field(SeriesSerializer(many=True))
    def get_series(self, study: Study) -> Any:  # noqa: ARG002
        """The series in their order."""
        return SeriesSerializer(self.context["page"].series, many=True).data

    @extend_schema_field(DecisionSerializer)
    def get_access(self, study: Study) -> Any:  # noqa: ARG002
        """The decision."""
        return DecisionSerializer(self.context["page"].decision).data

"""Exceptional access as programs read and ask for it."""

from typing import Any

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from portal.access.models import AccessRequest, RequestState
from portal.accounts.serializers import NamedPersonSerializer
from portal.grants.decisions import ALL_RULES
from portal.grants.models import Permission
from portal.grants.serializers import StudyUidField

REQUESTABLE = [choice for choice in Permission.choices if choice[0] != Permission.SHARE]


class ReasonSerializer(serializers.Serializer[Any]):
    """One rule that opens a study."""

    rule = serializers.ChoiceField(choices=ALL_RULES, read_only=True)
    rule_words = serializers.CharField(source="words", read_only=True)
    role = serializers.CharField(read_only=True)
    institution = serializers.CharField(read_only=True)
    given_by = serializers.CharField(read_only=True)
    since = serializers.DateTimeField(read_only=True, allow_null=True)
    until = serializers.DateTimeField(read_only=True, allow_null=True)


class CheckedRuleSerializer(serializers.Serializer[Any]):
    """One rule of the policy, whether it holds, and what says so."""

    rule = serializers.ChoiceField(choices=ALL_RULES, read_only=True)
    rule_words = serializers.CharField(source="name", read_only=True)
    holds = serializers.BooleanField(read_only=True)
    details = serializers.ListField(child=serializers.CharField(), read_only=True)


class AccessSerializer(serializers.Serializer[Any]):
    """Why a person may or may not see a study."""

    study_instance_uid = serializers.CharField(source="study.study_instance_uid", read_only=True)
    server = serializers.UUIDField(source="study.server_id", read_only=True)
    person = NamedPersonSerializer(read_only=True)
    allowed = serializers.BooleanField(source="decision.allowed", read_only=True)
    rule = serializers.ChoiceField(
        source="decision.rule", choices=ALL_RULES, read_only=True, help_text="`none` where denied."
    )
    rule_words = serializers.CharField(source="decision.rule_words", read_only=True)
    role = serializers.CharField(source="decision.role", read_only=True)
    institution = serializers.CharField(source="decision.institution", read_only=True)
    given_by = serializers.CharField(source="decision.given_by", read_only=True)
    since = serializers.DateTimeField(source="decision.since", read_only=True, allow_null=True)
    until = serializers.SerializerMethodField(help_text="None where there is no fixed end.")
    permissions = serializers.ListField(
        source="decision.permissions", child=serializers.ChoiceField(choices=Permission.choices), read_only=True
    )
    also_true = ReasonSerializer(source="decision.also_true", many=True, read_only=True)
    checked = CheckedRuleSerializer(many=True, read_only=True, help_text="For administrators of the owner alone.")

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_until(self, explained: Any) -> Any:
        """The last moment of the access."""
        until = explained.decision.until
        return serializers.DateTimeField().to_representation(until) if until else None


class BreakGlassSerializer(serializers.Serializer[Any]):
    """What a doctor opens without permission, and why."""

    study_instance_uid = StudyUidField(max_length=64)
    server = serializers.UUIDField(required=False, help_text="Where several servers hold the study.")
    reason = serializers.CharField(max_length=1000, help_text="At least 15 characters.")


class OpenedSerializer(serializers.Serializer[Any]):
    """What was opened, and until when."""

    id = serializers.UUIDField(read_only=True, help_text="Delete /api/v1/grants/<id>/ to close it before its end.")
    study_instance_uid = serializers.CharField(source="study.study_instance_uid", read_only=True)
    server = serializers.UUIDField(source="study.server_id", read_only=True)
    permissions = serializers.ListField(child=serializers.CharField(), read_only=True)
    valid_until = serializers.DateTimeField(read_only=True)


class AccessRequestSerializer(serializers.ModelSerializer[AccessRequest]):
    """A request for access, to who made it and who decides it."""

    requester = NamedPersonSerializer(read_only=True)
    study_instance_uid = serializers.CharField(source="study.study_instance_uid", read_only=True)
    server = serializers.UUIDField(source="study.server_id", read_only=True)
    permissions = serializers.ListField(child=serializers.ChoiceField(choices=Permission.choices), read_only=True)
    state = serializers.ChoiceField(choices=RequestState.choices, read_only=True)
    decided_by = NamedPersonSerializer(read_only=True, allow_null=True)
    grant = serializers.UUIDField(source="grant_id", read_only=True, allow_null=True)

    class Meta:
        """What is told of it."""

        model = AccessRequest
        fields = (
            "id",
            "requester",
            "study_instance_uid",
            "server",
            "permissions",
            "wanted_until",
            "reason",
            "requested_at",
            "state",
            "decided_by",
            "decided_at",
            "decision_reason",
            "grant",
        )
        read_only_fields = fields


@extend_schema_serializer(component_name="AskForAccess")
class RequestAccessSerializer(serializers.Serializer[Any]):
    """What is asked for, and why."""

    study_instance_uid = StudyUidField(max_length=64)
    server = serializers.UUIDField(required=False, help_text="Where several servers hold the study.")
    permissions = serializers.ListField(
        child=serializers.ChoiceField(choices=REQUESTABLE), default=lambda: [Permission.VIEW], max_length=3
    )
    valid_until = serializers.DateTimeField()
    reason = serializers.CharField(max_length=1000, help_text="At least 15 characters.")


class ApproveSerializer(serializers.Serializer[Any]):
    """What is given of that; all of it where nothing is said."""

    permissions = serializers.ListField(
        child=serializers.ChoiceField(choices=REQUESTABLE), required=False, max_length=3
    )
    valid_until = serializers.DateTimeField(required=False)


class DeclineSerializer(serializers.Serializer[Any]):
    """Why not."""

    reason = serializers.CharField(max_length=1000)


class RulingSerializer(serializers.Serializer[Any]):
    """Whether a description is of the bearer of the national ID, and how one knows."""

    is_the_bearer = serializers.BooleanField()
    reason = serializers.CharField(max_length=1000)


class StandingRulingSerializer(serializers.Serializer[Any]):
    """The word that stands on a description."""

    is_the_bearer = serializers.BooleanField(read_only=True)
    reason = serializers.CharField(required=False, help_text="Left out where it is another institution's.")
    ruled_by = NamedPersonSerializer(required=False, help_text="Left out where they are another institution's.")
    ruled_at = serializers.DateTimeField(required=False, help_text="Left out where it is another institution's.")


class DescriptionSerializer(serializers.Serializer[Any]):
    """One description under a national ID; of other institutions no more than what is needed to compare."""

    id = serializers.IntegerField(source="patient.pk", read_only=True)
    institution = serializers.CharField(read_only=True)
    patient_name = serializers.SerializerMethodField(help_text="None where it is another institution's.")
    has_same_name = serializers.BooleanField(read_only=True, allow_null=True)
    patient_birth_date = serializers.DateField(source="birth_date", read_only=True, allow_null=True)
    patient_sex = serializers.CharField(source="sex", read_only=True)
    number_of_studies = serializers.IntegerField(source="studies", read_only=True)
    first_received_at = serializers.DateTimeField(source="since", read_only=True, allow_null=True)
    senders = serializers.ListField(child=serializers.CharField(), read_only=True)
    may_rule = serializers.BooleanField(read_only=True)
    ruling = serializers.SerializerMethodField()

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_patient_name(self, described: Any) -> Any:
        """The name as sent (PN)."""
        return described.patient.patient_name if described.may_rule else None

    @extend_schema_field(StandingRulingSerializer(allow_null=True))
    def get_ruling(self, described: Any) -> Any:
        """The word that stands; of another institution's no more than what it says."""
        if described.ruling is None:
            return None
        told = StandingRulingSerializer(described.ruling).data
        return told if described.may_rule else {"is_the_bearer": told["is_the_bearer"]}


class ConflictLineSerializer(serializers.Serializer[Any]):
    """A national ID in question."""

    id = serializers.IntegerField(source="identity.pk", read_only=True)
    issuer = serializers.CharField(source="identity.issuer", read_only=True)
    national_id = serializers.CharField(source="identity.national_id", read_only=True)
    is_open = serializers.BooleanField(read_only=True, help_text="True while its bearer sees nothing.")


class ConflictListSerializer(ConflictLineSerializer):
    """A national ID in the list."""

    number_of_descriptions = serializers.IntegerField(source="descriptions", read_only=True)


class ConflictPageSerializer(serializers.Serializer[Any]):
    """One page of national IDs in question, newest first."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = ConflictListSerializer(many=True)


class ConflictSerializer(ConflictLineSerializer):
    """A national ID with every description under it."""

    descriptions = DescriptionSerializer(many=True, read_only=True)

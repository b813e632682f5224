"""Grants as programs give and read them."""

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from portal.accounts.models import User
from portal.grants.models import Grant, Permission
from portal.grants.services import GrantTerms
from wire.uids import InvalidUid, parse_uid


class PersonSerializer(serializers.ModelSerializer[User]):
    """A person by the name that others see."""

    id = serializers.UUIDField(source="subject", read_only=True)
    name = serializers.CharField(source="full_name", read_only=True)

    class Meta:
        """What is told of them."""

        model = User
        fields = ("id", "name")
        read_only_fields = fields


class GrantSerializer(serializers.ModelSerializer[Grant]):
    """Access that was given, to a study or to a patient's history at one institution."""

    grantee = PersonSerializer(source="user", read_only=True)
    granted_by = PersonSerializer(read_only=True)
    revoked_by = PersonSerializer(read_only=True, allow_null=True)
    study_instance_uid = serializers.CharField(source="study.study_instance_uid", read_only=True, default=None)
    server = serializers.UUIDField(source="study.server_id", read_only=True, default=None)
    whole_patient = serializers.SerializerMethodField()
    permissions = serializers.ListField(child=serializers.ChoiceField(choices=Permission.choices), read_only=True)
    is_running = serializers.SerializerMethodField()

    class Meta:
        """What is told of it."""

        model = Grant
        fields = (
            "id",
            "grantee",
            "study_instance_uid",
            "server",
            "whole_patient",
            "permissions",
            "valid_from",
            "valid_until",
            "reason",
            "granted_by",
            "granted_at",
            "revoked_at",
            "revoked_by",
            "is_running",
        )
        read_only_fields = fields

    def get_whole_patient(self, grant: Grant) -> bool:
        """True where it reaches every study of the patient at the institution."""
        return grant.patient_id is not None

    def get_is_running(self, grant: Grant) -> bool:
        """True where it opens something now."""
        return grant.revoked_at is None and grant.valid_from <= timezone.now() < grant.valid_until


class StudyUidField(serializers.CharField):
    """A UID of PS3.5 9.1."""

    def to_internal_value(self, data: Any) -> str:
        """Return the UID."""
        try:
            return parse_uid(data)
        except InvalidUid as error:
            raise serializers.ValidationError(str(error)) from error


class GiveGrantSerializer(serializers.Serializer[Any]):
    """What is to be given, to whom, until when."""

    grantee = serializers.CharField(max_length=254, help_text="User name or e-mail address.")
    study_instance_uid = StudyUidField(max_length=64)
    server = serializers.UUIDField(required=False, help_text="Where several servers hold the study.")
    whole_patient = serializers.BooleanField(
        default=False, help_text="All studies of the patient at the institution that owns this one."
    )
    permissions = serializers.ListField(
        child=serializers.ChoiceField(choices=Permission.choices), default=lambda: [Permission.VIEW], max_length=4
    )
    valid_from = serializers.DateTimeField(required=False, help_text="From now on where it is not given.")
    valid_until = serializers.DateTimeField()
    reason = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")

    @property
    def terms(self) -> GrantTerms:
        """What is asked for."""
        given = self.validated_data
        return GrantTerms(
            permissions=tuple(given["permissions"]),
            valid_until=given["valid_until"],
            valid_from=given.get("valid_from"),
            whole_patient=given["whole_patient"],
            reason=given["reason"],
        )

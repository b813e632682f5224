"""Grants as programs give and read them."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from portal.accounts.serializers import NamedPersonSerializer
from portal.grants.lines import ShownRecipient, recipient_of
from portal.grants.models import Grant, Permission
from portal.grants.recipients import READING_ROLES, Recipient, RoleAt, recipient_called
from portal.grants.services import GrantTerms
from portal.institutions.models import Institution, Role
from portal.institutions.serializers import NamedInstitutionSerializer
from wire.uids import InvalidUid, parse_uid


@extend_schema_serializer(component_name="GrantRecipient")
class RecipientSerializer(serializers.Serializer[ShownRecipient]):
    """For whom a grant is: a person, all who hold a role in an institution, or whoever proves an address."""

    kind = serializers.ChoiceField(choices=("person", "role", "email"), read_only=True)
    name = serializers.CharField(read_only=True, help_text="In words, as pages show it.")
    person = NamedPersonSerializer(read_only=True, allow_null=True)
    role = serializers.ChoiceField(choices=Role.choices, read_only=True, allow_null=True)
    institution = NamedInstitutionSerializer(read_only=True, allow_null=True)
    email = serializers.EmailField(read_only=True, allow_null=True)


class GrantSerializer(serializers.ModelSerializer[Grant]):
    """Access that was given, to a study or to a patient's history at one institution."""

    recipient = serializers.SerializerMethodField()
    grantee = serializers.SerializerMethodField()
    granted_by = NamedPersonSerializer(read_only=True)
    revoked_by = NamedPersonSerializer(read_only=True, allow_null=True)
    study_instance_uid = serializers.CharField(
        source="study.study_instance_uid", read_only=True, default=None, allow_null=True
    )
    server = serializers.UUIDField(source="study.server_id", read_only=True, default=None, allow_null=True)
    whole_patient = serializers.SerializerMethodField()
    permissions = serializers.ListField(child=serializers.ChoiceField(choices=Permission.choices), read_only=True)
    is_running = serializers.SerializerMethodField()

    class Meta:
        """What is told of it."""

        model = Grant
        fields = (
            "id",
            "kind",
            "recipient",
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
            "last_used_at",
            "is_running",
        )
        read_only_fields = fields

    @extend_schema_field(RecipientSerializer)
    def get_recipient(self, grant: Grant) -> dict[str, Any]:
        """For whom it is, as the reader may know it."""
        reader: Any = self.context["reader"]
        return dict(RecipientSerializer(recipient_of(reader, grant)).data)

    @extend_schema_field(NamedPersonSerializer(allow_null=True))
    def get_grantee(self, grant: Grant) -> dict[str, Any] | None:
        """The person, where it was given to one by name."""
        person: dict[str, Any] | None = self.get_recipient(grant)["person"]
        return person

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
    """What is to be given, to whom, until when. To whom: `grantee`, or `role` and `institution`."""

    grantee = serializers.CharField(
        max_length=254, required=False, help_text="User name, or e-mail address, of somebody known here or not."
    )
    role = serializers.ChoiceField(choices=[(role.value, role.label) for role in READING_ROLES], required=False)
    institution = serializers.SlugRelatedField(
        slug_field="code", queryset=Institution.objects.all(), required=False, help_text="Code of an institution."
    )
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

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Name one receiver, and only one."""
        by_role = [name for name in ("role", "institution") if name in attrs]
        if ("grantee" in attrs) == bool(by_role) or len(by_role) == 1:
            raise serializers.ValidationError("Name a grantee, or a role and an institution.")
        return attrs

    @property
    def recipient(self) -> Recipient | None:
        """For whom it is asked; None where nobody goes by the name."""
        given = self.validated_data
        if "role" in given:
            return RoleAt(Role(given["role"]), given["institution"])
        return recipient_called(given["grantee"])

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

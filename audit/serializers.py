"""An event as programs read it."""

from rest_framework import serializers

from audit.models import AuditEvent


class AuditEventSerializer(serializers.ModelSerializer[AuditEvent]):
    """All columns of an event."""

    class Meta:
        model = AuditEvent
        fields = [
            "id",
            "occurred_at",
            "recorded_at",
            "action",
            "outcome",
            "actor_id",
            "actor_name",
            "actor_role",
            "actor_institution",
            "study_instance_uid",
            "server_id",
            "institution",
            "patient_identifiers",
            "study_summary",
            "rule",
            "details",
            "remote_address",
            "request_id",
        ]
        read_only_fields = fields


class AuditEventListSerializer(serializers.Serializer[dict[str, object]]):
    """One page of events, newest first."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = AuditEventSerializer(many=True)

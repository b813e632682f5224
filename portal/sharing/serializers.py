"""Share links as programs make and read them."""

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from portal.accounts.serializers import NamedPersonSerializer
from portal.grants.models import Permission
from portal.grants.serializers import StudyUidField
from portal.sharing.models import Closing, ShareLink, State
from portal.sharing.services import MOST_USES, LinkTerms


class ShareLinkSerializer(serializers.ModelSerializer[ShareLink]):
    """A link as its maker sees it: neither address nor PIN, which nobody knows any more."""

    study_instance_uid = serializers.CharField(source="grant.study.study_instance_uid", read_only=True)
    server = serializers.UUIDField(source="grant.study.server_id", read_only=True)
    permissions = serializers.ListField(child=serializers.ChoiceField(choices=Permission.choices), read_only=True)
    valid_until = serializers.DateTimeField(read_only=True)
    state = serializers.SerializerMethodField()
    closed_reason = serializers.ChoiceField(
        source="why_ended", choices=Closing.choices, read_only=True, allow_null=True
    )
    created_by = NamedPersonSerializer(read_only=True)
    grant = serializers.UUIDField(source="grant_id", read_only=True)

    class Meta:
        """What is told of it."""

        model = ShareLink
        fields: tuple[str, ...] = (
            "id",
            "code",
            "label",
            "study_instance_uid",
            "server",
            "permissions",
            "valid_until",
            "max_uses",
            "uses",
            "failed",
            "state",
            "closed_at",
            "closed_reason",
            "created_by",
            "created_at",
            "last_used_at",
            "grant",
        )
        read_only_fields: tuple[str, ...] = fields

    def get_state(self, link: ShareLink) -> State:
        """What it is now."""
        return link.state_at(timezone.now())


class MadeShareLinkSerializer(ShareLinkSerializer):
    """A link that was just made, with its secrets: they are told once."""

    url = serializers.SerializerMethodField()
    pin = serializers.SerializerMethodField()

    class Meta(ShareLinkSerializer.Meta):
        """What is told of it."""

        fields = (*ShareLinkSerializer.Meta.fields, "url", "pin")
        read_only_fields = fields

    def get_url(self, link: ShareLink) -> str:  # noqa: ARG002
        """The address to send."""
        return str(self.context["url"])

    def get_pin(self, link: ShareLink) -> str:  # noqa: ARG002
        """The digits to tell by phone."""
        return str(self.context["pin"])


class MakeShareLinkSerializer(serializers.Serializer[Any]):
    """What a link is to open, until when and how often."""

    study_instance_uid = StudyUidField(max_length=64)
    server = serializers.UUIDField(required=False, help_text="Where several servers hold the study.")
    label = serializers.CharField(max_length=80, help_text="What you call it. No names of patients.")  # type: ignore[assignment]
    valid_until = serializers.DateTimeField(help_text="At most 90 days away.")
    max_uses = serializers.IntegerField(min_value=1, max_value=MOST_USES, default=5)
    may_download = serializers.BooleanField(default=False)

    @property
    def terms(self) -> LinkTerms:
        """What is asked for."""
        given = self.validated_data
        return LinkTerms(
            label=given["label"],
            valid_until=given["valid_until"],
            max_uses=given["max_uses"],
            may_download=given["may_download"],
        )

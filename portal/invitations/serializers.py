"""Invitations as programs send and read them; the secret of a link is never told."""

from typing import Any

from rest_framework import serializers

from portal.institutions.models import Institution, Role
from portal.invitations.models import Invitation, State


class InvitationSerializer(serializers.ModelSerializer[Invitation]):
    """An invitation that the caller sent, or that was sent in the name of their institution."""

    institution = serializers.SlugRelatedField[Institution](slug_field="code", read_only=True)
    invited_by = serializers.CharField(source="invited_by.full_name", read_only=True)
    state = serializers.ChoiceField(choices=State.choices, read_only=True)

    class Meta:
        """What is told of it."""

        model = Invitation
        fields = (
            "id",
            "email",
            "institution",
            "role",
            "purpose",
            "state",
            "invited_by",
            "created_at",
            "sent_at",
            "expires_at",
            "accepted_at",
            "withdrawn_at",
        )
        read_only_fields = fields


class InviteSerializer(serializers.Serializer[Any]):
    """Whom to invite, to which role of which institution."""

    email = serializers.EmailField(max_length=254)
    role = serializers.ChoiceField(choices=Role.choices)
    institution = serializers.SlugField(max_length=40, help_text="Code of the institution.")

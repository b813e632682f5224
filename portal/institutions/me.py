"""`/api/v1/me/`: who the caller is, and with which roles."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.api import OwnGuard
from portal.accounts.selectors import has_second_factor
from portal.institutions.selectors import running_memberships


class HeldRoleSerializer(serializers.Serializer[Any]):
    """A role that runs now."""

    role = serializers.CharField()
    institution = serializers.CharField(source="institution.code")
    institution_name = serializers.CharField(source="institution.short_name")


class MeSerializer(serializers.Serializer[Any]):
    """The person of the session or the token."""

    subject = serializers.UUIDField()
    username = serializers.CharField()
    full_name = serializers.CharField()
    email = serializers.CharField()
    has_second_factor = serializers.BooleanField()
    roles = HeldRoleSerializer(many=True)


class MeView(OwnGuard):
    """The caller."""

    @extend_schema(operation_id="me_retrieve", tags=["me"], responses=MeSerializer)
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """Who the caller is."""
        person = self.person
        document = {
            "subject": person.subject,
            "username": person.username,
            "full_name": person.full_name,
            "email": person.email,
            "has_second_factor": has_second_factor(person),
            "roles": list(running_memberships(person)),
        }
        return Response(MeSerializer(document).data)

"""People, their roles and their institutions as programs read and change them."""

from typing import Any

from rest_framework import serializers

from portal.accounts.models import User
from portal.institutions.models import Institution, Membership, Role


class MembershipSerializer(serializers.ModelSerializer[Membership]):
    """A role of a person in an institution."""

    institution = serializers.SlugRelatedField[Institution](slug_field="code", read_only=True)

    class Meta:
        """What is told of it."""

        model = Membership
        fields = ("id", "role", "institution", "since", "ended_at", "suspended_at", "given_by_name")
        read_only_fields = fields


class PersonSerializer(serializers.ModelSerializer[User]):
    """One of the people whom the caller manages, with the roles that the caller may know of."""

    id = serializers.UUIDField(source="subject", read_only=True)
    name = serializers.CharField(source="full_name", read_only=True)
    has_national_id = serializers.SerializerMethodField()
    memberships = MembershipSerializer(source="held", many=True, read_only=True)

    class Meta:
        """What is told of them."""

        model = User
        fields = (
            "id",
            "name",
            "academic_title",
            "first_name",
            "last_name",
            "username",
            "email",
            "is_active",
            "suspended_at",
            "has_national_id",
            "memberships",
        )
        read_only_fields = fields

    def get_has_national_id(self, person: User) -> bool:
        """True where somebody vouched for one; the number itself is not told."""
        return getattr(person, "national_identity", None) is not None


class GiveRoleSerializer(serializers.Serializer[Any]):
    """A role to give."""

    role = serializers.ChoiceField(choices=Role.choices)
    institution = serializers.SlugField(max_length=40, help_text="Code of the institution.")


class NamedInstitutionSerializer(serializers.ModelSerializer[Institution]):
    """An institution by its code and its names."""

    class Meta:
        """What is told of it."""

        model = Institution
        fields = ("code", "name", "short_name")
        read_only_fields = fields


class InstitutionSerializer(serializers.ModelSerializer[Institution]):
    """An institution whose people the caller manages."""

    class Meta:
        """What is told of it."""

        model = Institution
        fields = ("code", "name", "short_name", "time_zone", "allows_code_by_email", "shows_staff_names")
        read_only_fields = fields


class ChangeInstitutionSerializer(serializers.Serializer[Any]):
    """What its administrators choose; all of it may be left out."""

    time_zone = serializers.CharField(max_length=64, required=False)
    allows_code_by_email = serializers.BooleanField(required=False)
    shows_staff_names = serializers.BooleanField(required=False)

"""Identity providers as programs read and set them; a secret goes in and never comes out."""

from typing import Any

from rest_framework import serializers

from portal.institutions.models import Institution, Role
from portal.single_sign_on.forms import MAPPABLE
from portal.single_sign_on.models import IdentityProvider


class IdentityProviderSerializer(serializers.ModelSerializer[IdentityProvider]):
    """A provider of an institution."""

    institution = serializers.SlugRelatedField[Institution](slug_field="code", read_only=True)
    name = serializers.CharField(source="app.name", read_only=True)
    issuer = serializers.CharField(read_only=True)
    client_id = serializers.CharField(source="app.client_id", read_only=True)
    provider_id = serializers.CharField(source="app.provider_id", read_only=True, help_text="Its name in addresses.")
    domains = serializers.SerializerMethodField()
    role_mapping = serializers.DictField(child=serializers.ChoiceField(choices=Role.choices), read_only=True)

    class Meta:
        """What is told of it."""

        model = IdentityProvider
        fields = (
            "id",
            "institution",
            "name",
            "issuer",
            "client_id",
            "provider_id",
            "domains",
            "role_claim",
            "role_mapping",
            "is_enabled",
            "created_at",
        )
        read_only_fields = fields

    def get_domains(self, provider: IdentityProvider) -> list[str]:
        """The domains for which it vouches."""
        return [row.domain for row in provider.domains.all()]


class ChangeProviderSerializer(serializers.Serializer[Any]):
    """What may be changed; all of it may be left out."""

    name = serializers.CharField(max_length=40, required=False)
    issuer = serializers.URLField(max_length=200, required=False)
    client_id = serializers.CharField(max_length=191, required=False)
    client_secret = serializers.CharField(max_length=191, required=False, write_only=True)
    domains = serializers.ListField(
        child=serializers.CharField(max_length=253), min_length=1, max_length=50, required=False
    )
    role_claim = serializers.CharField(max_length=100, required=False)
    role_mapping = serializers.DictField(
        child=serializers.ChoiceField(choices=[(role.value, role.label) for role in MAPPABLE]), required=False
    )
    is_enabled = serializers.BooleanField(required=False)

    @property
    def given(self) -> dict[str, Any]:
        """What was given, as `ProviderTerms` takes it."""
        given = dict(self.validated_data)
        if "issuer" in given:
            given["issuer"] = given["issuer"].rstrip("/")
        if "domains" in given:
            given["domains"] = tuple(dict.fromkeys(domain.strip().lower() for domain in given["domains"]))
        return given


class NewProviderSerializer(ChangeProviderSerializer):
    """A provider to be set up."""

    institution = serializers.SlugField(help_text="Code of one of your institutions.")
    name = serializers.CharField(max_length=40)
    issuer = serializers.URLField(max_length=200)
    client_id = serializers.CharField(max_length=191)
    client_secret = serializers.CharField(max_length=191, write_only=True)
    domains = serializers.ListField(child=serializers.CharField(max_length=253), min_length=1, max_length=50)

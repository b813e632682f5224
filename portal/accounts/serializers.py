"""One's own sessions and API tokens as programs read them."""

from allauth.usersessions.models import UserSession
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from portal.accounts.browsers import browser_of
from portal.accounts.models import ApiToken, User
from portal.accounts.services import MAX_TOKEN_DAYS


class NamedPersonSerializer(serializers.ModelSerializer[User]):
    """A person by the name that others see."""

    id = serializers.UUIDField(source="subject", read_only=True)
    name = serializers.CharField(source="full_name", read_only=True)

    class Meta:
        """What is told of them."""

        model = User
        fields = ("id", "name")
        read_only_fields = fields


class SessionSerializer(serializers.ModelSerializer[UserSession]):
    """Where somebody is signed in; `is_current` for the session that asks."""

    remote_address = serializers.CharField(source="ip")
    since = serializers.DateTimeField(source="created_at")
    browser = serializers.SerializerMethodField()
    is_current = serializers.SerializerMethodField()

    class Meta:
        model = UserSession
        fields = ("id", "remote_address", "browser", "since", "last_seen_at", "is_current")

    @extend_schema_field(str)
    def get_browser(self, session: UserSession) -> str:
        """Such as "Chrome, Windows"."""
        return browser_of(session.user_agent)

    @extend_schema_field(bool)
    def get_is_current(self, session: UserSession) -> bool:
        """True for the session that asks."""
        return bool(session.session_key == self.context.get("session_key"))


class ApiTokenSerializer(serializers.ModelSerializer[ApiToken]):
    """An API token without the token."""

    expires_at = serializers.DateTimeField(source="token.expiry", allow_null=True)

    class Meta:
        model = ApiToken
        fields = ("id", "name", "is_read_only", "made_at", "expires_at", "last_used_at")


class NewApiTokenSerializer(ApiTokenSerializer):
    """An API token at the one moment at which it is shown."""

    token = serializers.CharField()

    class Meta(ApiTokenSerializer.Meta):
        fields = (*ApiTokenSerializer.Meta.fields, "token")  # type: ignore[assignment]


class MakeApiTokenSerializer(serializers.Serializer[ApiToken]):
    """What a new API token shall be."""

    name = serializers.CharField(max_length=80)
    days = serializers.IntegerField(min_value=1, max_value=MAX_TOKEN_DAYS, default=90)
    is_read_only = serializers.BooleanField(default=True)

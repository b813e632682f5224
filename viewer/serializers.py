"""A viewer token as programs read it."""

from typing import Any

from rest_framework import serializers


class OwningServerSerializer(serializers.Serializer[Any]):
    """Where the token is to be used."""

    id = serializers.UUIDField(read_only=True)
    dicomweb_url = serializers.URLField(read_only=True)


class ViewerTokenSerializer(serializers.Serializer[Any]):
    """The answer to a request for a viewer token."""

    server = OwningServerSerializer(source="study.server", read_only=True)
    token = serializers.CharField(read_only=True, help_text="To be sent as `Authorization: Bearer`.")
    expires_at = serializers.DateTimeField(read_only=True, help_text="At most five minutes away.")

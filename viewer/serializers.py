"""A viewer token as programs read it, and what they say of images that are taken out."""

from typing import Any

from rest_framework import serializers

from viewer.fields import UidField
from viewer.taken_out import IMAGES_AT_MOST, How


class OwningServerSerializer(serializers.Serializer[Any]):
    """Where the token is to be used."""

    id = serializers.UUIDField(read_only=True)
    dicomweb_url = serializers.URLField(read_only=True)


class ViewerTokenSerializer(serializers.Serializer[Any]):
    """The answer to a request for a viewer token."""

    server = OwningServerSerializer(source="study.server", read_only=True)
    token = serializers.CharField(read_only=True, help_text="To be sent as `Authorization: Bearer`.")
    expires_at = serializers.DateTimeField(read_only=True, help_text="At most five minutes away.")


class TakenOutSerializer(serializers.Serializer[Any]):
    """What leaves the viewer: in which form, how many images, of which series where it is one."""

    how = serializers.ChoiceField(choices=How.choices)
    images = serializers.IntegerField(min_value=0, max_value=IMAGES_AT_MOST, default=0)
    series_instance_uid = UidField(required=False, help_text="Left out where images of several series are taken.")

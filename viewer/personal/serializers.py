"""What a person set for the viewer, as the viewer sends and reads it."""

from typing import Any, Final

from rest_framework import serializers

from viewer.bounded import Bounds
from viewer.fields import PlainTextField, object_field
from viewer.personal.models import Hanging

LayoutField: Final = object_field(Bounds(depth=8, members=100, text=500, bytes=16_000))


class HangingSerializer(serializers.ModelSerializer[Hanging]):
    """The layout of one kind of study; an empty modality or body part stands for any."""

    modality = PlainTextField(max_length=16, required=False, allow_blank=True, default="")
    body_part = PlainTextField(max_length=64, required=False, allow_blank=True, default="")
    layout = LayoutField()

    class Meta:
        """What is kept of it; the row that it takes the place of is the services' matter."""

        model = Hanging
        fields = ("modality", "body_part", "layout")
        validators: tuple[Any, ...] = ()


class HangingKindSerializer(serializers.Serializer[Any]):
    """Which kind of study."""

    modality = PlainTextField(max_length=16, required=False, allow_blank=True, default="")
    body_part = PlainTextField(max_length=64, required=False, allow_blank=True, default="")

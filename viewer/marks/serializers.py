"""Marks as viewers and programs send and read them."""

from typing import Any, Final

from rest_framework import serializers

from viewer.bounded import Bounds
from viewer.fields import PlainTextField, UidField, object_field, points_field
from viewer.marks.kinds import POINTS, POINTS_AT_MOST, Kind
from viewer.marks.models import Mark, MarkVersion
from viewer.marks.services import Content

TEXT_AT_MOST: Final = 500
_VALUE: Final = {"oneOf": [{"type": "number"}, {"type": "string", "maxLength": 100}, {"type": "null"}]}
ValuesField: Final = object_field(Bounds(depth=1, members=40, text=100, bytes=4000), of=_VALUE)
PointsField: Final = points_field(POINTS_AT_MOST)
_LAST_FRAME: Final = 2**31 - 1


class MarkAuthorSerializer(serializers.Serializer[Any]):
    """Who made a mark."""

    name = serializers.CharField(read_only=True)
    is_me = serializers.BooleanField(read_only=True)


class MarkSerializer(serializers.Serializer[Any]):
    """A mark, as it is now or as it was in one version; `points` are [column, row], the first pixel's centre [0, 0]."""

    id = serializers.UUIDField(read_only=True)
    kind = serializers.ChoiceField(choices=Kind.choices, read_only=True)
    series_instance_uid = serializers.CharField(read_only=True)
    sop_instance_uid = serializers.CharField(read_only=True)
    frame_number = serializers.IntegerField(read_only=True)
    points = PointsField(read_only=True)
    text = serializers.CharField(read_only=True)
    values = ValuesField(read_only=True)
    author = MarkAuthorSerializer(read_only=True)
    version = serializers.IntegerField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    changed_at = serializers.DateTimeField(read_only=True)
    is_deleted = serializers.BooleanField(read_only=True, help_text="Taken away by its author; its versions stay.")

    def to_representation(self, instance: Mark | MarkVersion) -> dict[str, Any]:
        """The mark in its newest version, or the version itself, as `context["reader"]` reads it."""
        known: Any = instance
        mark, version = (instance, known.newest[0]) if isinstance(instance, Mark) else (instance.mark, instance)
        shown = {
            "id": mark.mark_id,
            "author": {"name": mark.author.full_name, "is_me": mark.author_id == self.context["reader"].pk},
            "created_at": mark.created_at,
            "changed_at": version.made_at,
            "is_deleted": version.is_deletion,
        }
        said = ("kind", "series_instance_uid", "sop_instance_uid", "frame_number", "points", "text", "values")
        shown |= {name: getattr(version, name) for name in (*said, "version")}
        return dict(super().to_representation(shown))


class MarkInputSerializer(serializers.Serializer[Any]):
    """What a mark is to say, and the version that was changed for it."""

    version = serializers.IntegerField(min_value=0, max_value=_LAST_FRAME, help_text="0 for a new mark.")
    kind = serializers.ChoiceField(choices=Kind.choices)
    series_instance_uid = UidField()
    sop_instance_uid = UidField()
    frame_number = serializers.IntegerField(min_value=1, max_value=_LAST_FRAME, default=1)
    points = PointsField()
    text = PlainTextField(max_length=TEXT_AT_MOST, required=False, allow_blank=True, default="")
    values = ValuesField(required=False, default=dict)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Take as many points as the kind is drawn by."""
        least, most = POINTS[attrs["kind"]]
        if not least <= len(attrs["points"]) <= most:
            raise serializers.ValidationError({"points": [f"A {attrs['kind']} has {least} to {most} points."]})
        if not all(_is_value(value) for value in attrs["values"].values()):
            raise serializers.ValidationError({"values": ["Only numbers and short texts."]})
        return attrs

    @property
    def content(self) -> Content:
        """What it is to say."""
        given = {name: value for name, value in self.validated_data.items() if name != "version"}
        return Content(**{**given, "kind": str(given["kind"])})


def _is_value(value: object) -> bool:
    return value is None or isinstance(value, str | int | float)


class ChangedMeanwhileSerializer(serializers.Serializer[Any]):
    """A problem (RFC 9457) with the mark as it is now."""

    type = serializers.CharField(read_only=True)
    title = serializers.CharField(read_only=True)
    status = serializers.IntegerField(read_only=True)
    detail = serializers.CharField(read_only=True, allow_blank=True)
    code = serializers.CharField(read_only=True, help_text="`changed_meanwhile`")
    current = MarkSerializer(read_only=True)

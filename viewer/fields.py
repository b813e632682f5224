"""Fields of the viewer's interface that hold JSON: geometry, values and settings, each within its bounds."""

from typing import Any, Final

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from portal.grants.serializers import StudyUidField
from viewer.bounded import Bounds, OutOfBounds, bounded_object, is_finite, is_plain_text

FURTHEST: Final = 1_000_000
"""Pixels from the first one; nothing that is drawn lies further out."""
_COORDINATE: Final = {"type": "number", "minimum": -FURTHEST, "maximum": FURTHEST}
_DECIMALS: Final = 6


class UidField(StudyUidField):
    """A UID of PS3.5 9.1."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=64, **options)


def points_field(at_most: int) -> type[serializers.Field[Any, Any, Any, Any]]:
    """A field of at most so many [column, row]."""
    point = {"type": "array", "items": _COORDINATE, "minItems": 2, "maxItems": 2}

    @extend_schema_field({"type": "array", "items": point, "maxItems": at_most})
    class PointsField(serializers.Field[Any, Any, Any, Any]):
        """Points of an image, [column, row] in pixels."""

        def to_internal_value(self, data: Any) -> list[list[float]]:
            """Return them rounded to a millionth of a pixel."""
            if not isinstance(data, list) or len(data) > at_most:
                raise serializers.ValidationError(f"A list of at most {at_most} points.")
            return [_point(one) for one in data]

        def to_representation(self, value: Any) -> Any:
            """Return them as they are kept."""
            return value

    return PointsField


def _point(data: Any) -> list[float]:
    is_pair = isinstance(data, list) and len(data) == 2
    if not is_pair or not all(is_finite(one) and abs(one) <= FURTHEST for one in data):
        raise serializers.ValidationError("A point is two numbers, [column, row].")
    return [round(float(one), _DECIMALS) for one in data]


def object_field(bounds: Bounds, *, of: dict[str, Any] | None = None) -> type[serializers.Field[Any, Any, Any, Any]]:
    """A field of one object within the bounds; `of` is the schema of its members."""

    @extend_schema_field({"type": "object", "additionalProperties": of or {}, "maxProperties": bounds.members})
    class ObjectField(serializers.Field[Any, Any, Any, Any]):
        """An object."""

        def to_internal_value(self, data: Any) -> dict[str, Any]:
            """Return it."""
            try:
                return bounded_object(data, bounds)
            except OutOfBounds as error:
                raise serializers.ValidationError(str(error)) from error

        def to_representation(self, value: Any) -> Any:
            """Return it as it is kept."""
            return value

    return ObjectField


class PlainTextField(serializers.CharField):
    """Text that is kept letter by letter; only what cannot be stored or shown is refused."""

    def __init__(self, **options: Any) -> None:
        super().__init__(trim_whitespace=False, **options)

    def to_internal_value(self, data: Any) -> str:
        """Return the text."""
        if not isinstance(data, str) or not is_plain_text(data):
            raise serializers.ValidationError("This is no text, or holds control characters.")
        return str(super().to_internal_value(data))

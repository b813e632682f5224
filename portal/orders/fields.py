"""Values of orders as programs write and read them: text of one line, names, days and times."""

import datetime as dt
from typing import Any, Final

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from wire.studies import PersonName
from wire.text import clean

# PS3.5 Table 6.2-1: PN has three component groups of 64 characters each.
_GROUP_LENGTH: Final = 64
_GROUPS: Final = 3


class LineField(serializers.CharField):
    """One line of text without control characters; empty where it is not given, unless it must be."""

    def __init__(self, max_length: int, *, is_needed: bool = False, **options: Any) -> None:
        if not is_needed:
            options = {"required": False, "allow_blank": True, **options}
        super().__init__(max_length=max_length, **options)

    def to_internal_value(self, data: Any) -> Any:
        """The text, if it may travel."""
        text = str(super().to_internal_value(data))
        if clean(text, len(text)) != text:
            raise serializers.ValidationError("This holds control characters.")
        return text


class NameField(serializers.CharField):
    """A person's name as DICOM writes it (PN, PS3.5 6.2.1): `Family^Given`, groups divided by `=`."""

    def __init__(self, *, is_needed: bool = False, **options: Any) -> None:
        if not is_needed:
            options = {"required": False, "allow_blank": True, **options}
        super().__init__(
            max_length=_GROUPS * _GROUP_LENGTH + 2, help_text="Family^Given^Middle^Prefix^Suffix", **options
        )

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """As the field does; nothing is the name of nobody."""
        validated = super().run_validation(data)
        return PersonName(alphabetic="").model_dump() if validated == "" else validated

    def to_internal_value(self, data: Any) -> Any:
        """The name's component groups."""
        text = str(super().to_internal_value(data))
        groups = [group.strip() for group in text.split("=")]
        if len(groups) > _GROUPS or any(len(group) > _GROUP_LENGTH or clean(group) != group for group in groups):
            raise serializers.ValidationError("This is no name of at most three groups of 64 characters each.")
        alphabetic, ideographic, phonetic = [*groups, "", ""][:_GROUPS]
        return PersonName(alphabetic=alphabetic, ideographic=ideographic, phonetic=phonetic).model_dump()

    def to_representation(self, value: Any) -> str:
        """The groups in one text."""
        return "=".join((value["alphabetic"], value["ideographic"], value["phonetic"])).rstrip("=")


class DayField(serializers.DateField):
    """A day, which travels as DICOM writes it."""

    def to_internal_value(self, value: Any) -> Any:
        """Eight digits."""
        return f"{super().to_internal_value(value):%Y%m%d}".zfill(8)

    def to_representation(self, value: Any) -> Any:
        """As ISO 8601 writes it; nothing where the day is not known."""
        if not value:
            return None
        return f"{value[:4]}-{value[4:6]}-{value[6:]}"


# JSON Schema's "time" has a zone; this is a time by the clocks of the institution.
@extend_schema_field({"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"})
class TimeOfDayField(serializers.TimeField):
    """A time of the institution's day, which travels as DICOM writes it."""

    def to_internal_value(self, value: Any) -> Any:
        """Six digits."""
        moment: dt.time = super().to_internal_value(value)
        return f"{moment:%H%M%S}"

    def to_representation(self, value: Any) -> Any:
        """As ISO 8601 writes it; nothing where the time is not known."""
        if not value:
            return None
        return f"{value[:2]}:{value[2:4]}:{value[4:]}"

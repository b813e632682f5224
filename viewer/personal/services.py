"""Keeps what a person set for the viewer. It says nothing of patients, and leaves no event in the audit."""

from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from portal.accounts.models import User
from portal.grants.selectors import person_to_change
from viewer.bounded import Bounds, bounded_object
from viewer.personal.models import Hanging, ViewerPreferences
from viewer.personal.selectors import preferences_of

HANGINGS_AT_MOST: Final = 200
PREFERENCES: Final = Bounds(depth=6, members=500, text=500, bytes=16_000)


class TooManyHangings(Exception):
    """More kinds of studies than anybody reads."""


def keep_preferences(*, person: User, preferences: dict[str, Any]) -> ViewerPreferences:
    """Put these in the place of the person's preferences."""
    kept, _ = ViewerPreferences.objects.update_or_create(
        user=person, defaults={"preferences": preferences, "changed_at": timezone.now()}
    )
    return kept


@transaction.atomic
def change_preferences(*, person: User, changes: dict[str, Any]) -> ViewerPreferences:
    """Change what is named and leave all else as another window of the person set it. Raises OutOfBounds."""
    person_to_change(person.pk)
    preferences = bounded_object(_merged(preferences_of(person), changes), PREFERENCES)
    return keep_preferences(person=person, preferences=preferences)


def _merged(before: object, changes: dict[str, Any]) -> dict[str, Any]:
    """RFC 7396: null takes a member away, an object changes what it names, anything else takes the place."""
    kept = dict(before) if isinstance(before, dict) else {}
    for name, value in changes.items():
        if value is None:
            kept.pop(name, None)
        else:
            kept[name] = _merged(kept.get(name), value) if isinstance(value, dict) else value
    return kept


@transaction.atomic
def keep_hanging(*, person: User, modality: str, body_part: str, layout: dict[str, Any]) -> Hanging:
    """Keep how the person reads this kind of study. Raises TooManyHangings."""
    person_to_change(person.pk)
    others = Hanging.objects.filter(user=person).exclude(modality=modality, body_part=body_part)
    if others.count() >= HANGINGS_AT_MOST:
        raise TooManyHangings
    kept, _ = Hanging.objects.update_or_create(
        user=person,
        modality=modality,
        body_part=body_part,
        defaults={"layout": layout, "changed_at": timezone.now()},
    )
    return kept


def forget_hanging(*, person: User, modality: str, body_part: str) -> None:
    """Let this kind of study hang as it does by itself again."""
    Hanging.objects.filter(user=person, modality=modality, body_part=body_part).delete()

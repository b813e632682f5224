"""Keeps what a person set for the viewer. It says nothing of patients, and leaves no event in the audit."""

from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from portal.accounts.models import User
from portal.grants.selectors import person_to_change
from viewer.personal.models import Hanging, ViewerPreferences

HANGINGS_AT_MOST: Final = 200


class TooManyHangings(Exception):
    """More kinds of studies than anybody reads."""


def keep_preferences(*, person: User, preferences: dict[str, Any]) -> ViewerPreferences:
    """Put these in the place of the person's preferences."""
    kept, _ = ViewerPreferences.objects.update_or_create(
        user=person, defaults={"preferences": preferences, "changed_at": timezone.now()}
    )
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

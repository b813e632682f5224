"""Reads what a person set for the viewer."""

from typing import Any

from portal.accounts.models import User
from viewer.personal.models import Hanging, ViewerPreferences


def preferences_of(person: User) -> dict[str, Any]:
    """The person's preferences; empty where they set none."""
    kept = ViewerPreferences.objects.filter(user=person).first()
    return dict(kept.preferences) if kept else {}


def hangings_of(person: User) -> list[Hanging]:
    """How the person reads which kinds of studies."""
    return list(Hanging.objects.filter(user=person).order_by("modality", "body_part"))

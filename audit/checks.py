"""System checks: the log must know how to name whoever sends a request."""

from collections.abc import Sequence

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.utils.module_loading import import_string


def check_actor_source(app_configs: Sequence[AppConfig] | None, **kwargs: object) -> list[CheckMessage]:
    """audit.E001: AUDIT_ACTOR_OF names a function that makes an Actor of a request."""
    del app_configs, kwargs
    path = getattr(settings, "AUDIT_ACTOR_OF", None)
    try:
        usable = isinstance(path, str) and callable(import_string(path))
    except ImportError:
        usable = False
    if usable:
        return []
    return [
        Error(
            f"AUDIT_ACTOR_OF is {path!r}, which is not the path of a function.",
            hint='Set it to "portal.accounts.actors.actor_of", which makes an audit.actors.Actor of a request.',
            id="audit.E001",
        )
    ]

"""System checks of the viewer."""

from collections.abc import Sequence

from django.apps import AppConfig
from django.core.checks import CheckMessage, Warning  # noqa: A004

from viewer.assets import MANIFEST, viewer_assets


def check_client_is_built(app_configs: Sequence[AppConfig] | None, **kwargs: object) -> list[CheckMessage]:
    """viewer.W001: the viewer's client was built."""
    del app_configs, kwargs
    if viewer_assets().script:
        return []
    return [
        Warning(
            f"The viewer's client is not built: static/{MANIFEST} is missing or cannot be read. No images are shown.",
            hint="Run `make setup`.",
            id="viewer.W001",
        )
    ]

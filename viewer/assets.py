"""Finds what Vite built of the viewer's client, by its manifest."""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.contrib.staticfiles import finders

MANIFEST: Final = "viewer/.vite/manifest.json"
ENTRY: Final = "src/main.ts"
STYLE: Final = "style.css"


@dataclass(frozen=True)
class ViewerAssets:
    """Addresses of the built client; `script` is empty where it was not built."""

    script: str = ""
    styles: tuple[str, ...] = ()
    preloads: tuple[str, ...] = ()


def viewer_assets() -> ViewerAssets:
    """The built client as it is now; nothing where the build is missing or cannot be read."""
    found = finders.find(MANIFEST)
    if not isinstance(found, str):
        return ViewerAssets()
    path = Path(found)
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _read(path: Path, changed_at: int) -> ViewerAssets:  # noqa: ARG001
    try:
        manifest: dict[str, Any] = json.loads(path.read_text())
        entry = manifest[ENTRY]
        # What the entry always loads next is asked for at once, not after it ran; of catalogues it loads one or none.
        ahead = [
            *entry.get("imports", []),
            *(name for name in entry.get("dynamicImports", []) if _is_ours(name)),
        ]
        # One style sheet for all of the page, whichever part asks for it.
        style = manifest.get(STYLE, {}).get("file")
        return ViewerAssets(
            script=_url(entry["file"]),
            styles=tuple(_url(file) for file in (*entry.get("css", []), *([style] if style else []))),
            preloads=tuple(_url(manifest[name]["file"]) for name in ahead),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ViewerAssets()


def _is_ours(name: str) -> bool:
    """Whether it is code of the client: a module of its own, or several in one file, whose name Vite writes so."""
    return name.startswith("_") or (name.startswith("src/") and name.endswith(".ts"))


def _url(file: str) -> str:
    """The address of a built file: Vite's names hold a digest already, and its files name each other by them.

    A second digest by the static files storage would load a module twice, under two names.
    """
    return f"{settings.STATIC_URL}viewer/{file}"

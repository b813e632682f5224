"""WSGI application that serves OHIF's files, its page at every other address, and its configuration of the moment."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from whitenoise import WhiteNoise

from runtime import env

CONFIGURATION = "app-config.js"

SITE = env.path("BENCHMARK_OHIF_SITE")
FOLDER = env.path("BENCHMARK_OHIF_FOLDER")
SERVED: dict[str, tuple[str, str, Path]] = {}


def other(path: str) -> tuple[Path, str]:
    """What is answered where no file of OHIF's build is asked for, and its type."""
    if path == f"/{CONFIGURATION}":
        return FOLDER / CONFIGURATION, "text/javascript"
    # The page reads the address by itself.
    return SITE / "index.html", "text/html"


def page(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer what is no file of OHIF's build."""
    path, kind = other(environ["PATH_INFO"])
    content = path.read_bytes()
    start_response(
        "200 OK",
        [("Content-Type", f"{kind}; charset=utf-8"), ("Content-Length", str(len(content)))],
    )
    return [content]


def never_the_configuration(files: WhiteNoise) -> WhiteNoise:
    """The build's own configuration gives way to that of the benchmark."""
    files.files.pop(f"/{CONFIGURATION}", None)
    return files


application = never_the_configuration(WhiteNoise(page, root=str(SITE)))

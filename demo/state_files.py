"""Files of the demonstration that are replaced as a whole, so that a reader never sees half of one."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def write_json(path: Path, content: Any) -> None:
    """Replace a file; only its owner may read it, as it may hold passwords."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump(content, stream, ensure_ascii=False, indent=2)
        stream.write("\n")
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)


def read_json(path: Path) -> Any:
    """What a file holds, or None where it is missing or was left broken."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError, UnicodeDecodeError):
        return None


def mark_not_ready(demo_file: Path) -> None:
    """Say in demo.json that the demonstration is not ready; what else it says stays."""
    content = read_json(demo_file)
    if not isinstance(content, dict):
        content = {"portal": {"url": ""}, "servers": [], "people": []}
    write_json(demo_file, {**content, "ready": False})

"""Looks into folders in which others work meanwhile."""

import os
from pathlib import Path


def files_in(folder: Path) -> list[Path]:
    """All files below the folder, in order; folders that go while this looks are not there (Path.rglob would raise)."""
    return sorted(Path(root, name) for root, _, names in os.walk(folder) for name in names)

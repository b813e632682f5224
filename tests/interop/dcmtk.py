"""The tools of dcmtk, as tests call them."""

import shutil
import subprocess

import pytest


def dcmtk(tool: str, *arguments: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
    """Run a tool of dcmtk."""
    return subprocess.run(
        [tool_path(tool), *arguments], capture_output=True, text=True, check=False, timeout=seconds, errors="replace"
    )


def tool_path(tool: str) -> str:
    """Where a tool of dcmtk is; pynetdicom's of the same name stands before it in a virtual environment."""
    path = shutil.which(tool, path="/usr/bin:/usr/local/bin")
    if path is None:
        pytest.skip(f"dcmtk's {tool} is not installed")
    return path

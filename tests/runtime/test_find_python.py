"""Tests of the search for a Python that can carry the project."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.runtime.conftest import PROJECT_ROOT

SCRIPT = PROJECT_ROOT / "scripts" / "find-python"


def find_python(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["/bin/sh", SCRIPT, *arguments], env={"PATH": str(folder)}, capture_output=True, text=True, check=False
    )


def pretend(folder: Path, name: str, *, version: str, has_venv: bool = True) -> Path:
    """Make a program that answers the three questions as a Python of that version would."""
    program = folder / name
    recent = int(version.split(".")[1]) >= 11
    program.write_text(
        "#!/bin/sh\n"
        'case "$2" in\n'
        f'  *"print("*version_info*) echo {version} ;;\n'
        f"  *version_info*) exit {0 if recent else 1} ;;\n"
        f"  *ensurepip*) exit {0 if has_venv else 1} ;;\n"
        f'  *) echo "{program}" ;;\n'
        "esac\n"
    )
    program.chmod(0o755)
    return program


def test_the_first_that_is_new_enough_is_taken(tmp_path: Path) -> None:
    pretend(tmp_path, "python3", version="3.9")
    suitable = pretend(tmp_path, "python3.12", version="3.12")
    pretend(tmp_path, "python3.11", version="3.11")
    result = find_python(tmp_path)
    assert (result.returncode, result.stdout, result.stderr) == (0, f"{suitable}\n", "")


def test_a_named_one_is_the_only_one_asked(tmp_path: Path) -> None:
    folder = tmp_path / "a folder"
    folder.mkdir()
    pretend(tmp_path, "python3", version="3.13")
    named = pretend(folder, "python", version="3.11")
    assert find_python(tmp_path, str(named)).stdout == f"{named}\n"


def test_a_real_python_is_found_by_its_own_path(tmp_path: Path) -> None:
    assert Path(find_python(tmp_path, sys.executable).stdout.strip()).samefile(sys.executable)


@pytest.mark.parametrize(
    ("version", "has_venv", "reason"),
    [
        ("3.9", True, "{0} is Python 3.9"),
        ("3.11", False, "{0} has no venv module (on Debian and Ubuntu: apt-get install python3-venv)"),
    ],
)
def test_an_unsuitable_one_is_told_in_one_sentence(tmp_path: Path, version: str, has_venv: bool, reason: str) -> None:
    program = pretend(tmp_path, "python3", version=version, has_venv=has_venv)
    result = find_python(tmp_path)
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr == (
        f"DICOM Network needs Python 3.11 or newer with venv, and {reason.format(program)}; "
        "install one, or name it: make PYTHON=/path/to/python3\n"
    )


def test_none_at_all_is_told_in_one_sentence(tmp_path: Path) -> None:
    assert "and no Python was found; install one" in find_python(tmp_path).stderr
    assert "and /nowhere/python was not found; install one" in find_python(tmp_path, "/nowhere/python").stderr

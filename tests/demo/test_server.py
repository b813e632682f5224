"""Commands of the demonstration's DICOM Servers find the right server, and say what to do where they cannot."""

import subprocess
import sys
from pathlib import Path

import pytest

from demo.databases import Stores
from demo.places import Places
from demo.server import command_of, keep_environments, main

OWNERS = ("portal", "server-a", "server-b")
STORES = Stores(
    {owner: f"postgresql://127.0.0.1:1/{owner}" for owner in OWNERS},
    {owner: f"redis://127.0.0.1:1/{number}" for number, owner in enumerate(OWNERS)},
    (),
    (),
)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    found = Places(tmp_path, 8000)
    keep_environments(found, STORES)
    return found


@pytest.mark.parametrize(("name", "owner", "title"), [("A", "server-a", "NISTRU"), ("b", "server-b", "CODRU")])
def test_a_command_gets_what_the_programs_of_its_server_read(places: Places, name: str, owner: str, title: str) -> None:
    environment, command = command_of(places, [name, "add_peer", "x y", "--http"])
    assert command == [sys.executable, "-m", "dicomserver", "add_peer", "x y", "--http"]
    assert environment["DATABASE_URL"] == f"postgresql://127.0.0.1:1/{owner}"
    assert environment["DICOM_SERVER_HOME"] == str(places.directory / owner)
    assert environment["DICOM_AE_TITLE"] == title


def test_only_its_owner_reads_the_environment(places: Places) -> None:
    assert {places.environment_file(one).stat().st_mode & 0o777 for one in places.servers} == {0o600}


@pytest.mark.parametrize("arguments", [[], ["A"], ["C", "list_peers"], ["list_peers"]])
def test_what_cannot_be_meant_is_answered_with_the_usage(places: Places, arguments: list[str]) -> None:
    with pytest.raises(ValueError, match=r"^Usage: python -m demo\.server A\|B COMMAND"):
        command_of(places, arguments)


def test_without_a_demonstration_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DEMO_DIR", str(tmp_path))
    assert main(["A", "list_peers"]) == 2
    expected = f"No demonstration was started in {tmp_path}: start it, or name its DEMO_DIR.\n"
    assert capsys.readouterr().err == expected


def test_a_command_runs(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_DIR", str(places.directory))
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-m", "demo.server", "A", "version"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout[:1]) == (0, "5"), done.stderr

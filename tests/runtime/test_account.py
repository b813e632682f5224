"""Tests of the places that PostgreSQL's own account can reach."""

import shutil
import subprocess
from pathlib import Path

import pytest

from runtime.embedded import EmbeddedServerError, account
from runtime.embedded.postgres import postgres_executable

STRANGER = 64199


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "places"
    monkeypatch.setattr(account, "PLACES", (tmp_path / "missing" / "place", place))
    return place


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = tmp_path / "clone" / "var" / "postgres"
    made.mkdir(parents=True)
    return made


def test_a_folder_that_only_its_owner_passes_is_out_of_reach_for_others(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    assert not account.can_reach(closed / "data", STRANGER)
    assert account.can_reach(Path("/etc/data"), STRANGER)


def test_a_place_elsewhere_is_found_again_by_the_home_it_stands_for(places: Path, home: Path) -> None:
    place = account.place_elsewhere(home, throwaway=False)
    assert place.parent == places
    assert account.place_elsewhere(home, throwaway=False) == place
    assert account.place_elsewhere(home.parent, throwaway=False) != place


def test_only_throwaway_places_are_removed_when_their_home_is_gone(home: Path) -> None:
    kept, thrown = home / "kept", home / "thrown"
    kept.mkdir()
    thrown.mkdir()
    kept_place = account.place_elsewhere(kept, throwaway=False)
    thrown_place = account.place_elsewhere(thrown, throwaway=True)
    kept.rmdir()
    thrown.rmdir()
    account.place_elsewhere(home, throwaway=False)
    assert kept_place.exists()
    assert not thrown_place.exists()


def test_forgetting_a_folder_removes_the_places_of_what_is_below_it_only(home: Path, tmp_path: Path) -> None:
    inside = account.place_elsewhere(home, throwaway=False)
    outside = account.place_elsewhere(tmp_path, throwaway=False)
    account.forget_places_below(home.parent)
    assert not inside.exists()
    assert outside.exists()


def test_a_clone_that_was_moved_keeps_its_data_and_one_that_was_copied_is_refused(home: Path) -> None:
    place = account.place_elsewhere(home, throwaway=False)
    copy = home.with_name("copy")
    copy.mkdir()
    with pytest.raises(EmbeddedServerError, match=r"is a copy of .*Remove .*/copy to start empty\."):
        account.claim_place(place, copy)
    home.rmdir()
    account.claim_place(place, copy)
    assert (place / "origin").read_text() == str(copy)


def test_executables_behind_a_closed_folder_are_copied_once_and_run(tmp_path: Path, places: Path) -> None:
    original = postgres_executable("postgres").parent.parent
    libraries = original.parent.with_name(f"{original.parent.name}.libs")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    shutil.copytree(original, closed / original.name, symlinks=True)
    copy = account.reachable_installation(closed / original.name, libraries, STRANGER)
    assert copy.is_relative_to(places)
    for program in ("postgres", "initdb"):
        version = subprocess.run([copy / "bin" / program, "--version"], capture_output=True, text=True, check=True)
        assert version.stdout.startswith(f"{program} (PostgreSQL) 18.")
    made = copy.stat().st_ctime_ns
    assert account.reachable_installation(closed / original.name, libraries, STRANGER) == copy
    assert copy.stat().st_ctime_ns == made


def test_no_place_at_all_is_told_with_the_cure(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setattr(account, "PLACES", (home / "missing" / "place",))
    with pytest.raises(EmbeddedServerError, match="or name your own server in DATABASE_URL"):
        account.place_elsewhere(home, throwaway=False)

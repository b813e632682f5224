"""Tests of the reader of the environment."""

import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from runtime import env

NAME = "DICOM_NETWORK_SETTING"
READERS: list[Callable[[str], object]] = [env.text, env.secret, env.flag, env.number, env.path, env.words]


@pytest.fixture(autouse=True)
def _unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(NAME, raising=False)
    monkeypatch.delenv(f"{NAME}_FILE", raising=False)


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_setting_without_default_is_named_when_it_is_missing(
    monkeypatch: pytest.MonkeyPatch, read: Callable[[str], object], value: str | None
) -> None:
    if value is not None:
        monkeypatch.setenv(NAME, value)
    with pytest.raises(env.MissingSetting) as caught:
        read(NAME)
    assert str(caught.value) == f"The environment variable {NAME} is not set. Set it and start again."
    assert caught.value.name == NAME
    assert isinstance(caught.value, env.SettingError)


def test_an_empty_setting_counts_as_not_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(NAME, "")
    assert env.text(NAME, "default") == "default"
    assert env.secret(NAME, "default") == "default"
    assert env.flag(NAME, True) is True
    assert env.number(NAME, 7) == 7
    assert env.path(NAME, tmp_path) == tmp_path
    assert env.words(NAME, ("a",)) == ("a",)


def test_text_loses_the_white_space_around_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "  a value\n")
    assert env.text(NAME) == "a value"


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1", True), ("true", True), ("Yes", True), ("ON", True), ("0", False), ("False", False), ("no", False)],
)
def test_a_flag_is_read_from_its_words(monkeypatch: pytest.MonkeyPatch, value: str, expected: bool) -> None:
    monkeypatch.setenv(NAME, value)
    assert env.flag(NAME) is expected


@pytest.mark.parametrize("value", ["2", "maybe", "-1"])
def test_a_flag_that_is_neither_true_nor_false_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv(NAME, value)
    with pytest.raises(env.InvalidSetting, match=f"{NAME} must be true or false, and is '{value}'"):
        env.flag(NAME)


def test_a_number_is_held_to_its_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "11112")
    assert env.number(NAME, minimum=1, maximum=65535) == 11112
    with pytest.raises(env.InvalidSetting, match="must be at least 20000, and is 11112"):
        env.number(NAME, minimum=20000)
    with pytest.raises(env.InvalidSetting, match="must be at most 1024, and is 11112"):
        env.number(NAME, maximum=1024)


@pytest.mark.parametrize("value", ["1.5", "ten", "0x10"])
def test_a_number_that_is_not_whole_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv(NAME, value)
    with pytest.raises(env.InvalidSetting, match=f"must be a whole number, and is '{value}'"):
        env.number(NAME, 1)


def test_a_path_becomes_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.setenv(NAME, "var/archive")
    assert env.path(NAME) == tmp_path / "var" / "archive"
    monkeypatch.setenv(NAME, "~/archive")
    assert env.path(NAME) == Path("/home/somebody/archive")


def test_words_are_split_at_commas_and_empty_ones_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, " CT_1, MR_2 ,,")
    assert env.words(NAME) == ("CT_1", "MR_2")


def test_a_secret_may_lie_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("of a container\n")
    monkeypatch.setenv(f"{NAME}_FILE", str(file))
    assert env.secret(NAME) == "of a container"
    monkeypatch.setenv(NAME, "said outright")
    assert env.secret(NAME) == "said outright"


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe"])
def test_a_secret_file_that_gives_no_secret_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv(f"{NAME}_FILE", str(file))
    with pytest.raises(env.InvalidSetting, match=rf"{NAME}_FILE must be the path of a .*file"):
        env.secret(NAME, "default")


def test_a_secret_of_the_machine_is_made_once_and_guarded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "portal" / "secret-key"
    with ThreadPoolExecutor(8) as pool:
        secrets = set(pool.map(lambda _: env.secret_file(NAME, file), range(16)))
    assert len(secrets) == 1
    assert len(secrets.pop()) == 64
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [entry.name for entry in file.parent.iterdir()] == ["secret-key"]
    monkeypatch.setenv(NAME, "of the operator")
    assert env.secret_file(NAME, file) == "of the operator"


def test_a_child_inherits_the_environment_with_the_changes_over_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "ours")
    assert env.inherited()[NAME] == "ours"
    assert env.inherited({NAME: "theirs"})[NAME] == "theirs"
    assert env.text(NAME) == "ours"


def test_a_published_setting_is_read_and_a_published_default_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "")
    env.publish(NAME, "first")
    assert env.publish_default(NAME, "second") == "first"
    assert env.text(NAME) == "first"

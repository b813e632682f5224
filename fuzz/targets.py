"""What is fuzzed: the target's module, and the code whose coverage leads the search."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

CORPUS: Final = Path(__file__).resolve().parent / "corpus"


@dataclass(frozen=True)
class Target:
    """One `fuzz_one(data: bytes)`, which returns, or raises what is a finding."""

    name: str
    # Modules, each by its name.
    code: tuple[str, ...]

    @property
    def corpus(self) -> Path:
        """The inputs that are kept; the tests replay them."""
        return CORPUS / self.name

    def load(self) -> Callable[[bytes], None]:
        """Import the target. Needs Django."""
        module = importlib.import_module(f"fuzz.fuzz_{self.name}")
        return cast("Callable[[bytes], None]", module.fuzz_one)


def _modules(package: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{package}.{name}" for name in names)


RECEIVE: Final = (
    *_modules("dicomserver.scp", "association", "command_set", "connection", "contexts", "messages", "receive_loop"),
    *_modules("dicomserver.scp", "storing"),
    *_modules("dicomserver.archive", "file_meta", "incoming", "intake"),
)
HEADER: Final = _modules(
    "dicomserver.ingest", "attributes", "decoding", "encoding", "header", "pixels", "reading", "walking"
)
MULTIPART: Final = _modules("dicomserver.dicomweb.storing", "multipart")
TARGETS: Final = {
    target.name: target
    for target in (Target("receive", RECEIVE), Target("header", HEADER), Target("multipart", MULTIPART))
}

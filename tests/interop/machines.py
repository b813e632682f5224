"""Machines of other people's making that take what they are sent, and our servers told about them."""

import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.demonstration import Demonstration, Server, wait_until
from tests.interop.dcmtk import dcmtk, tool_path


@dataclass(frozen=True)
class Storescp:
    """dcmtk's receiver, and the folder of what it was sent."""

    ae_title: str
    port: int
    folder: Path

    @property
    def files(self) -> dict[str, Path]:
        """What it stored, by SOP Instance UID."""
        return {path.name.split(".", 1)[1]: path for path in self.folder.iterdir()}


def new_ae_title(prefix: str) -> str:
    """An AE title that no other test has."""
    return f"{prefix}_{uuid.uuid4().hex[:6].upper()}"


@contextmanager
def known(
    demonstration: Demonstration, server: Server, ae_title: str, *options: str, waits: bool = True
) -> Iterator[str]:
    """Let the server know a machine for a while; who has it know several waits for them by `wait_for_peers`."""
    name = ae_title.lower()
    demonstration.manage(server, "add_peer", name, "--ae-title", ae_title, *options, waits=waits)
    try:
        yield ae_title
    finally:
        demonstration.manage(server, "remove_peer", name)


@contextmanager
def storescp(ae_title: str, port: int, folder: Path, *options: str) -> Iterator[Storescp]:
    """dcmtk's receiver under the AE title of a known machine."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [tool_path("storescp"), "--bit-preserving", "-aet", ae_title, "-od", str(folder), *options, str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: dcmtk("echoscu", "127.0.0.1", str(port)).returncode == 0, 20, "storescp answers")
        yield Storescp(ae_title, port, folder)
    finally:
        process.terminate()
        process.wait(10)

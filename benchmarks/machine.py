"""The machine under the benchmarks: what it is, where its programs are, and files read ahead."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

CHUNK_BYTES = 4 * 1024**2


def memory_value(name: str) -> int:
    """A line of /proc/meminfo in bytes."""
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0]) * 1024
    raise KeyError(name)


def read_ahead(files: Iterable[Path]) -> None:
    """Have the files in the page cache, so that no sender waits for the disk."""
    for path in files:
        with path.open("rb", buffering=0) as stream:
            while stream.read(CHUNK_BYTES):
                pass


def description(directory: Path) -> list[str]:
    """What a reader of the table has to know about the machine and the peers."""
    processor = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            processor = line.partition(":")[2].strip()
            break
    memory = memory_value("MemTotal") / 1024**3
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    system = f"Linux {platform.release()}, {file_system(directory)}, Python {platform.python_version()}"
    return [
        f"Machine: {os.cpu_count()} processors ({processor}), {memory:.0f} GB, {system}; load at the start {load}.",
        f"Peers: {version('Orthanc', '--version')}; {version('storescu', '--version')}.",
    ]


def file_system(directory: Path) -> str:
    """Kind of the file system that holds the directory."""
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
    above = [(place, kind) for place, kind in mounts if directory.resolve().is_relative_to(place)]
    return max(above, key=lambda mount: len(mount[0]))[1] if above else "unknown file system"


def program(name: str) -> str | None:
    """Where a program of the machine is, also one of the administrator's."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/local/sbin")


def version(name: str, option: str) -> str:
    """The first line of what a program says of itself."""
    path = program(name)
    if path is None:
        return f"{name} is not installed"
    result = subprocess.run([path, option], capture_output=True, text=True, check=False, timeout=10)
    return (
        (result.stdout or result.stderr).strip().splitlines()[0].strip("$ ").removeprefix(f"{path.rpartition('/')[0]}/")
    )

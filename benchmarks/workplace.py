"""Where a run of benchmarks works: fresh folders for all turns, the cache of sets, and what all turns share."""

from __future__ import annotations

import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from benchmarks.data import BenchmarkSet, benchmark_set
from benchmarks.portal import BenchmarkPortal
from benchmarks.rounds import say
from benchmarks.stores import Stores
from runtime import env
from runtime.locks import FileLock
from runtime.processes import PROJECT_ROOT

SPARE_BYTES = 8 * 1024**3

Thing = TypeVar("Thing")


class Busy(Exception):
    """Another run uses the folder; two at once would measure each other."""


class Workplace:
    """One run. Folders of turns are removed at its end only, as ext4 creates files slowly after it removed many."""

    def __init__(self, directory: Path | None = None, *, keep: bool = False) -> None:
        self.directory = directory or env.path("BENCHMARKS_DIR", PROJECT_ROOT / "var" / "benchmarks")
        self.keep = keep
        self.turns = self.directory / "turns"
        self._lock: FileLock | None = None
        self._stores: Stores | None = None
        self._portal: BenchmarkPortal | None = None
        self._sets: dict[str, BenchmarkSet] = {}
        self._shared: dict[Callable[..., Any], Any] = {}
        self._ending = ExitStack()

    def __enter__(self) -> Self:
        self.directory.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(self.directory / "run.lock")
        if not self._lock.try_acquire():
            raise Busy(f"Benchmarks run in {self.directory} already: wait for their end, or set BENCHMARKS_DIR.")
        self.clean()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.close()
        if self._portal:
            self._portal.stop()
        if self._stores:
            self._stores.stop()
        if not self.keep:
            self.clean()
        if self._lock:
            self._lock.release()

    def clean(self) -> None:
        """Remove the folders of all turns, and what was placed elsewhere for the databases among them."""
        if self.turns.exists():
            command = [sys.executable, "-m", "runtime.embedded", "forget", str(self.turns)]
            subprocess.run(command, cwd=PROJECT_ROOT, check=False)
            shutil.rmtree(self.turns, ignore_errors=True)

    def fresh_folder(self, name: str) -> Path:
        """An empty folder for one turn, which others may pass through."""
        folder = self.turns / f"{name.replace(' ', '-')}-{secrets.token_hex(4)}"
        folder.mkdir(parents=True)
        return folder

    def make_room(self, bytes_needed: int) -> None:
        """Remove the folders of earlier turns where the disk would not hold the next benchmark."""
        if shutil.disk_usage(self.directory).free > bytes_needed + SPARE_BYTES:
            return
        say("The disk is nearly full: folders of earlier turns are removed.")
        for folder in self.turns.iterdir():
            if self._stores is None or folder != self._stores.directory:
                shutil.rmtree(folder, ignore_errors=True)

    def set(self, name: str) -> BenchmarkSet:
        """A set of files, made now unless the cache has it."""
        if name not in self._sets:
            self._sets[name] = benchmark_set(name, self.directory / "data")
        return self._sets[name]

    def shared(self, make: Callable[[Workplace], AbstractContextManager[Thing]]) -> Thing:
        """What several turns use, made at the first use and ended with the run."""
        if make not in self._shared:
            self._shared[make] = self._ending.enter_context(make(self))
        thing: Thing = self._shared[make]
        return thing

    @property
    def portal(self) -> BenchmarkPortal:
        """The portal of this run."""
        self._portal = self._portal or BenchmarkPortal()
        return self._portal

    @property
    def stores(self) -> Stores:
        """PostgreSQL and Redis of this run."""
        if self._stores is None:
            self._stores = Stores(self.fresh_folder("stores"))
        return self._stores

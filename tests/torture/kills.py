"""Whom a round kills: a process at a time, and now and then all of them at once."""

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random

from tests.demonstration import wait_until
from tests.torture.server import PROGRAMS, STORES, TorturedServer, parent_of

NAMES = {
    "scp": "SCP, parent",
    "scp-worker": "SCP, worker process",
    "web": "web, parent",
    "web-worker": "web, worker process",
    "worker": "Celery worker",
    "beat": "Celery beat",
    "postgres": "PostgreSQL",
    "postgres-backend": "PostgreSQL, one backend",
    "redis": "Redis",
    "everything": "everything at once",
}


# What has several processes, of which one is killed while the others go on.
ONE_OF_MANY = frozenset({"scp-worker", "web-worker", "postgres-backend"})
SECONDS = 20


class Killer:
    """Kills by SIGKILL; each kind has its turn once in as many rounds as there are kinds."""

    def __init__(self, server: TorturedServer, random: Random) -> None:
        self.server, self.random = server, random
        self.kills: Counter[str] = Counter()
        self._turns = self._all_turns()

    def kill(self) -> str:
        """Kill the next target, and wait until what was killed is gone and all is up again; returns its name."""
        target = next(self._turns)
        # A backend, or a worker process of a parent that has just begun, comes into being a moment later.
        wait_until(lambda: bool(VICTIMS[target](self.server)), SECONDS, f"a process of {target} runs")
        victims = VICTIMS[target](self.server)
        if target in ONE_OF_MANY:
            victims = [self.random.choice(victims)]
        # With its parent, every process of a program ends, so that none of the old serves beside the new.
        doomed = victims if target in ONE_OF_MANY else [*victims, *self.server.pids(target)]
        _kill(victims)
        self.kills[target] += 1
        wait_until(lambda: not any(map(is_alive, doomed)), SECONDS, f"nothing of the killed {target} is left")
        self.server.wait_until_up()
        return target

    def _all_turns(self) -> Iterator[str]:
        while True:
            yield from self.random.sample(list(NAMES), len(NAMES))


@contextmanager
def kept_down(server: TorturedServer, name: str) -> Iterator[None]:
    """Keep a program down although the supervisor starts again what dies."""
    up_again = threading.Event()

    def keep_down() -> None:
        while not up_again.wait(0.02):
            _kill(server.pids(name))

    keeper = threading.Thread(target=keep_down, daemon=True)
    keeper.start()
    try:
        yield
    finally:
        up_again.set()
        keeper.join()


@contextmanager
def made_to_hang(server: TorturedServer, name: str) -> Iterator[None]:
    """Let a program take connections and answer nothing."""
    stopped = server.pids(name)
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in stopped:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def _kill(pids: Iterable[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _first_of(name: str) -> Callable[[TorturedServer], list[int]]:
    return lambda server: server.pids(name)[:1]


def _children_of(name: str) -> Callable[[TorturedServer], list[int]]:
    def victims(server: TorturedServer) -> list[int]:
        parent, *rest = server.pids(name)
        return [pid for pid in rest if parent_of(pid) == parent and "resource_tracker" not in command_line(pid)]

    return victims


def _backends(server: TorturedServer) -> list[int]:
    return [pid for pid in server.pids("postgres") if f"{ROLE} " in command_line(pid)]


def _everything(server: TorturedServer) -> list[int]:
    return [pid for name in (*PROGRAMS, *STORES) for pid in server.pids(name)]


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that is dead and not yet buried does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def command_line(pid: int) -> str:
    """The command line of a process, empty where it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


# How PostgreSQL names the backends of the application's role.
ROLE = "dicom_network"
VICTIMS: dict[str, Callable[[TorturedServer], list[int]]] = {
    "scp": _first_of("scp"),
    "scp-worker": _children_of("scp"),
    "web": _first_of("web"),
    "web-worker": _children_of("web"),
    "worker": _first_of("worker"),
    "beat": _first_of("beat"),
    "postgres": _first_of("postgres"),
    "postgres-backend": _backends,
    "redis": _first_of("redis"),
    "everything": _everything,
}

"""What the embedded servers have in common: who uses one, who looks after it, and where its state is."""

import json
import os
import random
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

from runtime import env
from runtime.leftovers import MARK, end_leftovers, processes_in
from runtime.locks import FileLock, LockTimeoutError, is_locked

START_SECONDS = 90.0
STOP_SECONDS = 60.0
# A server whose keeper was killed got the signal to stop at that moment.
LEFTOVER_SECONDS = 5.0
POLL_SECONDS = 0.05
LOG_LINES_SHOWN = 15
LOOKS_FOR_OTHERS = 10
LOG_BYTES = 10 * 1024 * 1024
# Below the range from which the kernel takes the local ports of outgoing connections, so that a server that was
# killed finds its port free when it comes back.
PORTS = range(14000, 20000)
PORT_PATIENCE_SECONDS = 3
PROJECT_ROOT = Path(__file__).resolve().parent.parent.parent

KEEPER_ENVIRONMENT = {
    "PYTHONPATH": str(PROJECT_ROOT),
    "PYTHONUNBUFFERED": "1",
    # The keeper belongs to all users of the server, not to the supervised program that happened to start it.
    MARK: "",
}


class EmbeddedServerError(Exception):
    """The embedded server cannot run; the message says why and what to do."""


@dataclass(frozen=True)
class Launch:
    """How the real server is started: its command, where, with which environment, and as whom (None: as ourselves)."""

    command: tuple[str, ...]
    directory: Path
    environment: Mapping[str, str]
    stop_signal: int
    user_id: int | None = None


class EmbeddedServer(ABC):
    """One server of `directory`, seen from a process that uses it or from the one that looks after it."""

    kind: ClassVar[str]
    # The name of the real server's executable.
    program: ClassVar[str]

    def __init__(self, directory: Path, *, durable: bool = True) -> None:
        """`durable=False` trades what a power cut would lose for speed, for data that a test throws away."""
        self.home = directory.absolute() / self.kind
        self.durable = durable
        self.log_file = self.home / "server.log"
        self.users_lock = FileLock(self.home / "users.lock")
        # Held by whoever looks after the server; the second one only by a keeper, which stops with the last user.
        self.server_lock = FileLock(self.home / "server.lock")
        self.keeper_lock = FileLock(self.home / "keeper.lock")

    @property
    def name(self) -> str:
        """How messages call the server."""
        return f"the embedded {self.kind} in {self.home}"

    # For whoever looks after it

    @abstractmethod
    def prepare(self) -> Launch:
        """Make the data where missing, clear away what a crash left, and return how to start the server."""

    def make_home(self) -> None:
        """Make the folder of the server's state."""
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            if self.home.stat().st_uid == os.geteuid():
                # The server may run as another user, who has to pass through; every file inside guards itself.
                self.home.chmod(0o711)
        except OSError as error:
            raise EmbeddedServerError(f"Cannot make {self.home}: {error.strerror}.") from error

    def end_leftovers(self, data: Path) -> None:
        """End what a killed server left running in its data."""
        end_leftovers(lambda: processes_in(data, self.program), patience_seconds=LEFTOVER_SECONDS)

    # For whoever uses it

    @abstractmethod
    def answers(self) -> bool:
        """Return whether the server accepts us."""

    def start(self) -> Self:
        """Hold the server, starting it where nobody did yet; returns when it answers."""
        if self.users_lock.is_held:
            return self
        self.make_home()
        starting = FileLock(self.home / "start.lock")
        try:
            self.users_lock.acquire(shared=True, seconds=STOP_SECONDS + 10)
            starting.acquire(seconds=START_SECONDS)
            self._bring_up()
        except (LockTimeoutError, OSError) as error:
            self.users_lock.release()
            raise EmbeddedServerError(f"Cannot start {self.name}: {error}") from error
        except BaseException:
            self.users_lock.release()
            raise
        finally:
            starting.release()
        return self

    def stop(self) -> None:
        """Let the server go; a keeper stops it when nobody else holds it, and this waits for that."""
        if not self.users_lock.is_held:
            return
        self.users_lock.release()
        deadline = time.monotonic() + STOP_SECONDS
        looks_with_others = 0
        while is_locked(self.keeper_lock.path) and time.monotonic() < deadline:
            # One look may see no more than another process that looks.
            looks_with_others = looks_with_others + 1 if self._others_hold_it() else 0
            if looks_with_others == LOOKS_FOR_OTHERS:
                return
            time.sleep(POLL_SECONDS)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    # State that users and keeper share: port and passwords, readable by their owner only

    def read_state(self) -> dict[str, str] | None:
        """Return the port and the passwords, or None before the first start."""
        try:
            state: dict[str, str] = json.loads((self.home / "state.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except PermissionError as error:
            raise EmbeddedServerError(
                f"Cannot use {self.name}: another user made it. Work as that user, or name another directory."
            ) from error
        return state

    def write_state(self, state: Mapping[str, str]) -> None:
        """Replace the state as a whole."""
        draft = self.home / "state.json.new"
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(state, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.home / "state.json")

    def required_state(self) -> dict[str, str]:
        """Return the state of a server that was started."""
        state = self.read_state()
        if state is None:
            raise EmbeddedServerError(f"{self.name} was never started. Call start() first.")
        return state

    # Inside

    def _start_keeper(self) -> None:
        if self.log_file.exists() and self.log_file.stat().st_size > LOG_BYTES:
            self.log_file.replace(self.log_file.with_suffix(".log.1"))
        command = [sys.executable, "-m", "runtime.embedded", "keep", self.kind, str(self.home.parent)]
        if not self.durable:
            command.append("--not-durable")
        descriptor = os.open(self.log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "a") as log:
            # Returns at once: the keeper goes on as a process of its own, which already holds the server's lock.
            subprocess.run(
                command,
                cwd=PROJECT_ROOT,
                env=env.inherited(KEEPER_ENVIRONMENT),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                check=False,
            )

    def _bring_up(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        keeper_started = False
        while not self.answers():
            if not is_locked(self.server_lock.path):
                if keeper_started:
                    raise EmbeddedServerError(f"Cannot start {self.name}.\n{self._end_of_log()}")
                self._start_keeper()
                keeper_started = True
            if time.monotonic() > deadline:
                raise EmbeddedServerError(
                    f"{self.name} does not answer within {START_SECONDS:.0f} s.\n{self._end_of_log()}"
                )
            time.sleep(POLL_SECONDS)

    def _others_hold_it(self) -> bool:
        if is_locked(self.users_lock.path):
            return False  # the keeper has it, and is stopping the server
        lock = FileLock(self.users_lock.path)
        free = lock.try_acquire()
        lock.release()
        return not free

    def _end_of_log(self) -> str:
        try:
            lines = self.log_file.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return f"It left no log in {self.log_file}."
        return "\n".join([f"The end of {self.log_file}:", *lines[-LOG_LINES_SHOWN:]])


def choose_port(preferred: str | None) -> str:
    """Return `preferred` if it is free on the loopback address, or soon is, else a free port taken by chance.

    Whoever was told the port of a server that starts again looks for it there.
    """
    deadline = time.monotonic() + PORT_PATIENCE_SECONDS
    while preferred:
        if _is_free(int(preferred)):
            return preferred
        if time.monotonic() > deadline:
            break
        time.sleep(POLL_SECONDS)
    for port in random.SystemRandom().sample(PORTS, k=200):
        if _is_free(port):
            return str(port)
    raise EmbeddedServerError("No free port was found on 127.0.0.1.")


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except OSError:
            return False
    return True

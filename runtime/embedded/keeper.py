"""Looks after one embedded server: starts it, starts it again when it dies, and stops it with its last user."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from types import FrameType

from runtime.death import signal_on_parents_death
from runtime.embedded.server import STOP_SECONDS, EmbeddedServer, EmbeddedServerError, Launch
from runtime.leftovers import end_leftovers, processes_in
from runtime.locks import LockTimeoutError

TICK_SECONDS = 0.2
# A server that dies this often without having lived this long will not come up by being started once more.
SHORT_LIFE_SECONDS = 5.0
SHORT_LIVES = 5
# Unless it answered before: then what it lacks, such as room on its disk, may come back any time.
PAUSE_SECONDS = 1.0
LOCK_SECONDS = 5.0
LEFTOVER_SECONDS = 5.0


class Keeper:
    """One supervisor of one server; SIGTERM and Ctrl-C ask it to stop."""

    def __init__(self, server: EmbeddedServer, *, until_unused: bool) -> None:
        self.server = server
        self.until_unused = until_unused
        self.stop_asked = False
        self.has_answered = False

    def supervise(self) -> int:
        """Run the server until it is to stop, or in the foreground until it dies; return the exit code."""
        short_lives = 0
        while not self.stop_asked:
            launch = self.server.prepare()
            started = time.monotonic()
            child = _launch(launch)
            code = self._wait(child)
            if code is None:
                _stop(child, launch, self.server.program)
                return 0
            print(f"{self.server.name} ended with code {code}.", file=sys.stderr, flush=True)
            if not self.until_unused:
                return code or 1
            is_short = time.monotonic() - started < SHORT_LIFE_SECONDS
            short_lives = short_lives + 1 if is_short else 0
            if short_lives >= SHORT_LIVES:
                if not self.has_answered:
                    raise EmbeddedServerError(f"{self.server.name} does not stay up; see the lines above.")
                if self._is_unused_after_pause():
                    return 0
        return 0

    def ask_to_stop(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - a signal handler
        """Remember the request; the loop looks at it at every tick."""
        self.stop_asked = True

    def wait_for_lock(self) -> None:
        """Wait for as long as other processes keep the server running, or until asked to stop."""
        if self.server.server_lock.try_acquire():
            return
        print(f"Waiting: other processes keep {self.server.name} running.", file=sys.stderr, flush=True)
        while not self.stop_asked and not self.server.server_lock.try_acquire():
            time.sleep(TICK_SECONDS)

    def _is_unused_after_pause(self) -> bool:
        """Pause before another try; whether nobody needs the server any more."""
        deadline = time.monotonic() + PAUSE_SECONDS
        while time.monotonic() < deadline:
            if self.stop_asked or self.server.users_lock.try_acquire():
                return True
            time.sleep(TICK_SECONDS)
        return False

    def _wait(self, child: subprocess.Popen[bytes]) -> int | None:
        """Return the exit code of a child that died, or None as soon as it is to stop."""
        while True:
            with suppress(subprocess.TimeoutExpired):
                return child.wait(TICK_SECONDS)
            self.has_answered = self.has_answered or self.server.answers()
            if self.stop_asked or (self.until_unused and self.server.users_lock.try_acquire()):
                return None


def keep(server: EmbeddedServer) -> int:
    """Look after the server in a process of its own until its last user is gone; return the exit code.

    The locks are taken before the fork, so that whoever started us can see from it whether the keeper lives.
    """
    try:
        server.server_lock.acquire(seconds=LOCK_SECONDS)
        server.keeper_lock.acquire(seconds=LOCK_SECONDS)
    except LockTimeoutError:
        return 0  # somebody else looks after it already
    if os.fork():
        os._exit(0)
    return _run(Keeper(server, until_unused=True))


def run_in_foreground(server: EmbeddedServer) -> int:
    """Run the server until SIGTERM or Ctrl-C, used or not; return its exit code when it dies by itself."""
    server.make_home()
    return _run(Keeper(server, until_unused=False))


def _run(keeper: Keeper) -> int:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, keeper.ask_to_stop)
    try:
        if not keeper.server.server_lock.is_held:
            keeper.wait_for_lock()
        return keeper.supervise()
    finally:
        # In this order: who waits for the users' lock finds the server's lock free.
        keeper.server.server_lock.release()
        keeper.server.keeper_lock.release()
        keeper.server.users_lock.release()


def _launch(launch: Launch) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            launch.command,
            cwd=launch.directory,
            env=dict(launch.environment),
            stdin=subprocess.DEVNULL,
            user=launch.user_id,
            group=launch.user_id,
            extra_groups=None if launch.user_id is None else [],
            # Ctrl-C in a terminal reaches us alone, and we say how the server stops.
            start_new_session=True,
            # This process has one thread, so running Python between fork and exec is safe. After the change of
            # user, which would undo it.
            preexec_fn=signal_on_parents_death(launch.stop_signal),  # noqa: PLW1509
        )
    except OSError as error:
        raise EmbeddedServerError(f"Cannot start {launch.command[0]}: {error}") from error


def _stop(child: subprocess.Popen[bytes], launch: Launch, program: str) -> None:
    child.send_signal(launch.stop_signal)
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    end_leftovers(lambda: processes_in(launch.directory, program), patience_seconds=LEFTOVER_SECONDS)

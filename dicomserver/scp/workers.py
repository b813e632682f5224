"""Several processes behind one port: a parent accepts and hands each connection to the least busy worker."""

import contextlib
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, NoReturn

from django.db import DatabaseError, connection

from dicomserver.archive import Archive, ArchiveError
from dicomserver.ingest.recovery import recover_left_over
from dicomserver.scp.lobby import Lobby, allow_many_descriptors
from dicomserver.scp.places import Places
from dicomserver.scp.server import ACSE_TIMEOUT_SECONDS, SPARE_CONNECTIONS, AssociationServer, Door, ScpOptions

logger = logging.getLogger(__name__)

GRACE_SECONDS: Final = 10.0
# A worker that dies at once is not started again at once.
RESTART_SECONDS: Final = 1.0
# How often a worker looks for what processes that are no more left behind.
RECOVERY_SECONDS: Final = 10.0
# What the parent says of a connection that it hands over.
PLAIN: Final = b"p"
TLS: Final = b"t"


@dataclass(slots=True)
class _Worker:
    """A worker process as its parent knows it."""

    number: int
    pid: int
    channel: socket.socket
    started_at: float
    connections: int = 0


class Workers:
    """The parent's side. It has no thread and no database connection, so that it can fork at any time."""

    def __init__(self, doors: Sequence[Door], options: ScpOptions, archive: Archive, processes: int) -> None:
        self._lobby = Lobby(
            [(door.listener, partial(self._hand_over, TLS if door.is_tls else PLAIN)) for door in doors],
            ACSE_TIMEOUT_SECONDS,
        )
        self._options = options
        self._archive = archive
        self._processes = processes
        self._workers: dict[int, _Worker] = {}
        self._places = Places(processes, options.maximum_associations)
        self._most = options.maximum_associations + SPARE_CONNECTIONS
        self._is_stopping = False

    def run(self) -> None:
        """Accept and hand over until SIGTERM or SIGINT; then wait for the workers to finish."""
        allow_many_descriptors()
        waker, wakes = socket.socketpair()
        wakes.setblocking(False)
        signal.set_wakeup_fd(wakes.fileno(), warn_on_full_buffer=False)
        for stopping in (signal.SIGTERM, signal.SIGINT):
            signal.signal(stopping, self._on_signal)
        self._lobby.watch(waker, lambda: waker.recv(64))
        while not self._is_stopping:
            for number in sorted(set(range(self._processes)) - set(self._workers)):
                self._start_worker(number)
            self._lobby.turn()
        self._stop()

    def _on_signal(self, _number: int, _frame: object) -> None:
        self._is_stopping = True

    def _hand_over(self, kind: bytes, connection: socket.socket) -> None:
        with connection:
            if not self._workers or sum(one.connections for one in self._workers.values()) >= self._most:
                return
            worker = min(self._workers.values(), key=lambda one: one.connections)
            with contextlib.suppress(OSError):
                socket.send_fds(worker.channel, [kind], [connection.fileno()])
                worker.connections += 1

    def _start_worker(self, number: int) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self._places.reset(number)
        pid = os.fork()
        if pid == 0:
            ours.close()
            self._become_worker(number, theirs)
        theirs.close()
        worker = _Worker(number, pid, ours, time.monotonic())
        self._workers[number] = worker
        self._lobby.watch(ours, lambda: self._hear(worker))

    def _hear(self, worker: _Worker) -> None:
        """One byte a connection that has ended; nothing when the worker has."""
        ended = b""
        with contextlib.suppress(OSError):
            ended = worker.channel.recv(1024)
        worker.connections -= len(ended)
        if not ended:
            self._lobby.forget(worker.channel)
            worker.channel.close()
            _, status = os.waitpid(worker.pid, 0)
            del self._workers[worker.number]
            logger.error("A worker process ended and is replaced", extra={"exit": os.waitstatus_to_exitcode(status)})
            if time.monotonic() - worker.started_at < RESTART_SECONDS:
                time.sleep(RESTART_SECONDS)

    def _stop(self) -> None:
        self._lobby.close()
        for worker in self._workers.values():
            # The workers stop when nobody can hand them anything any more.
            worker.channel.close()
        for worker in self._workers.values():
            os.waitpid(worker.pid, 0)

    def _become_worker(self, number: int, channel: socket.socket) -> NoReturn:
        """The child's part of a fork; never returns."""
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            # The parent decides when to stop; a terminal's Ctrl-C reaches the whole group.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            self._lobby.close()
            for worker in self._workers.values():
                worker.channel.close()
            server = AssociationServer(self._options, self._archive, self._places, number, lambda: _tell(channel))
            serve_handed_connections(channel, server, self._archive)
            status = 0
        except BaseException:
            logger.exception("A worker process failed")
        finally:
            os._exit(status)


def serve_handed_connections(channel: socket.socket, server: AssociationServer, archive: Archive) -> None:
    """A worker's life: run an association on each connection that comes through the channel, until it is closed."""
    stop = threading.Event()
    recovery = threading.Thread(target=_recover, args=(archive, stop.wait), name="recovery", daemon=True)
    recovery.start()
    server.start()
    while True:
        message, descriptors, _, _ = socket.recv_fds(channel, 1, 1)
        if not message:
            break
        for descriptor in descriptors:
            server.take(socket.socket(fileno=descriptor), is_tls=message == TLS)
    stop.set()
    aborted = server.stop(GRACE_SECONDS)
    recovery.join(timeout=GRACE_SECONDS)
    logger.info("Stopped receiving", extra={"aborted_associations": aborted})


def _tell(channel: socket.socket) -> None:
    """Tell the parent that a connection has ended; it may have gone itself."""
    with contextlib.suppress(OSError):
        channel.send(b".")


def _recover(archive: Archive, wait: Callable[[float], bool]) -> None:
    while True:
        try:
            recover_left_over(archive)
        except (ArchiveError, OSError, DatabaseError) as error:
            logger.warning("What a process left behind waits to be completed: %s", type(error).__name__)
        except Exception:
            logger.exception("What a process left behind cannot be completed")
        finally:
            connection.close()
        if wait(RECOVERY_SECONDS):
            return

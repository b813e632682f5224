"""Several processes behind one port: a parent accepts and hands each connection to the least busy worker."""

import contextlib
import logging
import os
import selectors
import signal
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NoReturn

from django.db import DatabaseError, connection

from dicomserver.archive import Archive, ArchiveError
from dicomserver.ingest.recovery import recover_left_over
from dicomserver.scp.server import SPARE_CONNECTIONS, AssociationServer, ScpOptions

logger = logging.getLogger(__name__)

GRACE_SECONDS: Final = 10.0
# A worker that dies at once is not started again at once.
RESTART_SECONDS: Final = 1.0
# How often a worker looks for what processes that are no more left behind.
RECOVERY_SECONDS: Final = 10.0
TAKE: Final = b"t"
REJECT: Final = b"r"


@dataclass(slots=True)
class _Worker:
    """A worker process as its parent knows it."""

    pid: int
    channel: socket.socket
    started_at: float
    associations: int = 0


class Workers:
    """The parent's side. It has no thread and no database connection, so that it can fork at any time."""

    def __init__(self, listener: socket.socket, options: ScpOptions, archive: Archive, processes: int) -> None:
        self._listener = listener
        self._options = options
        self._archive = archive
        self._processes = processes
        self._workers: dict[int, _Worker] = {}
        self._selector = selectors.DefaultSelector()
        self._is_stopping = False

    def run(self) -> None:
        """Accept and hand over until SIGTERM or SIGINT; then wait for the workers to finish."""
        self._listener.setblocking(False)
        waker, wakes = socket.socketpair()
        waker.setblocking(False)
        wakes.setblocking(False)
        signal.set_wakeup_fd(wakes.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        for _ in range(self._processes):
            self._start_worker()
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._selector.register(waker, selectors.EVENT_READ, lambda: waker.recv(64))
        while not self._is_stopping:
            for key, _ in self._selector.select(timeout=RESTART_SECONDS):
                key.data()
            for _ in range(self._processes - len(self._workers)):
                self._start_worker()
        self._stop()

    def _on_signal(self, _number: int, _frame: object) -> None:
        self._is_stopping = True

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            connection, _ = self._listener.accept()
            with connection:
                self._hand_over(connection)

    def _hand_over(self, connection: socket.socket) -> None:
        limit = self._options.maximum_associations
        count = sum(worker.associations for worker in self._workers.values())
        if count >= limit + SPARE_CONNECTIONS or not self._workers:
            return
        worker = min(self._workers.values(), key=lambda one: one.associations)
        socket.send_fds(worker.channel, [TAKE if count < limit else REJECT], [connection.fileno()])
        worker.associations += 1

    def _start_worker(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        pid = os.fork()
        if pid == 0:
            ours.close()
            self._become_worker(theirs)
        theirs.close()
        worker = _Worker(pid, ours, time.monotonic())
        self._workers[pid] = worker
        self._selector.register(ours, selectors.EVENT_READ, lambda: self._hear(worker))

    def _hear(self, worker: _Worker) -> None:
        """One byte an association that has ended; nothing when the worker has."""
        ended = b""
        with contextlib.suppress(OSError):
            ended = worker.channel.recv(1024)
        worker.associations -= len(ended)
        if not ended:
            self._selector.unregister(worker.channel)
            worker.channel.close()
            _, status = os.waitpid(worker.pid, 0)
            del self._workers[worker.pid]
            logger.error("A worker process ended and is replaced", extra={"exit": os.waitstatus_to_exitcode(status)})
            if time.monotonic() - worker.started_at < RESTART_SECONDS:
                time.sleep(RESTART_SECONDS)

    def _stop(self) -> None:
        self._listener.close()
        for worker in self._workers.values():
            # The workers stop when nobody can hand them anything any more.
            worker.channel.close()
        for worker in self._workers.values():
            os.waitpid(worker.pid, 0)

    def _become_worker(self, channel: socket.socket) -> NoReturn:
        """The child's part of a fork; never returns."""
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            # The parent decides when to stop; a terminal's Ctrl-C reaches the whole group.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            self._selector.close()
            self._listener.close()
            for worker in self._workers.values():
                worker.channel.close()
            serve_handed_connections(channel, self._options, self._archive)
            status = 0
        except BaseException:
            logger.exception("A worker process failed")
        finally:
            os._exit(status)


def serve_handed_connections(channel: socket.socket, options: ScpOptions, archive: Archive) -> None:
    """A worker's life: run an association on each connection that comes through the channel, until it is closed."""
    server = AssociationServer(options, archive, on_end=lambda: _tell(channel))
    stop = threading.Event()
    recovery = threading.Thread(target=_recover, args=(archive, stop.wait), name="recovery", daemon=True)
    recovery.start()
    while True:
        message, descriptors, _, _ = socket.recv_fds(channel, 1, 1)
        if not message:
            break
        for descriptor in descriptors:
            server.take(socket.socket(fileno=descriptor), is_one_too_many=message == REJECT)
    stop.set()
    aborted = server.stop(GRACE_SECONDS)
    recovery.join(timeout=GRACE_SECONDS)
    logger.info("Stopped receiving", extra={"aborted_associations": aborted})


def _tell(channel: socket.socket) -> None:
    """Tell the parent that an association has ended; it may have gone itself."""
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

"""A reader of HTTP/1.1 that costs little beside the server: kept connections, raw sockets, bodies dropped unread.

Each process watches its connections with one selector, each connection has one request under way. What is not looked
at is dropped in the kernel (MSG_TRUNC), so that a client in Python is not what is measured; `client_limit` says how
fast it is with a server that only sends ready bytes.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import selectors
import socket
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection as Pipe
from typing import Any, Final, Self

HEAD_BYTES: Final = 16 * 1024
DROP_BYTES: Final = 1024 * 1024
# Beyond this many connections a process more shares them.
CONNECTIONS_A_PROCESS: Final = 16
PATIENCE_SECONDS: Final = 60.0

_spawn = multiprocessing.get_context("spawn")


class UnexpectedAnswer(Exception):
    """The server answered something else than asked for; the message quotes the beginning."""


@dataclass(frozen=True, slots=True)
class Requests:
    """What to ask of one server: `paths` in turn over and over, or each once; by POST where it says what to post."""

    port: int
    paths: tuple[str, ...]
    headers: tuple[tuple[str, str], ...] = ()
    host: str = "127.0.0.1"
    bodies: tuple[str, ...] = ()

    def encoded(self) -> list[bytes]:
        """The requests as they go over the line."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in (("Host", self.host), *self.headers))
        if not self.bodies:
            return [f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode() for path in self.paths]
        posted = zip(self.paths, self.bodies, strict=True)
        return [
            f"POST {path} HTTP/1.1\r\n{lines}Content-Length: {len(body)}\r\n\r\n{body}".encode()
            for path, body in posted
        ]

    def part(self, index: int, count: int, *, each_once: bool) -> Requests:
        """What one of `count` processes asks: its part, or all of it from another one on."""
        if each_once:
            return replace(self, paths=self.paths[index::count], bodies=self.bodies[index::count])
        start = index * len(self.paths) // count
        return replace(
            self,
            paths=self.paths[start:] + self.paths[:start],
            bodies=self.bodies[start:] + self.bodies[:start],
        )


@dataclass(frozen=True, slots=True)
class Measured:
    """Answers that came in full, their bodies' bytes, and how long that took."""

    answers: int
    body_bytes: int
    seconds: float

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds


class _Line:
    """One connection, opened again where the server closes it after an answer."""

    def __init__(self, requests: Requests) -> None:
        self._address = (requests.host, requests.port)
        self.socket = self._open()
        self.body_bytes = 0

    def _open(self) -> socket.socket:
        connection = socket.create_connection(self._address, timeout=PATIENCE_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setblocking(False)
        return connection

    def reopen(self) -> None:
        self.socket.close()
        self.socket = self._open()

    def exchange(self, request: bytes) -> Generator[None, None, bool]:
        """Ask and take the answer; pauses where the server is to be waited for. Returns whether the line stays open."""
        self.socket.sendall(request)
        yield
        head, rest = yield from self._head()
        fields = _checked(head)
        if "content-length" in fields:
            length = int(fields["content-length"])
            self.body_bytes += length
            yield from self._drop(length - len(rest))
        elif fields.get("transfer-encoding", "").lower() == "chunked":
            yield from self._drop_chunks(rest)
        else:
            yield from self._drop_all(len(rest))
            return False
        return fields.get("connection", "").lower() != "close"

    def _head(self) -> Generator[None, None, tuple[bytes, bytes]]:
        data = b""
        while True:
            data += yield from self._some()
            head, end, rest = data.partition(b"\r\n\r\n")
            if end:
                return head, rest
            if len(data) > HEAD_BYTES:
                raise UnexpectedAnswer(repr(data[:200]))

    def _some(self) -> Generator[None, None, bytes]:
        while True:
            try:
                data = self.socket.recv(HEAD_BYTES)
            except BlockingIOError:
                yield
                continue
            if not data:
                raise UnexpectedAnswer("The server closed the connection within an answer.")
            return data

    def _drop(self, length: int) -> Generator[None, None, None]:
        while length > 0:
            try:
                count = self.socket.recv_into(_SINK, min(length, DROP_BYTES), socket.MSG_TRUNC)
            except BlockingIOError:
                yield
                continue
            if not count:
                raise UnexpectedAnswer("The server closed the connection within a body.")
            length -= count

    def _drop_chunks(self, rest: bytes) -> Generator[None, None, None]:
        while True:
            line, end, after = rest.partition(b"\r\n")
            if not end:
                rest += yield from self._some()
                continue
            size = int(line.split(b";")[0], 16)
            self.body_bytes += size
            wanted = size + 2
            if len(after) < wanted:
                yield from self._drop(wanted - len(after))
                rest = b""
            else:
                rest = after[wanted:]
            if not size:
                return

    def _drop_all(self, already: int) -> Generator[None, None, None]:
        """A body that ends with the connection."""
        self.body_bytes += already
        while True:
            try:
                count = self.socket.recv_into(_SINK, DROP_BYTES, socket.MSG_TRUNC)
            except BlockingIOError:
                yield
                continue
            if not count:
                return
            self.body_bytes += count


_SINK: Final = bytearray(DROP_BYTES)


def _checked(head: bytes) -> dict[str, str]:
    status, *lines = head.decode("latin-1").split("\r\n")
    if status.split(" ")[1:2] != ["200"]:
        raise UnexpectedAnswer(head.decode("latin-1")[:300])
    pairs = (line.partition(":") for line in lines)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _drive(requests: Requests, connections: int, queue: Iterator[bytes]) -> Measured:
    """Keep every connection busy until the queue is empty; measured from the first request to the last answer."""
    lines: list[_Line] = []
    try:
        lines += (_Line(requests) for _ in range(connections))
        begun = time.perf_counter()
        answers = _exchange(lines, queue)
        seconds = time.perf_counter() - begun
    finally:
        for line in lines:
            line.socket.close()
    return Measured(answers, sum(line.body_bytes for line in lines), seconds)


def _exchange(lines: Sequence[_Line], queue: Iterator[bytes]) -> int:
    """Let the lines work off the queue; returns how many answers came."""
    answers = 0
    running: dict[_Line, Generator[None, None, bool]] = {}
    with selectors.DefaultSelector() as selector:

        def begin(line: _Line) -> None:
            request = next(queue, None)
            if request is not None:
                selector.register(line.socket, selectors.EVENT_READ, line)
                running[line] = line.exchange(request)
                next(running[line])

        for line in lines:
            begin(line)
        while running:
            ready = selector.select(PATIENCE_SECONDS)
            if not ready:
                raise UnexpectedAnswer(f"No answer within {PATIENCE_SECONDS:.0f} s.")
            for key, _ in ready:
                line = key.data
                try:
                    next(running[line])
                except StopIteration as end:
                    answers += 1
                    del running[line]
                    selector.unregister(line.socket)
                    if not end.value:
                        line.reopen()
                    begin(line)
    return answers


def _until(paths: list[bytes], seconds: float) -> Iterator[bytes]:
    end = time.perf_counter() + seconds
    while True:
        for path in paths:
            if time.perf_counter() > end:
                return
            yield path


def _work(pipe: Pipe, requests: Requests, connections: int, seconds: float | None) -> None:
    """One process of a load: says that it is there, waits for the start, tells what it measured."""
    encoded = requests.encoded()
    pipe.send("ready")
    pipe.recv()
    queue = iter(encoded) if seconds is None else _until(encoded, seconds)
    try:
        pipe.send(_drive(requests, connections, queue))
    except (OSError, UnexpectedAnswer) as error:
        pipe.send(f"{type(error).__name__}: {error}")


def load(requests: Requests, *, connections: int, seconds: float | None = None) -> Measured:
    """Ask over so many connections for so long, or each path once. Raises UnexpectedAnswer."""
    count = -(-connections // CONNECTIONS_A_PROCESS)
    shares = [connections // count + (index < connections % count) for index in range(count)]
    workers = []
    for index, share in enumerate(shares):
        ours, theirs = _spawn.Pipe()
        part = requests.part(index, count, each_once=seconds is None)
        process = _spawn.Process(target=_work, args=(theirs, part, share, seconds), daemon=True)
        process.start()
        theirs.close()
        workers.append((process, ours))
    for _, pipe in workers:
        pipe.recv()
    begun = time.perf_counter()
    for _, pipe in workers:
        pipe.send("go")
    results = [pipe.recv() for _, pipe in workers]
    took = time.perf_counter() - begun
    for process, _ in workers:
        process.join()
    return _sum(results, took)


def _sum(results: Sequence[Any], seconds: float) -> Measured:
    failures = [result for result in results if isinstance(result, str)]
    if failures:
        raise UnexpectedAnswer(failures[0])
    return Measured(sum(one.answers for one in results), sum(one.body_bytes for one in results), seconds)


def fetch(requests: Requests) -> Measured:
    """Each path once over one connection, in this process: for single answers, timed without any start-up."""
    return _drive(requests, 1, iter(requests.encoded()))


class ReadySender:
    """A server that parses nothing and sends the same bytes to each request: what a client reaches at most."""

    def __init__(self, body_bytes: int, processes: int = 2) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._socket.getsockname()[1]
        self._body_bytes = body_bytes
        # Forked, as they share the listening socket and nothing else.
        fork = multiprocessing.get_context("fork")
        self._processes = [fork.Process(target=self._serve, daemon=True) for _ in range(processes)]

    def __enter__(self) -> Self:
        for process in self._processes:
            process.start()
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            # Nothing to end kindly, and the handlers of signals are the parent's.
            process.kill()
            process.join()
        self._socket.close()

    def _serve(self) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {self._body_bytes}\r\n\r\n".encode()
        answer = head + bytes(self._body_bytes)
        while True:
            connection, _ = self._socket.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._answer, args=(connection, answer), daemon=True).start()

    @staticmethod
    def _answer(connection: socket.socket, answer: bytes) -> None:
        with contextlib.suppress(OSError):
            while connection.recv(HEAD_BYTES):
                connection.sendall(answer)


def client_limit(body_bytes: int, *, connections: int, seconds: float = 2.0) -> Measured:
    """What this client reaches with a server that only sends ready bytes."""
    with ReadySender(body_bytes) as sender:
        return load(Requests(sender.port, ("/",)), connections=connections, seconds=seconds)

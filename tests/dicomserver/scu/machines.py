"""Other machines for tests of the SCU: pynetdicom's servers, and sockets that misbehave."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pynetdicom import AE, evt

from dicomserver.scu import Timeouts

QUICK = Timeouts(connect=2, association=2, response=2)
VERIFICATION = "1.2.840.10008.1.1"


@dataclass(frozen=True)
class Machine:
    """Where a machine listens."""

    port: int
    ae_title: str = "MACHINE"
    host: str = "127.0.0.1"
    uses_tls: bool = False


@contextmanager
def machine(
    *contexts: tuple[str, list[str]], handlers: list[tuple[Any, ...]] | None = None, **attributes: Any
) -> Iterator[Machine]:
    """A server of pynetdicom's that supports the contexts."""
    ae = AE(ae_title="MACHINE")
    for name, value in attributes.items():
        setattr(ae, name, value)
    for abstract_syntax, transfer_syntaxes in contexts:
        ae.add_supported_context(abstract_syntax, transfer_syntaxes)
    connections: list[Any] = []
    noting = (evt.EVT_CONN_OPEN, lambda event: connections.append(event.assoc.dul.socket.socket))
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=[*(handlers or []), noting])
    try:
        yield Machine(server.socket.getsockname()[1])
    finally:
        server.shutdown()
        # pynetdicom leaves a connection open that the other side closed first.
        for connection in connections:
            connection.close()


@contextmanager
def listener_that_says(answer: bytes | None) -> Iterator[Machine]:
    """A socket that answers whatever comes with these bytes, or never where there are none; b"" hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        is_over = threading.Event()
        connections: list[socket.socket] = []

        def serve() -> None:
            while not is_over.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                connections.append(connection)
                if answer is not None:
                    connection.recv(65536)
                    connection.sendall(answer)
                    connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield Machine(server.getsockname()[1])
        finally:
            is_over.set()
            thread.join()
            for connection in connections:
                connection.close()


@contextmanager
def storage(
    *contexts: tuple[str, list[str]],
    statuses: dict[str, int] | None = None,
    abort_on: frozenset[str] = frozenset(),
    delay: Callable[[], object] = lambda: None,
) -> Iterator[tuple[Machine, list[Any]]]:
    """A machine that stores, and the events of what it was sent."""
    received: list[Any] = []

    def handle(event: evt.Event) -> int:
        delay()
        uid = str(event.request.AffectedSOPInstanceUID)
        if uid in abort_on:
            event.assoc.abort()
            return 0x0110
        received.append((uid, event.context.transfer_syntax, event.request.DataSet.getvalue(), event.request))
        return (statuses or {}).get(uid, 0)

    with machine(*contexts, handlers=[(evt.EVT_C_STORE, handle)]) as place:
        yield place, received

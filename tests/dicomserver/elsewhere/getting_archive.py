"""An archive of pynetdicom's that sends on the association that asks (C-GET)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import AE, evt

from dicomserver.access.peers import add_peer, known_peers
from dicomserver.scu.finding import STUDY_ROOT_FIND
from dicomserver.scu.getting import STUDY_ROOT_GET
from dicomserver.scu.moving import STUDY_ROOT_MOVE
from tests.dicomserver.objects import CT, IMPLICIT
from tests.dicomserver.scu.machines import Machine


@contextmanager
def getting_archive(
    name: str,
    handle: Any,
    found: Dataset,
    *,
    handle_move: Any = None,
    retrieve_by: str = "get",
    stores: tuple[tuple[str, list[str]], ...] = ((CT, [IMPLICIT]),),
) -> Iterator[tuple[Machine, list[Any]]]:
    """An archive that finds one study, and on C-GET does what `handle` does.

    The statuses that this server answered its C-STORE requests with are returned.
    """
    ae = AE(ae_title="MACHINE")
    for uid in (STUDY_ROOT_FIND, STUDY_ROOT_GET, *([STUDY_ROOT_MOVE] if handle_move else [])):
        ae.add_supported_context(uid, [IMPLICIT])
    for uid, syntaxes in stores:
        ae.add_supported_context(uid, syntaxes, scu_role=True, scp_role=True)
    answers: list[Any] = []

    def find(event: evt.Event) -> Any:
        answers.append(("FIND", event.identifier.QueryRetrieveLevel))
        yield 0xFF00, found

    handlers = [(evt.EVT_C_FIND, find), (evt.EVT_C_GET, handle)]
    if handle_move:
        handlers.append((evt.EVT_C_MOVE, handle_move))
    connections: list[Any] = []
    handlers.append((evt.EVT_CONN_OPEN, lambda event: connections.append(event.assoc.dul.socket.socket)))
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    place = Machine(server.socket.getsockname()[1])
    try:
        add_peer(name, ae_title="MACHINE", host="127.0.0.1", port=place.port, is_archive=True, retrieve_by=retrieve_by)
        known_peers.forget()
        yield place, answers
    finally:
        server.shutdown()
        for connection in connections:
            connection.close()

"""One association as this server runs it: pynetdicom's, with bounded receiving, streaming and a clean end."""

import contextlib
import socket
from typing import Any, Final, cast

from django.db import connections
from pynetdicom._globals import MODE_ACCEPTOR
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.transport import AssociationSocket, RequestHandler, ThreadedAssociationServer

from dicomserver.archive import Archive
from dicomserver.scp.receiving import StreamingDimse, received_data_set

# What this server announces for P-DATA; larger ones mean fewer of them (PS3.8 D.1).
MAX_PDU_BYTES: Final = 128 * 1024
# No PDU is longer: the longest association request, of 128 contexts with all syntaxes, has some 300 kB.
MAX_RECEIVED_PDU_BYTES: Final = 4 * 1024 * 1024
CANNOT_UNDERSTAND: Final = 0xC000


class BoundedSocket(AssociationSocket):
    """Reads a PDU with few system calls, and none that is longer than a PDU can be."""

    def recv(self, nr_bytes: int) -> bytearray:
        """Read exactly so many bytes, fewer at the end of the connection. Raises OSError."""
        if nr_bytes > MAX_RECEIVED_PDU_BYTES:
            raise OSError("The peer announces a longer PDU than this server takes.")
        connection = self.socket
        if connection is None:
            raise OSError("The connection is closed.")
        data = bytearray(nr_bytes)
        view, position = memoryview(data), 0
        while position < nr_bytes:
            count = connection.recv_into(view[position:])
            if not count:
                break
            position += count
        view.release()
        del data[position:]
        _acknowledge_at_once(connection)
        return data

    def _shutdown_socket(self) -> None:
        """Close the connection also where the peer did first: pynetdicom then leaves it to the garbage collector."""
        connection = self.socket
        if connection is None:
            return
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        connection.close()


def _acknowledge_at_once(connection: socket.socket) -> None:
    """A sender with Nagle's algorithm waits for the acknowledgement, 40 ms each time; the option is not sticky."""
    if hasattr(socket, "TCP_QUICKACK"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


class StorageAssociation(Association):
    """An accepted association: its data sets go to the archive, its leftovers and its database connection go away."""

    def __init__(self, ae: Any, archive: Archive) -> None:
        super().__init__(ae, MODE_ACCEPTOR)
        self.streaming = StreamingDimse(self, archive)
        self.dimse = self.streaming

    def run_reactor(self) -> None:
        """Serve the association until it ends."""
        try:
            super().run_reactor()
        finally:
            self.streaming.discard()
            connections.close_all()

    def _serve_request(self, msg: Any, context_id: int) -> None:
        """Serve one message; a C-STORE without its UIDs, which pynetdicom would leave unanswered, is refused."""
        if isinstance(msg, C_STORE) and not msg.is_valid_request and msg.MessageID is not None:
            response = C_STORE()
            response.MessageIDBeingRespondedTo = msg.MessageID
            response.Status = CANNOT_UNDERSTAND
            self.dimse.send_msg(response, context_id)
        else:
            super()._serve_request(msg, context_id)
        received = received_data_set(msg) if isinstance(msg, C_STORE) else None
        if received is not None:
            received.discard()


class StorageListener(ThreadedAssociationServer):
    """pynetdicom's server, which knows the archive."""

    archive: Archive
    daemon_threads = True


class StorageRequestHandler(RequestHandler):
    """Makes the association of an accepted connection."""

    def _create_association(self) -> StorageAssociation:
        """As pynetdicom's, without copying all supported contexts: `handle_requested` chooses them."""
        ae, server = self.ae, cast("StorageListener", self.server)
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # A peer that stops in the middle of a PDU must not hold the thread for ever.
        self.request.settimeout(ae.network_timeout)
        assoc = StorageAssociation(ae, server.archive)
        assoc._server = server  # noqa: SLF001 - as pynetdicom does
        assoc.name = f"AcceptorThread-{self.client_address[0]}-{self.client_address[1]}"
        assoc.set_socket(BoundedSocket(assoc, client_socket=self.request))
        assoc.acceptor.maximum_length = ae.maximum_pdu_size
        assoc.acceptor.ae_title = server.ae_title
        assoc.acceptor.address_info = self.local
        assoc.acceptor.implementation_class_uid = ae.implementation_class_uid
        assoc.acceptor.implementation_version_name = ae.implementation_version_name
        assoc.requestor.address_info = self.remote
        handlers: dict[Any, Any] = dict(server._handlers)  # noqa: SLF001
        for event, bound in handlers.items():
            for handler, arguments in [bound] if event.is_intervention else bound:
                assoc.bind(event, handler, arguments)
        return assoc

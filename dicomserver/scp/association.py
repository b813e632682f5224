"""One association as this server runs it: pynetdicom's, with our receive loop, our services and a clean end."""

import hashlib
import logging
import socket
import ssl
import threading
import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from django.db import connections
from pydicom.uid import UID
from pynetdicom import evt
from pynetdicom._globals import MODE_ACCEPTOR
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import (
    C_FIND,
    C_GET,
    C_MOVE,
    C_STORE,
    N_ACTION,
    N_CREATE,
    N_DELETE,
    N_EVENT_REPORT,
    N_GET,
    N_SET,
)
from pynetdicom.presentation import PresentationContext
from pynetdicom.transport import AddressInformation

from dicomserver.access.models import Service as Named
from dicomserver.archive import Archive
from dicomserver.ingest.committing import Committer
from dicomserver.scp import serving
from dicomserver.scp.calling import CallingPeer
from dicomserver.scp.command_set import StoreRequest
from dicomserver.scp.connection import BufferedSocket
from dicomserver.scp.messages import MAX_PEERS_BUFFERED_BYTES, BoundedDimse
from dicomserver.scp.receive_loop import CONNECTED, LOOK_SECONDS, ProtocolViolation, ReceivingDul
from dicomserver.scp.serving import AssociationEnded, Service, response_to
from dicomserver.scp.storing import StoreOperation

logger = logging.getLogger(__name__)

# A peer that releases finds in the index what it sent, unless the database is slow or away.
RELEASE_FLUSH_SECONDS: Final = 1.0

_N_OPERATIONS: Final = (N_ACTION, N_CREATE, N_DELETE, N_EVENT_REPORT, N_GET, N_SET)
_QUERIES: Final = (C_FIND, C_GET, C_MOVE)
_NOBODY: Final = CallingPeer("", "", "")


class AcceptedAssociation(Association):
    """An accepted association: its C-STOREs go to the archive, other requests to their services.

    It is the `NodeAssociation` of those. Its leftovers and its database connection go when it goes.
    """

    def __init__(
        self,
        ae: Any,
        connection: socket.socket,
        archive: Archive,
        committer: Committer,
        services: Mapping[str, Service],
        on_end: Callable[["AcceptedAssociation"], None],
    ) -> None:
        super().__init__(ae, MODE_ACCEPTOR)
        # Whether it is counted among the associations that the server may have at once.
        self.has_place = False
        self.peer = _NOBODY
        self._archive = archive
        self._committer = committer
        self._services = services
        self._on_end = on_end
        self._has_stored = False
        self.dimse: BoundedDimse = BoundedDimse(self, LOOK_SECONDS)
        self.dul: ReceivingDul = ReceivingDul(self, self._begin_store, self._before_release, self.dimse.wake)
        # Set again, as they are kept by the provider that was just replaced.
        self.acse_timeout = ae.acse_timeout
        self.network_timeout = ae.network_timeout
        self._connection = BufferedSocket(self, connection, ae.network_timeout)
        self.set_socket(self._connection)
        self.acceptor.maximum_length = ae.maximum_pdu_size
        self.acceptor.ae_title = ae.ae_title
        self.acceptor.implementation_class_uid = ae.implementation_class_uid
        self.acceptor.implementation_version_name = ae.implementation_version_name

    def set_addresses(self, local: Any, remote: Any) -> None:
        """Note both ends of the connection, for the log and the records."""
        self.acceptor.address_info = AddressInformation.from_tuple(local)
        self.requestor.address_info = AddressInformation.from_tuple(remote)
        self.name = f"association-{remote[0]}-{remote[1]}"

    @property
    def certificate_sha256(self) -> str:
        """The digest of the certificate that the peer proved by TLS; empty without one."""
        connection = self._connection.socket
        certificate = connection.getpeercert(binary_form=True) if isinstance(connection, ssl.SSLSocket) else None
        return hashlib.sha256(certificate).hexdigest() if certificate else ""

    def admit(self, peer: CallingPeer) -> None:
        """Know from now on who is at the other end."""
        self.peer = peer
        if peer.services - {Named.STORE}:
            self.dimse.max_buffered_bytes = MAX_PEERS_BUFFERED_BYTES

    def reject(self, result: int, source: int, reason: int) -> None:
        """Do not let the peer in (PS3.8 9.3.4)."""
        self.acse.send_reject(result, source, reason)
        evt.trigger(self, evt.EVT_REJECTED, {})
        self.kill()

    def run_reactor(self) -> None:
        """Serve the association until it ends."""
        try:
            self._connection.handshake()
            super().run_reactor()
        except ssl.SSLError as error:
            # The reason is OpenSSL's word for it, such as CERTIFICATE_VERIFY_FAILED.
            extra = {"reason": error.reason or "", "remote_address": str(self.requestor.address or "")}
            logger.warning("TLS handshake failed", extra=extra)
        except Exception as error:  # noqa: BLE001 - the edge of the thread: hostile peers find errors of many types
            logger.warning("Association ended by an error: %s", type(error).__name__)
        finally:
            self.kill()
            self._connection.release()
            connections.close_all()
            self._on_end(self)

    def extended(self, sop_class_uid: str) -> bytes:
        """What was agreed on for the class by SOP Class Extended Negotiation; empty without one."""
        return bytes(self.acceptor.sop_class_extended.get(UID(sop_class_uid), b""))

    def is_cancelled(self, message_id: int) -> bool:
        """Whether the peer cancelled the request, or ended the association."""
        return message_id in self.dimse.cancel_req or self._is_over()

    def send(self, primitive: Any, context_id: int, data: Iterable[bytes | memoryview] | None = None) -> None:
        """Send a message in PDUs that the peer takes, its data set as it comes. Raises AssociationEnded."""
        if self._is_over():
            raise AssociationEnded
        try:
            self.dimse.send_message(primitive, context_id, data, self._connection.send_all)
        except OSError as error:
            raise AssociationEnded from error

    def receive_response(self, message_id: int, seconds: float) -> Any:
        """The peer's response to a request of ours. Raises NoResponse and AssociationEnded."""
        return self.dimse.take_response(message_id, seconds, self._is_over)

    def _is_over(self) -> bool:
        return self._kill or not self.is_established or self.dul.state_machine.current_state != CONNECTED

    def _serve_request(self, msg: Any, context_id: int) -> None:
        """Serve one message. A C-STORE that comes here has a command set that cannot be read."""
        if threading.current_thread() is not self:
            # pynetdicom makes a thread for each N-EVENT-REPORT; here each request has its turn.
            self.dimse.msg_queue.put((context_id, msg))
            self.dimse.wake()
            return
        context = self._accepted_cx.get(context_id)
        service = None if context is None else self._services.get(str(context.abstract_syntax))
        if isinstance(msg, C_STORE):
            self.abort(block=False)
        elif context is None or service is None:
            super()._serve_request(msg, context_id)
        elif msg.MessageID is None:
            self.abort(block=False)
        else:
            self._serve(service, msg, context)

    def _serve(self, service: Service, request: Any, context: PresentationContext) -> None:
        self.dimse.begin_request(request.MessageID)
        try:
            refusal = _refusal(service, request, context)
            if refusal is None:
                service.serve(self, request, context)
            else:
                self.send(response_to(request, refusal), context.context_id or 0)
        except AssociationEnded:
            logger.info("The peer went while it was served", extra={"service": service.name})
        except Exception as error:  # noqa: BLE001 - the edge of the process: the peer must get an answer
            # Neither the message nor the values of an unknown error are logged: they may quote the data set.
            where = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
            extra = {"service": service.name, "where": where}
            logger.error("A request failed unexpectedly: %s", type(error).__name__, extra=extra)
            # A response may have been sent in part, after which no other can be.
            self.abort(block=False)
        finally:
            self.dimse.end_request()
            # An association that waits for its next request needs no connection to the database.
            connections.close_all()
            # What the peer waited for was our time, not its.
            self.dul.restart_idle_timer()

    def _begin_store(self, request: StoreRequest, context_id: int) -> StoreOperation:
        context = self._accepted_cx.get(context_id)
        if context is None or not context.as_scp:
            raise ProtocolViolation
        self._has_stored = True
        return StoreOperation(request, str(context.transfer_syntax[0]), self.peer, self._archive, self._committer)

    def _before_release(self) -> None:
        if self._has_stored:
            self._committer.flush(RELEASE_FLUSH_SECONDS)


def _refusal(service: Service, request: Any, context: PresentationContext) -> int | None:
    """The status with which a request is refused that is none for its service."""
    if type(request) not in service.operations:
        return serving.UNRECOGNIZED_OPERATION
    affected = getattr(request, "AffectedSOPClassUID", None) or getattr(request, "RequestedSOPClassUID", None)
    if affected is not None and str(affected) != str(context.abstract_syntax):
        return serving.SOP_CLASS_NOT_SUPPORTED
    if not request.is_valid_request:
        return serving.MISSING_ATTRIBUTE if isinstance(request, _N_OPERATIONS) else serving.CANNOT_UNDERSTAND
    if isinstance(request, _QUERIES) and not (request.Identifier and request.Identifier.getbuffer().nbytes):
        return serving.IDENTIFIER_DOES_NOT_MATCH
    return None

"""One association as this server runs it: pynetdicom's, with our receive loop, and a clean end."""

import logging
import socket
from collections.abc import Callable
from typing import Any, Final

from django.db import connections
from pynetdicom import evt
from pynetdicom._globals import MODE_ACCEPTOR
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.transport import AddressInformation

from dicomserver.archive import Archive
from dicomserver.ingest.committing import Committer
from dicomserver.scp.command_set import StoreRequest
from dicomserver.scp.connection import BufferedSocket
from dicomserver.scp.messages import BoundedDimse
from dicomserver.scp.receive_loop import LOOK_SECONDS, ProtocolViolation, ReceivingDul
from dicomserver.scp.storing import Peer, StoreOperation

logger = logging.getLogger(__name__)

# A peer that releases finds in the index what it sent, unless the database is slow or away.
RELEASE_FLUSH_SECONDS: Final = 1.0
# PS3.8 9.3.4: rejected transient, by the presentation related provider, local limit exceeded.
LOCAL_LIMIT_EXCEEDED: Final = (0x02, 0x03, 0x02)


class StorageAssociation(Association):
    """An accepted association: its C-STOREs go to the archive, its leftovers and its database connection go away."""

    def __init__(
        self,
        ae: Any,
        connection: socket.socket,
        archive: Archive,
        committer: Committer,
        on_end: Callable[["StorageAssociation"], None],
    ) -> None:
        super().__init__(ae, MODE_ACCEPTOR)
        # Whether it is counted among the associations that the server may have at once.
        self.has_place = False
        self._archive = archive
        self._committer = committer
        self._on_end = on_end
        self._has_stored = False
        self._peer: Peer | None = None
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

    def run_reactor(self) -> None:
        """Serve the association until it ends."""
        try:
            super().run_reactor()
        except Exception as error:  # noqa: BLE001 - the edge of the thread: hostile peers find errors of many types
            logger.warning("Association ended by an error: %s", type(error).__name__)
        finally:
            self.kill()
            self._connection.release()
            connections.close_all()
            self._on_end(self)

    def reject_one_too_many(self) -> None:
        """Ask the peer to come again later."""
        self.acse.send_reject(*LOCAL_LIMIT_EXCEEDED)
        evt.trigger(self, evt.EVT_REJECTED, {})
        self.kill()

    def _serve_request(self, msg: Any, context_id: int) -> None:
        """Serve one message. A C-STORE that comes here has a command set that cannot be read."""
        if isinstance(msg, C_STORE):
            self.abort(block=False)
        else:
            super()._serve_request(msg, context_id)

    def _begin_store(self, request: StoreRequest, context_id: int) -> StoreOperation:
        context = self._accepted_cx.get(context_id)
        if context is None:
            raise ProtocolViolation
        self._has_stored = True
        if self._peer is None:
            primitive = self.requestor.primitive
            self._peer = Peer(
                calling_ae_title=self.requestor.ae_title.strip(),
                called_ae_title=primitive.called_ae_title.strip() if primitive else "",
                remote_address=str(self.requestor.address or ""),
            )
        return StoreOperation(request, str(context.transfer_syntax[0]), self._peer, self._archive, self._committer)

    def _before_release(self) -> None:
        if self._has_stored:
            self._committer.flush(RELEASE_FLUSH_SECONDS)

"""Reads the P-DATA of an association in one loop: C-STORE is served here, everything else goes to pynetdicom."""

import logging
import time
from collections.abc import Callable
from typing import Any, Final, cast

from pynetdicom.dul import DULServiceProvider
from pynetdicom.fsm import InvalidEventError
from pynetdicom.pdu_primitives import P_DATA

from dicomserver.scp.command_set import parse_store_request, store_response
from dicomserver.scp.connection import MAX_RECEIVED_PDU_BYTES, BufferedSocket
from dicomserver.scp.storing import StoreOperation, StoreStatus

logger = logging.getLogger(__name__)

P_DATA_TF: Final = 0x04
A_RELEASE_RQ: Final = 0x05
CONNECTED: Final = "Sta6"
# How long the thread sleeps at most before it looks whether its association was ended by others.
LOOK_SECONDS: Final = 1.0
# Within the network time-out a data set must grow by so much, or end.
PROGRESS_BYTES: Final = 16 * 1024
MAX_COMMAND_BYTES: Final = 64 * 1024

Begin = Callable[[Any, int], StoreOperation]


class ProtocolViolation(Exception):
    """What the peer sends is no DICOM upper layer protocol, or not in this state."""


class ReceivingDul(DULServiceProvider):
    """pynetdicom's upper layer, which sleeps until something happens and reads C-STORE in one go (PS3.8 9.2, 9.3).

    pynetdicom keeps the negotiation, all other messages, release and abort. While the association is established,
    P-DATA is taken here: a command set that is a C-STORE-RQ begins a `StoreOperation`, which gets the data set as
    views into the receive buffer; every other fragment is handed over as pynetdicom would have read it.
    """

    def __init__(self, assoc: Any, begin: Begin, before_release: Callable[[], None], wake: Callable[[], None]) -> None:
        super().__init__(assoc)
        self._wake = wake
        self._begin = begin
        self._before_release = before_release
        self._operation: StoreOperation | None = None
        self._due = 0.0
        self._progress = 0
        self._request: Any = None
        self._context_id = 0
        self._command = bytearray()
        self._pieces: list[memoryview] = []
        # The parent's loop naps where it finds nothing to do; here it has slept already.
        self._run_loop_delay = 0

    @property
    def connection(self) -> BufferedSocket:
        """The association's socket."""
        return cast("BufferedSocket", self.socket)

    @property
    def _patience(self) -> float:
        return self.network_timeout or float("inf")

    def run_reactor(self) -> None:
        """Serve the connection until the association ends."""
        self.connection.before_overwriting = self._write_pieces
        try:
            super().run_reactor()
        except InvalidEventError:
            # Both ends wanted to end the association at once.
            logger.warning("Association ended out of order")
        except ValueError:
            # pynetdicom reads PDUs with values that no PDU has, an A-ABORT of an unknown source, and fails afterwards.
            logger.warning("Association ended by a PDU with values that none has")
        finally:
            self.discard()
            # It is over; whoever still waits for a request that the peer never made need not.
            self.to_user_queue.put(cast("Any", None))
            self._wake()

    def send_pdu(self, primitive: Any) -> None:
        """Queue a primitive of the association's thread, and see to it that it is sent at once."""
        super().send_pdu(primitive)
        self.connection.wake()

    def restart_idle_timer(self) -> None:
        """Count the time anew after which a silent peer is sent away."""
        self._idle_timer.restart()

    def kill_dul(self) -> None:
        """End the thread."""
        super().kill_dul()
        self.connection.wake()

    def stop_dul(self) -> bool:
        """End the thread if the association has ended; whether it has."""
        if self.state_machine.current_state != "Sta1":
            return False
        self.kill_dul()
        self.join()
        return True

    def discard(self) -> None:
        """Remove what was received and will not be answered."""
        self._pieces = []
        if self._operation is not None:
            self._operation.discard()
            self._operation = None

    def _is_transport_event(self) -> bool:
        """Sleep until there is something to do; whether the peer sent something. Called by the parent's loop."""
        # What the last turn brought may be for the association's thread.
        self._wake()
        if self.state_machine.current_state == "Sta13":
            # The association is over, and what the peer still says does not count (PS3.8 9.2, AA-6).
            self.connection.drain()
            self.connection.close()
            return True
        if not self.event_queue.empty() or self._kill_thread:
            return False
        if self.state_machine.current_state == "Sta1":
            self._kill_thread = True
            return False
        if not self.connection.wait(LOOK_SECONDS):
            return False
        self.connection.begin_pdu()
        if self.state_machine.current_state != CONNECTED:
            self._read_pdu_data()
            return True
        try:
            self._receive()
        except ProtocolViolation:
            self._give_up()
        except OSError:
            self.discard()
            self.event_queue.put("Evt17")
        return True

    def _receive(self) -> None:
        """Take PDUs for as long as they come and nobody wants to send. Raises OSError and ProtocolViolation."""
        connection = self.connection
        while self.event_queue.empty() and not self.to_provider_queue.queue and not self._kill_thread:
            if not connection.available and not connection.wait(LOOK_SECONDS):
                return
            connection.begin_pdu()
            header = connection.peek_header()
            if header is None or header[0] != P_DATA_TF:
                self._hand_back(header)
                return
            connection.skip(6)
            self._take_p_data(header[1])
            self._idle_timer.restart()

    def _hand_back(self, header: tuple[int, int] | None) -> None:
        """Let pynetdicom read what is not P-DATA, or the end of the connection."""
        if header is not None and header[0] == A_RELEASE_RQ and self._operation is None:
            self._before_release()
        else:
            self.discard()
        self._read_pdu_data()

    def _take_p_data(self, length: int) -> None:
        if length > MAX_RECEIVED_PDU_BYTES:
            raise ProtocolViolation
        connection = self.connection
        while length:
            header = connection.take_item_header() if length >= 6 else None
            if header is None:
                raise ProtocolViolation
            size, context_id, control = header
            if not 2 <= size <= length - 4:
                raise ProtocolViolation
            length -= size + 4
            self._take_fragment(context_id, control, size - 2)

    def _take_fragment(self, context_id: int, control: int, size: int) -> None:
        is_command, is_last = bool(control & 1), bool(control & 2)
        if is_command:
            if self._operation is not None or (self._command and context_id != self._context_id):
                raise ProtocolViolation
            self._context_id = context_id
            self._command += self._read(size)
            if len(self._command) > MAX_COMMAND_BYTES:
                raise ProtocolViolation
            if is_last:
                self._end_command(context_id)
        elif self._operation is None:
            if self._command or self.assoc.dimse.message is None:
                raise ProtocolViolation
            self._hand_over(context_id, control, self._read(size))
        else:
            if context_id != self._context_id:
                raise ProtocolViolation
            self._take_data(size)
            if is_last:
                self._end_operation()

    def _read(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            if not self.connection.require(1):
                raise OSError("The connection ended within a PDU.")
            data += self.connection.take(size - len(data))
        return bytes(data)

    def _take_data(self, size: int) -> None:
        """Note views of the fragment's bytes; they are written before the buffer is filled anew."""
        connection = self.connection
        self._watch_progress(size)
        while size:
            if not connection.require(1):
                raise OSError("The connection ended within a PDU.")
            view = connection.take(size)
            self._pieces.append(view)
            size -= len(view)

    def _watch_progress(self, size: int) -> None:
        """A data set that hardly grows holds a place that others need. Raises TimeoutError."""
        now = time.monotonic()
        self._progress += size
        if self._progress >= PROGRESS_BYTES:
            self._progress, self._due = 0, now + self._patience
        elif now > self._due:
            raise TimeoutError("The data set does not come on.")

    def _write_pieces(self) -> None:
        if self._pieces and self._operation is not None:
            self._operation.write(self._pieces)
        self._pieces = []

    def _end_command(self, context_id: int) -> None:
        command_set, self._command = bytes(self._command), bytearray()
        request = parse_store_request(command_set)
        if request is None:
            self._hand_over(context_id, 3, command_set)
            return
        self._request = request
        self._operation = self._begin(request, context_id)
        self._progress, self._due = 0, time.monotonic() + self._patience
        if not request.has_data_set:
            self._end_operation()

    def _end_operation(self) -> None:
        self._write_pieces()
        operation, self._operation = self._operation, None
        if operation is None:
            return
        answer: StoreStatus = operation.finish()
        limit = self.assoc.requestor.maximum_length or 0
        self.connection.send(store_response(self._request, self._context_id, answer.status, answer.comment, limit))

    def _hand_over(self, context_id: int, control: int, data: bytes) -> None:
        """Give one fragment to pynetdicom, as its own reading would have."""
        primitive = P_DATA()
        # pynetdicom insists on a list where its annotation says tuple.
        primitive.presentation_data_value_list = cast("Any", [[context_id, bytes([control]) + data]])
        self.assoc.dimse.receive_primitive(primitive)

    def _give_up(self) -> None:
        """End the association by an A-ABORT: what the peer sends cannot be understood."""
        self.discard()
        self.event_queue.put("Evt19")

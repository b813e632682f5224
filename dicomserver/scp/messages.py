"""DIMSE messages other than C-STORE-RQ: pynetdicom's provider, with bounds on what a peer can make it hold."""

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final

from pynetdicom.dimse import _RQ_TO_MESSAGE, _RSP_TO_MESSAGE, DIMSEServiceProvider
from pynetdicom.dimse_primitives import C_CANCEL
from pynetdicom.dsutils import encode
from pynetdicom.pdu_primitives import P_DATA

from dicomserver.scp.command_set import p_data
from dicomserver.scp.serving import AssociationEnded, NoResponse

logger = logging.getLogger(__name__)

# Command sets, and the data sets of strangers' messages but C-STORE, are small; more is an attack on memory.
MAX_BUFFERED_BYTES: Final = 1024 * 1024
# A peer may ask for the commitment of a study of many thousand instances.
MAX_PEERS_BUFFERED_BYTES: Final = 16 * 1024 * 1024
# Messages that a peer may send ahead while one is being served.
MAX_QUEUED_MESSAGES: Final = 8

_HAS_DATA_SET: Final = 0x0001


class _Requests(queue.Queue[Any]):
    """What the association's thread will serve; responses go to whoever waits for them."""

    def __init__(self, sort: Callable[[Any], bool]) -> None:
        super().__init__()
        self._sort = sort

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Queue a context ID and a message; called by pynetdicom when a message is complete."""
        if item is None or self._sort(item[1]):
            super().put(item, block, timeout)


class BoundedDimse(DIMSEServiceProvider):
    """pynetdicom's DIMSE provider; its readers sleep until there is a message, or something else to look at.

    Two threads meet here: the DUL's, which brings what the peer sends, and the association's, which serves it.
    """

    def __init__(self, assoc: Any, look_seconds: float) -> None:
        super().__init__(assoc)
        self.max_buffered_bytes = MAX_BUFFERED_BYTES
        self._look_seconds = look_seconds
        self._buffered = 0
        self._served: int | None = None
        self._has_news = threading.Event()
        self._responses: deque[Any] = deque()
        self._has_response = threading.Condition()
        self.msg_queue: queue.Queue[Any] = _Requests(self._is_request)

    def wake(self) -> None:
        """Let the association's thread look at what has come."""
        self._has_news.set()
        with self._has_response:
            self._has_response.notify_all()

    def get_msg(self, block: bool = False) -> Any:
        """The next message; where none is asked for by waiting, that is the association's loop, which naps here."""
        if not block:
            self._has_news.wait(self._look_seconds)
            self._has_news.clear()
        return super().get_msg(block)

    def receive_primitive(self, primitive: P_DATA) -> None:
        """Take a fragment; one that makes no message, or too much of one, ends the association."""
        (_, fragment), *_ = primitive.presentation_data_value_list
        self._buffered += len(fragment)
        waiting = self.msg_queue.qsize() + len(self._responses)
        if self._buffered > self.max_buffered_bytes or waiting > MAX_QUEUED_MESSAGES:
            self._give_up("more than is believable")
            return
        try:
            super().receive_primitive(primitive)
        except Exception as error:  # noqa: BLE001 - a hostile command set fails in pydicom in many ways
            self._give_up(type(error).__name__)
            return
        if self.message is None:
            self._buffered = 0
            self.wake()

    def send_message(
        self, primitive: Any, context_id: int, data: Iterable[bytes | memoryview] | None, send: Callable[[bytes], None]
    ) -> None:
        """Encode a message and give its PDUs to `send` one by one, each no longer than the peer takes."""
        is_request = primitive.MessageIDBeingRespondedTo is None
        message = (_RQ_TO_MESSAGE if is_request else _RSP_TO_MESSAGE)[type(primitive)]()
        message.primitive_to_message(primitive)
        if data is not None:
            message.command_set.CommandDataSetType = _HAS_DATA_SET
        elif message.data_set is not None and (value := message.data_set.getvalue()):
            data = [value]
        command_set = encode(message.command_set, is_implicit_vr=True, is_little_endian=True)
        if command_set is None:
            raise ValueError("A message of this server cannot be encoded.")
        limit = self.maximum_pdu_size or 0
        for pdu in p_data(context_id, [command_set], is_command=True, max_pdu_bytes=limit):
            send(pdu)
        if data is not None:
            for pdu in p_data(context_id, data, is_command=False, max_pdu_bytes=limit):
                send(pdu)

    def take_response(self, message_id: int, seconds: float, is_over: Callable[[], bool]) -> Any:
        """Wait for the response to a request; others were waited for no longer. Raises NoResponse, AssociationEnded."""
        deadline = time.monotonic() + seconds
        with self._has_response:
            while True:
                while self._responses:
                    response = self._responses.popleft()
                    if response.MessageIDBeingRespondedTo == message_id:
                        return response
                if is_over():
                    raise AssociationEnded
                left = deadline - time.monotonic()
                if left <= 0:
                    raise NoResponse
                self._has_response.wait(min(left, self._look_seconds))

    def begin_request(self, message_id: int) -> None:
        """A request is being served."""
        self._served = message_id

    def end_request(self) -> None:
        """Forget what came for the request that has been served."""
        self._served = None
        with self._has_response:
            self._responses.clear()

    def _is_request(self, message: Any) -> bool:
        """Whether the message is to be served; a response is put where it is waited for."""
        if isinstance(message, C_CANCEL):
            # One too many of those that pynetdicom keeps.
            return False
        if getattr(message, "MessageIDBeingRespondedTo", None) is not None:
            with self._has_response:
                self._responses.append(message)
            return False
        # What was cancelled before this request came is an earlier one, perhaps of the same number.
        for message_id in list(self.cancel_req):
            if message_id != self._served:
                self.cancel_req.pop(message_id, None)
        return True

    def _give_up(self, reason: str) -> None:
        logger.warning("Association ended: a message cannot be taken: %s", reason)
        self.dul.event_queue.put("Evt19")

"""DIMSE messages other than C-STORE: pynetdicom's provider, with bounds on what a peer can make it hold."""

import logging
import threading
from typing import Any, Final

from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.pdu_primitives import P_DATA

logger = logging.getLogger(__name__)

# Command sets, and the data sets of all services but C-STORE, are small; more is an attack on memory.
MAX_BUFFERED_BYTES: Final = 1024 * 1024
# Messages that a peer may send ahead while one is being served.
MAX_QUEUED_MESSAGES: Final = 8


class BoundedDimse(DIMSEServiceProvider):
    """pynetdicom's DIMSE provider; its reader sleeps until there is a message, or something else to look at."""

    def __init__(self, assoc: Any, look_seconds: float) -> None:
        super().__init__(assoc)
        self._look_seconds = look_seconds
        self._buffered = 0
        self._has_news = threading.Event()

    def wake(self) -> None:
        """Let the association's thread look at what has come."""
        self._has_news.set()

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
        if self._buffered > MAX_BUFFERED_BYTES or self.msg_queue.qsize() > MAX_QUEUED_MESSAGES:
            self._give_up("more than is believable")
            return
        try:
            super().receive_primitive(primitive)
        except Exception as error:  # noqa: BLE001 - a hostile command set fails in pydicom in many ways
            self._give_up(type(error).__name__)
            return
        if self.message is None:
            self._buffered = 0

    def _give_up(self, reason: str) -> None:
        logger.warning("Association ended: a message cannot be taken: %s", reason)
        self.dul.event_queue.put("Evt19")

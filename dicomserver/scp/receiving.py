"""Receives the data set of a C-STORE straight into the archive's incoming folder, in bounded memory."""

import logging
from types import SimpleNamespace
from typing import Any, Final, cast

from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.dimse_messages import C_STORE_RQ
from pynetdicom.pdu_primitives import P_DATA

from dicomserver.archive import Archive, ArchiveError, FileMeta, IncomingFile

logger = logging.getLogger(__name__)

# Command sets, and the data sets of all services but C-STORE, are small; more is an attack on memory.
MAX_BUFFERED_BYTES: Final = 1024 * 1024
# Messages that a peer may send ahead while one is being stored.
MAX_QUEUED_MESSAGES: Final = 8


class ReceivedDataSet:
    """Where pynetdicom writes a C-STORE's data set; a failure is kept for the answer, the rest is dropped."""

    def __init__(self, archive: Archive, meta: FileMeta) -> None:
        self.incoming: IncomingFile | None = None
        self.failure: ArchiveError | None = None
        # What pynetdicom asks of a NamedTemporaryFile.
        self.file = SimpleNamespace(flush=lambda: None)
        self.name = ""
        try:
            self.incoming = archive.receive(meta)
        except ArchiveError as error:
            self.failure = error

    def write(self, data: bytes) -> None:
        """Append a fragment; never raises, so that the association lives to hear why it failed."""
        if self.incoming is None:
            return
        try:
            self.incoming.write(data)
        except ArchiveError as error:
            self.failure = error
            self.discard()

    def close(self) -> None:
        """Called by pynetdicom after the handler; the handler consumed the file."""
        self.discard()

    def discard(self) -> None:
        """Remove the file unless it was placed; harmless to repeat."""
        if self.incoming is not None:
            self.incoming.discard()
            self.incoming = None


def received_data_set(request: object) -> ReceivedDataSet | None:
    """What was received with the C-STORE request; None where it came without a data set."""
    received = getattr(request, "_dataset_file", None)  # pynetdicom has no public name for it
    return received if isinstance(received, ReceivedDataSet) else None


class StreamingDimse(DIMSEServiceProvider):
    """pynetdicom's DIMSE provider, whose C-STORE data sets go to the archive as they arrive."""

    def __init__(self, assoc: Any, archive: Archive) -> None:
        super().__init__(assoc)
        self._archive = archive
        self._buffered = 0
        self._is_closed = False

    def receive_primitive(self, primitive: P_DATA) -> None:
        """Take the fragments of one P-DATA, one by one: a command and its data set may share a PDU."""
        for context_id, fragment in primitive.presentation_data_value_list:
            if self._is_closed:
                return
            if not fragment or not self._accepts(fragment):
                self._give_up()
                return
            single = P_DATA()
            # pynetdicom insists on a list where its annotation says tuple.
            single.presentation_data_value_list = cast("Any", [[context_id, fragment]])
            try:
                super().receive_primitive(single)
            except Exception as error:  # noqa: BLE001 - a hostile command set fails in pydicom in many ways
                logger.warning("A peer's message cannot be decoded: %s", type(error).__name__)
                self._give_up()
                return
            if self.message is None:
                self._buffered = 0

    def _accepts(self, fragment: bytes) -> bool:
        """Prepare for the fragment; False where it would take memory without bound."""
        is_data = not fragment[0] & 1
        if is_data and isinstance(self.message, C_STORE_RQ):
            if self.message._data_set_file is None:  # noqa: SLF001
                self.message._data_set_file = cast("Any", self._open(self.message))  # noqa: SLF001
            return True
        self._buffered += len(fragment)
        return self._buffered <= MAX_BUFFERED_BYTES and self.msg_queue.qsize() <= MAX_QUEUED_MESSAGES

    def _open(self, message: C_STORE_RQ) -> ReceivedDataSet:
        contexts = {context.context_id: context for context in self.assoc.accepted_contexts}
        context = contexts.get(message.context_id)
        command, primitive = message.command_set, self.assoc.requestor.primitive
        meta = FileMeta(
            sop_class_uid=str(command.get("AffectedSOPClassUID") or ""),
            sop_instance_uid=str(command.get("AffectedSOPInstanceUID") or ""),
            transfer_syntax_uid=str(context.transfer_syntax[0]) if context else "",
            calling_ae_title=self.assoc.requestor.ae_title.strip(),
            called_ae_title=primitive.called_ae_title.strip() if primitive else "",
        )
        return ReceivedDataSet(self._archive, meta)

    def _give_up(self) -> None:
        """End the association: what the peer sends is no DIMSE that can be bounded."""
        logger.warning("Association ended: the peer sends fragments without bound or sense")
        self.discard()
        self.dul.event_queue.put("Evt19")

    def discard(self) -> None:
        """Remove what was received and will not be answered."""
        self._is_closed = True
        waiting = [message for _, message in list(self.msg_queue.queue)]
        for holder in (self.message, *waiting):
            received = getattr(holder, "_data_set_file", None) or getattr(holder, "_dataset_file", None)
            if isinstance(received, ReceivedDataSet):
                received.discard()

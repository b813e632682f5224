"""Puts the fragments of P-DATA together to messages; the data sets of C-STORE requests go where they are kept.

On a C-GET the other machine sends instances of any size on the association that this server opened. They are never
held in memory: each piece goes on as it comes. All other messages are small, and more is an attack on memory.
"""

import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from pynetdicom.dimse_messages import C_STORE_RQ, DIMSEMessage
from pynetdicom.pdu_primitives import P_DATA

from dicomserver.scu.errors import ConnectionLost, ScuError
from dicomserver.scu.fragments import COMMAND, LAST

# Answers and their identifiers are small.
MAX_MESSAGE_BYTES: Final = 4 * 1024 * 1024
_PDU_HEADER_BYTES: Final = 6
_ITEM: Final = struct.Struct(">LBB")
_NO_DATA_SET: Final = 0x0101


@dataclass(frozen=True, slots=True)
class StoreAnswer:
    """What a C-STORE-RSP says."""

    status: int
    comment: str = ""


class Keeper(Protocol):
    """Takes the data set of one C-STORE request. What it raises ends the association: an ScuError, or nothing."""

    def write(self, piece: memoryview) -> None:
        """Append a piece, which is overwritten afterwards."""

    def finish(self) -> StoreAnswer:
        """All of it has come; success only when it is durable."""

    def discard(self) -> None:
        """No more comes, and nobody hears an answer; harmless to repeat."""


@dataclass(frozen=True, slots=True)
class StoreAsked:
    """A C-STORE request; UIDs as the other machine wrote them."""

    context_id: int
    message_id: int
    sop_class_uid: str
    sop_instance_uid: str
    has_data_set: bool


@dataclass(frozen=True, slots=True)
class StoreReceived:
    """A C-STORE request whose data set has come in full, and what is to be answered."""

    asked: StoreAsked
    answer: StoreAnswer


KeepBy = Callable[[StoreAsked], Keeper]


class MessageReader:
    """What comes on one association, message by message."""

    def __init__(self) -> None:
        # Set where the other machine is asked to send instances on this association.
        self.keep_by: KeepBy | None = None
        self.whole: deque[tuple[int, Any]] = deque()
        self._message = DIMSEMessage()
        self._size = 0
        self._context_id: int | None = None
        self._asked: StoreAsked | None = None
        self._keeper: Keeper | None = None

    def take(self, pdu: bytes) -> None:
        """Take a P-DATA-TF PDU; messages that end with it are in `whole`. Raises ConnectionLost."""
        at, view = _PDU_HEADER_BYTES, memoryview(pdu)
        try:
            while at < len(pdu):
                length, context_id, control = _ITEM.unpack_from(pdu, at)
                if length < 2 or at + 4 + length > len(pdu):
                    raise ValueError
                self._take_item(context_id, control, view[at + 6 : at + 4 + length])
                at += 4 + length
        except ScuError:
            raise
        except Exception as error:
            raise ConnectionLost("The machine's answer cannot be understood.") from error

    def discard(self) -> None:
        """The association is over: let go of what has not come in full."""
        if self._keeper is not None:
            self._keeper.discard()
            self._keeper = None

    def _take_item(self, context_id: int, control: int, piece: memoryview) -> None:
        if self._context_id not in {None, context_id}:
            raise ValueError
        self._context_id = context_id
        if self._keeper is not None and not control & COMMAND:
            self._keep(control, piece)
            return
        self._size += len(piece) + _ITEM.size
        if self._size > MAX_MESSAGE_BYTES:
            raise ConnectionLost("The machine's answer is longer than any has.")
        primitive = P_DATA()
        # pynetdicom insists on a list where its annotation says tuple.
        fragment: Any = [context_id, bytes([control]) + bytes(piece)]
        primitive.presentation_data_value_list = [fragment]
        is_whole = self._message.decode_msg(primitive)
        if isinstance(self._message, C_STORE_RQ) and self.keep_by is not None:
            if control & COMMAND and control & LAST:
                self._begin(context_id)
        elif is_whole:
            self._end(self._message.message_to_primitive())

    def _begin(self, context_id: int) -> None:
        command_set: Any = self._message.command_set
        asked = StoreAsked(
            context_id=context_id,
            message_id=int(command_set.MessageID),
            sop_class_uid=str(command_set.get("AffectedSOPClassUID", "")),
            sop_instance_uid=str(command_set.get("AffectedSOPInstanceUID", "")),
            has_data_set=command_set.CommandDataSetType != _NO_DATA_SET,
        )
        keep_by = self.keep_by
        if keep_by is None:
            raise ValueError
        self._asked = asked
        self._keeper = keep_by(asked)
        if not asked.has_data_set:
            self._kept()

    def _keep(self, control: int, piece: memoryview) -> None:
        if self._keeper is None:
            raise ValueError
        self._keeper.write(piece)
        if control & LAST:
            self._kept()

    def _kept(self) -> None:
        keeper, self._keeper = self._keeper, None
        if keeper is None or self._asked is None:
            raise ValueError
        self._end(StoreReceived(self._asked, keeper.finish()))

    def _end(self, message: Any) -> None:
        self.whole.append((self._context_id or 0, message))
        self._message, self._size, self._context_id, self._asked = DIMSEMessage(), 0, None, None

"""A storage SCU of a few hundred lines: one message at a time, timed to its answer, straight from memory or a file.

Where storescu cannot be used: objects larger than memory, hundreds of instances made as they are sent, associations
that do nothing, and the time of each single instance.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from benchmarks.plans import RoundVoid

PATIENCE_SECONDS = 120.0
MAX_PDU_BYTES = 131072
APPLICATION_CONTEXT = b"1.2.840.10008.3.1.1.1"
IMPLICIT_LITTLE = b"1.2.840.10008.1.2"
VERIFICATION = "1.2.840.10008.1.1"
CLASS_UID = b"2.25.302043791652127498157892367423974837243"
C_STORE_RQ, NO_DATA_SET, DATA_SET = 0x0001, 0x0101, 0x0000
SUCCESS = 0x0000
# PS3.8 9.3: types of PDU.
ASSOCIATE_AC, P_DATA_TF, RELEASE_RQ = 0x02, 0x04, 0x05


@dataclass(frozen=True)
class Sendable:
    """An instance ready to be sent: the pieces of its encoded data set, in order."""

    sop_class_uid: str
    sop_instance_uid: str
    pieces: Iterable[bytes | memoryview]


class ScuAssociation:
    """An association that asks for one SOP class in one transfer syntax; use it with `with`. Raises RoundVoid."""

    def __init__(self, port: int, called: str, sop_class_uid: str, transfer_syntax_uid: str, calling: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._message_id = 0
        try:
            self._socket.sendall(_associate_request(called, calling, sop_class_uid, transfer_syntax_uid))
            kind, body = self._pdu()
            if kind != ASSOCIATE_AC:
                raise RoundVoid(f"The association of {calling} was not accepted: PDU of type {kind}.")
            self._pdv_bytes = min(_maximum_length(body), MAX_PDU_BYTES) - 6
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.release()
        self._socket.close()

    def release(self) -> None:
        """End it in the orderly way."""
        self._socket.sendall(struct.pack(">BBLL", RELEASE_RQ, 0, 4, 0))
        self._pdu()
        self._socket.close()

    def store(self, what: Sendable) -> float:
        """Send one instance; seconds from its first byte to the answer. Raises RoundVoid unless it is Success."""
        self._message_id = self._message_id % 0xFFFF + 1
        started = time.perf_counter()
        self._socket.sendall(_pdv(_store_request(what, self._message_id), is_command=True, is_last=True))
        waiting: memoryview | None = None
        for part in _parts(what.pieces, self._pdv_bytes):
            if waiting is not None:
                self._send(waiting, is_last=False)
            waiting = part
        self._send(waiting or memoryview(b""), is_last=True)
        status = _status(self._message())
        if status != SUCCESS:
            raise RoundVoid(f"C-STORE was answered with 0x{status:04X}.")
        return time.perf_counter() - started

    def _send(self, part: memoryview, *, is_last: bool) -> None:
        head = struct.pack(">BBLLBB", P_DATA_TF, 0, len(part) + 6, len(part) + 2, 1, 2 if is_last else 0)
        sent = self._socket.sendmsg([head, part])
        if sent < len(head) + len(part):
            self._socket.sendall(memoryview(head + bytes(part))[sent:])

    def _message(self) -> bytes:
        command = b""
        while True:
            kind, body = self._pdu()
            if kind != P_DATA_TF:
                raise RoundVoid(f"A PDU of type {kind} came instead of an answer.")
            command += body[6:]
            if body[5] & 2:
                return command

    def _pdu(self) -> tuple[int, bytes]:
        kind, _, length = struct.unpack(">BBL", self._exactly(6))
        return kind, self._exactly(length)

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            try:
                more = self._socket.recv(count - len(data))
            except TimeoutError as error:
                raise RoundVoid(f"No answer within {PATIENCE_SECONDS:.0f} s.") from error
            if not more:
                raise RoundVoid("The peer closed the connection.")
            data += more
        return data


def _parts(pieces: Iterable[bytes | memoryview], size: int) -> Iterator[memoryview]:
    """The pieces cut so that each fits into one PDV; small ones are not joined."""
    for piece in pieces:
        view = memoryview(piece)
        for start in range(0, len(view), size):
            yield view[start : start + size]


def _associate_request(called: str, calling: str, sop_class_uid: str, transfer_syntax_uid: str) -> bytes:
    """A-ASSOCIATE-RQ (PS3.8 9.3.2) with one presentation context, of id 1."""
    syntaxes = _item(0x30, sop_class_uid.encode()) + _item(0x40, transfer_syntax_uid.encode())
    user = _item(0x51, struct.pack(">L", MAX_PDU_BYTES)) + _item(0x52, CLASS_UID)
    items = _item(0x10, APPLICATION_CONTEXT) + _item(0x20, bytes([1, 0, 0, 0]) + syntaxes) + _item(0x50, user)
    body = struct.pack(">HH16s16s32x", 1, 0, called.ljust(16).encode(), calling.ljust(16).encode()) + items
    return struct.pack(">BBL", 0x01, 0, len(body)) + body


def _item(kind: int, content: bytes) -> bytes:
    return struct.pack(">BBH", kind, 0, len(content)) + content


def _maximum_length(accepted: bytes) -> int:
    """The longest P-DATA that the acceptor takes. Raises RoundVoid where it did not accept the context."""
    position, longest = 68, MAX_PDU_BYTES
    while position < len(accepted):
        kind, _, length = struct.unpack_from(">BBH", accepted, position)
        content = accepted[position + 4 : position + 4 + length]
        if kind == 0x21 and content[2]:
            raise RoundVoid(f"The presentation context was not accepted: result {content[2]}.")
        if kind == 0x50 and content[:1] == b"\x51":
            longest = struct.unpack_from(">L", content, 4)[0] or MAX_PDU_BYTES
        position += 4 + length
    return longest


def _pdv(content: bytes, *, is_command: bool, is_last: bool) -> bytes:
    control = int(is_command) | 2 * int(is_last)
    return struct.pack(">BBLLBB", P_DATA_TF, 0, len(content) + 6, len(content) + 2, 1, control) + content


def _store_request(what: Sendable, message_id: int) -> bytes:
    """The command set of C-STORE-RQ (PS3.7 Table 9.3-1), always implicit little endian."""
    elements = (
        _element(0x0002, _even(what.sop_class_uid))
        + _element(0x0100, struct.pack("<H", C_STORE_RQ))
        + _element(0x0110, struct.pack("<H", message_id))
        + _element(0x0700, struct.pack("<H", 0))
        + _element(0x0800, struct.pack("<H", DATA_SET))
        + _element(0x1000, _even(what.sop_instance_uid))
    )
    return _element(0x0000, struct.pack("<L", len(elements))) + elements


def _element(number: int, value: bytes) -> bytes:
    return struct.pack("<HHL", 0, number, len(value)) + value


def _even(uid: str) -> bytes:
    return uid.encode() + b"\0" * (len(uid) % 2)


def _status(command: bytes) -> int:
    position = 0
    while position < len(command):
        _, number, length = struct.unpack_from("<HHL", command, position)
        if number == 0x0900:
            return int(struct.unpack_from("<H", command, position + 8)[0])
        position += 8 + length
    raise RoundVoid("The answer has no status.")

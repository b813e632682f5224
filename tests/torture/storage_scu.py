"""A storage SCU on a plain socket (PS3.8, PS3.7): it knows for each instance exactly what was answered, and when."""

import socket
import struct
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self

from tests.dicomserver.objects import Sendable

APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"
IMPLEMENTATION_CLASS_UID = "2.25.100000000000000000000000000000000000017"
C_STORE_RQ, C_STORE_RSP = 0x0001, 0x8001
ASSOCIATE_AC, DATA_TF, RELEASE_RP = 0x02, 0x04, 0x06
SECONDS = 20.0
SUCCESS = 0x0000


class Interrupted(Exception):
    """The association ended, or never began: what was not answered may be stored or not."""


class StorageAssociation:
    """An association over which instances are stored one by one."""

    def __init__(
        self, address: tuple[str, int], contexts: Iterable[tuple[str, str]], *, calling: str, called: str
    ) -> None:
        """Connect and negotiate; contexts are pairs of SOP class and transfer syntax. Raises Interrupted."""
        self._contexts = dict(zip(sorted(set(contexts)), range(1, 256, 2), strict=False))
        self._message_id = 0
        try:
            self._socket = socket.create_connection(address, timeout=SECONDS)
        except OSError as error:
            raise Interrupted(str(error)) from error
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._negotiate(calling, called)
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._socket.close()

    def store(self, what: Sendable) -> int:
        """Send the instance; return the status of the answer. Raises Interrupted."""
        self._message_id = self._message_id % 0xFFFF + 1
        context = self._contexts[what.sop_class_uid, what.transfer_syntax_uid]
        command = _store_request(what, self._message_id)
        pieces = [_data_pdu(context, command, 0x03)]
        step = self.peer_pdu_bytes - 6
        for start in range(0, len(what.data), step):
            last = start + step >= len(what.data)
            pieces.append(_data_pdu(context, what.data[start : start + step], 0x02 if last else 0x00))
        self._send(b"".join(pieces))
        answer = self._command()
        expected = (C_STORE_RSP, self._message_id)
        if (_us(answer[0x0100]), _us(answer[0x0120])) != expected:
            raise AssertionError(f"The answer is to another message: {answer}")
        return _us(answer[0x0900])

    def release(self) -> None:
        """End the association as agreed. Raises Interrupted."""
        self._send(struct.pack(">BxLL", 0x05, 4, 0))
        kind, _ = self._pdu()
        if kind != RELEASE_RP:
            raise Interrupted(f"PDU {kind:#04x} instead of A-RELEASE-RP")

    def _negotiate(self, calling: str, called: str) -> None:
        self._send(_associate_request(self._contexts, calling, called))
        kind, body = self._pdu()
        if kind != ASSOCIATE_AC:
            raise Interrupted(f"PDU {kind:#04x} instead of A-ASSOCIATE-AC")
        self.peer_pdu_bytes, accepted = 16384, set()
        for item, value in _items(body[68:]):
            if item == 0x21 and value[2] == 0:
                accepted.add(value[0])
            if item == 0x50:
                lengths = [struct.unpack(">L", found)[0] for sub, found in _items(value) if sub == 0x51]
                self.peer_pdu_bytes = min([length or 65536 for length in lengths] + [131072])
        if accepted != set(self._contexts.values()):
            raise AssertionError(f"Of the contexts {self._contexts} only {accepted} were accepted.")

    def _command(self) -> dict[int, bytes]:
        """The command set of the answer, by element number of group 0000."""
        received = b""
        while True:
            kind, body = self._pdu()
            if kind != DATA_TF:
                raise Interrupted(f"PDU {kind:#04x} instead of an answer")
            while body:
                (length,) = struct.unpack_from(">L", body)
                received += body[6 : 4 + length]
                control, body = body[5], body[4 + length :]
                if control == 0x03:
                    return dict(_elements(received))

    def _send(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise Interrupted(str(error)) from error

    def _pdu(self) -> tuple[int, bytes]:
        kind, length = struct.unpack(">BxL", self._exactly(6))
        return kind, self._exactly(length)

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            try:
                piece = self._socket.recv(count - len(data))
            except OSError as error:
                raise Interrupted(str(error)) from error
            if not piece:
                raise Interrupted("the peer closed the connection")
            data += piece
        return data


def _associate_request(contexts: dict[tuple[str, str], int], calling: str, called: str) -> bytes:
    items = [_item(0x10, APPLICATION_CONTEXT.encode())]
    for (sop_class, syntax), context_id in contexts.items():
        subitems = _item(0x30, sop_class.encode()) + _item(0x40, syntax.encode())
        items.append(_item(0x20, bytes([context_id, 0, 0, 0]) + subitems))
    user = _item(0x51, struct.pack(">L", 65536)) + _item(0x52, IMPLEMENTATION_CLASS_UID.encode())
    items.append(_item(0x50, user))
    titles = called.encode().ljust(16) + calling.encode().ljust(16)
    body = struct.pack(">HH", 1, 0) + titles + bytes(32) + b"".join(items)
    return struct.pack(">BxL", 0x01, len(body)) + body


def _store_request(what: Sendable, message_id: int) -> bytes:
    elements = [
        _element(0x0002, _even(what.sop_class_uid)),
        _element(0x0100, struct.pack("<H", C_STORE_RQ)),
        _element(0x0110, struct.pack("<H", message_id)),
        _element(0x0700, struct.pack("<H", 0)),
        _element(0x0800, struct.pack("<H", 1)),
        _element(0x1000, _even(what.sop_instance_uid)),
    ]
    body = b"".join(elements)
    return _element(0x0000, struct.pack("<L", len(body))) + body


def _data_pdu(context_id: int, data: bytes, control: int) -> bytes:
    return struct.pack(">BxLLBB", DATA_TF, len(data) + 6, len(data) + 2, context_id, control) + data


def _item(kind: int, value: bytes) -> bytes:
    return struct.pack(">BxH", kind, len(value)) + value


def _items(data: bytes) -> Iterator[tuple[int, bytes]]:
    while data:
        kind, length = struct.unpack_from(">BxH", data)
        yield kind, data[4 : 4 + length]
        data = data[4 + length :]


def _element(element: int, value: bytes) -> bytes:
    return struct.pack("<HHL", 0x0000, element, len(value)) + value


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    while data:
        _, element, length = struct.unpack_from("<HHL", data)
        yield element, data[8 : 8 + length]
        data = data[8 + length :]


def _even(text: str) -> bytes:
    return text.encode() + b"\0" * (len(text) % 2)


def _us(value: bytes) -> int:
    return int(struct.unpack("<H", value)[0])

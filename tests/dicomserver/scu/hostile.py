"""An archive of a few bytes: it agrees to every association, and then says what a test wants."""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom.dsutils import decode, encode
from pynetdicom.pdu import A_ASSOCIATE_AC, A_ASSOCIATE_RQ

from dicomserver.scu.fragments import COMMAND, fragments_of, pdus_of
from tests.dicomserver.scu.machines import Machine

FIND, GET, MOVE, STORE = 0x8020, 0x8010, 0x8021, 0x0001
PENDING = 0xFF00


@dataclass
class Partner:
    """The other side of an association, and what it was told."""

    connection: socket.socket
    contexts: dict[str, int]
    heard: list[Dataset] = field(default_factory=list)

    def says(self, raw: bytes) -> None:
        """Send bytes as they are."""
        self.connection.sendall(raw)

    def sends(self, context_id: int, command: dict[str, Any], data: bytes = b"") -> None:
        """Send a whole message."""
        self.says(message(context_id, command, data))

    def hears(self) -> Dataset:
        """The command set of the next message; its data set is skipped."""
        command = bytearray()
        while True:
            control, piece = self._item()
            if control & COMMAND:
                command += piece
                if control & 2:
                    told = decode(BytesIO(bytes(command)), True, True)
                    self.heard.append(told)
                    if told.CommandDataSetType == 0x0101:
                        return told
            elif control & 2:
                return self.heard[-1]

    def _item(self) -> tuple[int, bytes]:
        kind, length = struct.unpack(">BxL", self.reads(6))
        body = self.reads(length)
        if kind != 4:
            raise ConnectionError
        return body[5], body[6:]

    def reads(self, size: int) -> bytes:
        """The next bytes, whatever they are."""
        data = b""
        while len(data) < size:
            piece = self.connection.recv(size - len(data))
            if not piece:
                raise ConnectionError
            data += piece
        return data


def message(context_id: int, command: dict[str, Any], data: bytes = b"") -> bytes:
    """The PDUs of a message; the command set is what the dictionary says."""
    ds = Dataset()
    for keyword, value in command.items():
        setattr(ds, keyword, value)
    ds.CommandDataSetType = 0x0001 if data else 0x0101
    encoded = encode(ds, True, True) or b""
    ds.CommandGroupLength = len(encoded)
    encoded = encode(ds, True, True) or b""
    pdus = [*pdus_of(fragments_of(encoded, COMMAND, 16000), context_id)]
    pdus += pdus_of(fragments_of(data, 0, 16000), context_id)
    return b"".join(bytes(pdu) for pdu in pdus)


def answer(kind: int, status: int, **values: Any) -> dict[str, Any]:
    """The command set of a response."""
    return {"CommandField": kind, "MessageIDBeingRespondedTo": 1, "Status": status, **values}


@contextmanager
def hostile_machine(talk: Callable[[Partner], None]) -> Iterator[Machine]:
    """A machine that agrees to what is proposed, `talk`s, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        is_over = threading.Event()

        def serve() -> None:
            while not is_over.is_set():
                with contextlib.suppress(OSError):
                    connection, _ = server.accept()
                    with connection:
                        connection.settimeout(20)
                        partner = _agree(connection)
                        partner.hears()
                        talk(partner)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield Machine(server.getsockname()[1])
        finally:
            is_over.set()
            thread.join()


def _agree(connection: socket.socket) -> Partner:
    partner = Partner(connection, {})
    head = partner.reads(6)
    request = A_ASSOCIATE_RQ()
    request.decode(head + partner.reads(struct.unpack(">BxL", head)[1]))
    primitive = request.to_primitive()
    results = []
    for context in primitive.presentation_context_definition_list:
        context.result = 0
        context.transfer_syntax = context.transfer_syntax[:1]
        results.append(context)
        partner.contexts.setdefault(str(context.abstract_syntax), context.context_id)
    primitive.presentation_context_definition_results_list = results
    primitive.result = 0
    acceptance = A_ASSOCIATE_AC()
    acceptance.from_primitive(primitive)
    connection.sendall(acceptance.encode())
    return partner

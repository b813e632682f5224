"""Feeds the receive loop of an established association: it ends, nothing escapes, what it acknowledges is whole."""

import contextlib
import hashlib
import logging
import shutil
import socket
import struct
import tempfile
import threading
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from dicomserver.archive import Archive
from dicomserver.archive.part10 import read_file_head
from dicomserver.ingest.accepted import Accepted
from dicomserver.ingest.committing import Committer
from dicomserver.scp.association import AcceptedAssociation
from dicomserver.scp.places import Places
from dicomserver.scp.server import AssociationServer, ScpOptions
from fuzz import pdus

ENDS_WITHIN_SECONDS: Final = 10.0
CONTEXTS: Final = (
    (pdus.CT, ("1.2.840.10008.1.2",)),
    (pdus.CT, ("1.2.840.10008.1.2.1",)),
    (pdus.VERIFICATION, ("1.2.840.10008.1.2",)),
    (pdus.CT, ("1.2.840.10008.1.2.1.99",)),
)
# What the server logs where it caught something that it did not expect.
_CAUGHT: Final = ("Association ended by an error", "C-STORE failed unexpectedly")
_STATUS_SUCCESS: Final = struct.pack("<HHLH", 0, 0x0900, 2, 0)
_STORE_RESPONSE: Final = struct.pack("<HHLH", 0, 0x0100, 2, 0x8001)


@dataclass
class _Seen:
    """What one run brought about."""

    accepted: list[Accepted] = field(default_factory=list)
    caught: list[str] = field(default_factory=list)
    said: bytearray = field(default_factory=bytearray)
    has_ended: threading.Event = field(default_factory=threading.Event)


class _Recorder(Committer):
    """Notes what was accepted, and commits nothing."""

    def __init__(self, archive: Archive) -> None:
        super().__init__(archive)
        self.seen = _Seen()

    def submit(self, accepted: Accepted) -> None:
        self.seen.accepted.append(accepted)

    def flush(self, timeout: float) -> bool:
        return timeout > 0


class _Listener(logging.Handler):
    """Hears of errors that the server caught at the edge of a thread."""

    def __init__(self, recorder: _Recorder) -> None:
        super().__init__()
        self._recorder = recorder

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if message.startswith(_CAUGHT):
            self._recorder.seen.caught.append(f"{message} {getattr(record, 'where', '')}")


class _Laboratory:
    """A server of this process without a port, and its archive."""

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="fuzz-receive-"))
        self.archive = Archive(self.home, reserve_bytes=0)
        self.archive.prepare()
        self.recorder = _Recorder(self.archive)
        options = ScpOptions(ae_title="SERVER_A", host="", port=0)
        self._server = AssociationServer(options, self.archive, Places(1, 1), 0, on_end=lambda: None)
        self._server._ae.network_timeout = ENDS_WITHIN_SECONDS / 2  # noqa: SLF001
        self._listener = _Listener(self.recorder)
        logging.getLogger("dicomserver.scp").addHandler(self._listener)
        self._excepthook = threading.excepthook
        threading.excepthook = self._on_escape

    def begin(self) -> tuple[socket.socket, AcceptedAssociation]:
        """An association that was just accepted, and the peer's end of it; each packet is read by itself."""
        self.recorder.seen = _Seen()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.settimeout(ENDS_WITHIN_SECONDS)
        theirs.settimeout(ENDS_WITHIN_SECONDS / 2)
        server, seen = self._server, self.recorder.seen

        def on_end(assoc: AcceptedAssociation) -> None:
            server._ended(assoc)  # noqa: SLF001
            seen.has_ended.set()

        assoc = AcceptedAssociation(server._ae, theirs, self.archive, self.recorder, {}, on_end)  # noqa: SLF001
        assoc.set_addresses(("127.0.0.1", 104), ("127.0.0.1", 50000))
        for event, handler, *arguments in server._handlers:  # noqa: SLF001
            assoc.bind(event, handler, *arguments)
        server._associations.add(assoc)  # noqa: SLF001
        assoc.start()
        return ours, assoc

    def close(self) -> None:
        """Remove the archive, and listen no more."""
        threading.excepthook = self._excepthook
        logging.getLogger("dicomserver.scp").removeHandler(self._listener)
        self.archive.close_intake()
        shutil.rmtree(self.home, ignore_errors=True)

    def _on_escape(self, escape: Any) -> None:
        self.recorder.seen.caught.append(f"{escape.exc_type.__name__} escaped from a thread")


@cache
def laboratory() -> _Laboratory:
    """The one of this process; who clears the cache closes it before."""
    return _Laboratory()


def fuzz_one(data: bytes) -> None:
    """Say the bytes on a new association, in packets whose sizes the first four bytes say, and hang up.

    Where the first of them is 0, there is no association yet, and the bytes are all that is said. Raises AssertionError
    where the association does not end, an error escapes, or what was acknowledged is not whole.
    """
    if len(data) < 4:
        return
    place = laboratory()
    connection, assoc = place.begin()
    with connection:
        if data[0]:
            connection.send(pdus.associate_request(CONTEXTS))
            answer = connection.recv(65536)
            if answer[:1] != bytes([pdus.ASSOCIATE_AC]):
                raise AssertionError("no association")
        listener = threading.Thread(target=_listen, args=(connection, place.recorder.seen.said))
        listener.start()
        with contextlib.suppress(ConnectionError):
            for packet in packets(data[4:], [256 if size > 250 else size + 1 for size in data[:4]]):
                connection.send(packet)
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
        if not place.recorder.seen.has_ended.wait(ENDS_WITHIN_SECONDS):
            raise AssertionError("the association does not end")
        assoc.join(ENDS_WITHIN_SECONDS)
        listener.join(ENDS_WITHIN_SECONDS)
    _judge(place, data[4:])


def packets(said: bytes, sizes: list[int]) -> list[bytes]:
    """The bytes cut into pieces of these sizes, again and again."""
    pieces: list[bytes] = []
    position = 0
    while position < len(said):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(said[position : position + size])
        position += size
    return pieces


def _listen(connection: socket.socket, said: bytearray) -> None:
    with contextlib.suppress(OSError):
        while part := connection.recv(65536):
            said += part


def _judge(place: _Laboratory, said: bytes) -> None:
    seen = place.recorder.seen
    try:
        if seen.caught:
            raise AssertionError(f"an error escaped: {seen.caught}")
        if _successes(bytes(seen.said)) > len(seen.accepted):
            raise AssertionError("more was acknowledged than accepted")
        sent = sent_data_sets(said) if seen.accepted else set()
        for accepted in seen.accepted:
            _require_whole(accepted, sent)
        kept = {accepted.path for accepted in seen.accepted}
        left = {path for path in place.archive.incoming.rglob("*.part") if path.stat().st_size} - kept
        if left:
            raise AssertionError(f"left behind: {len(left)} files")
    finally:
        for path in list(place.archive.incoming.rglob("*.part")):
            if path.stat().st_size:
                path.unlink()


def _successes(said: bytes) -> int:
    """How many C-STOREs were answered with Success: the response's command set stands whole in its PDU."""
    count = position = 0
    while position + 6 <= len(said):
        kind, length = struct.unpack_from(">BxL", said, position)
        body = said[position + 6 : position + 6 + length]
        count += kind == pdus.P_DATA and _STORE_RESPONSE in body and _STATUS_SUCCESS in body
        position += 6 + length
    return count


def sent_data_sets(said: bytes) -> set[str]:
    """The digests of the data sets that were sent in full, as far as what was said is P-DATA as it should be."""
    found: set[str] = set()
    data_set, position = b"", 0
    while position + 6 <= len(said):
        kind, length = struct.unpack_from(">BxL", said, position)
        position += 6
        end = position + length
        while kind == pdus.P_DATA and position + 6 <= end <= len(said):
            size, _, control = struct.unpack_from(">LBB", said, position)
            if not 2 <= size <= end - position - 4:
                return found
            if not control & 1:
                data_set += said[position + 6 : position + 4 + size]
            if control & 2 and not control & 1:
                found.add(hashlib.sha256(data_set).hexdigest())
                data_set = b""
            position += 4 + size
        position = end
    return found


def _require_whole(accepted: Accepted, sent: set[str]) -> None:
    """The slot holds by itself everything that the next start needs to complete it, and just what was sent."""
    with accepted.path.open("rb") as file:
        head = read_file_head(file)
        file.seek(head.data_set_offset)
        data_set = file.read()
    digest = hashlib.sha256(data_set)
    receipt = head.receipt
    if receipt is None or (receipt.data_set_sha256, receipt.data_set_bytes) != (digest.digest(), len(data_set)):
        raise AssertionError("what was acknowledged is not whole")
    if accepted.file.data_set_sha256 != digest.hexdigest():
        raise AssertionError("the digest is another")
    if accepted.file.data_set_sha256 not in sent:
        raise AssertionError("something else was stored than was sent")

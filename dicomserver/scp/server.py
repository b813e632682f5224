"""Runs associations in this process: on its own listening socket, or on connections that others accepted."""

import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, cast

from pynetdicom import AE, _config, evt

from dicomserver.archive import Archive
from dicomserver.archive.file_meta import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from dicomserver.ingest.committing import committer
from dicomserver.scp import handlers
from dicomserver.scp.association import AcceptedAssociation
from dicomserver.scp.contexts import register_storage_sop_classes
from dicomserver.scp.lobby import Lobby
from dicomserver.scp.negotiation import Acceptance
from dicomserver.scp.peer_watch import PeerWatch
from dicomserver.scp.places import Places
from dicomserver.scp.services import SERVICES
from dicomserver.scp.serving import Service
from dicomserver.scp.tls_socket import TlsSocket
from dicomserver.tls import TlsError, server_context

logger = logging.getLogger(__name__)

# What this server announces for P-DATA; larger ones mean fewer of them (PS3.8 D.1).
MAX_PDU_BYTES: Final = 128 * 1024
ACSE_TIMEOUT_SECONDS: Final = 30
DIMSE_TIMEOUT_SECONDS: Final = 60
# Modalities keep an association open between two instances of a slow acquisition.
NETWORK_TIMEOUT_SECONDS: Final = 120
BACKLOG: Final = 512
# So many more connections than associations are served, about to ask, or to be told to come again later.
SPARE_CONNECTIONS: Final = 256
STOP_COMMITTING_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class ScpOptions:
    """How the server presents itself, and whom it takes."""

    ae_title: str
    host: str
    port: int
    allowed_calling_ae_titles: tuple[str, ...] = ()
    accept_any_called_ae_title: bool = False
    maximum_associations: int = 64
    additional_storage_sop_classes: tuple[str, ...] = ()
    # Where TLS is spoken as well; None: nowhere. The context is asked for at each connection.
    tls_port: int | None = None
    tls: Callable[[], ssl.SSLContext] = server_context
    services: tuple[Service, ...] = SERVICES


@dataclass(frozen=True, slots=True)
class Door:
    """A listening socket, and whether TLS is spoken there."""

    listener: socket.socket
    is_tls: bool

    @property
    def port(self) -> int:
        """What it listens on, also where 0 was asked for."""
        return int(self.listener.getsockname()[1])


def open_doors(options: ScpOptions) -> list[Door]:
    """The sockets on the ports of the options. Raises OSError where one is taken; then none is open."""
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    doors: list[Door] = []
    for port, is_tls in ((options.port, False), (options.tls_port, True)):
        if port is None:
            continue
        try:
            listener = socket.create_server((options.host, port), family=family, backlog=BACKLOG)
        except OSError:
            for door in doors:
                door.listener.close()
            raise
        doors.append(Door(listener, is_tls))
    return doors


class AssociationServer:
    """The associations of one process, the `process`th of those that share the places."""

    def __init__(
        self, options: ScpOptions, archive: Archive, places: Places, process: int, on_end: Callable[[], None]
    ) -> None:
        _configure_pynetdicom()
        self._options = options
        self._archive = archive
        self._committer = committer(archive)
        self._places = places
        self._process = process
        self._on_end = on_end
        self._ae = _application_entity(options)
        self._services = {uid: service for service in options.services for uid in service.abstract_syntaxes}
        self._peer_watch = PeerWatch()
        acceptance = Acceptance(
            storage=register_storage_sop_classes(options.additional_storage_sop_classes),
            services=self._services,
            own_ae_title=None if options.accept_any_called_ae_title else options.ae_title.strip(),
            allowed_calling_ae_titles=options.allowed_calling_ae_titles,
        )
        self._handlers: list[tuple[Any, ...]] = [
            (evt.EVT_C_ECHO, handlers.handle_echo),
            (evt.EVT_REQUESTED, handlers.handle_requested, [acceptance, self._take_place]),
            (evt.EVT_SOP_EXTENDED, handlers.handle_extended, [acceptance]),
            (evt.EVT_ACCEPTED, handlers.handle_accepted),
            (evt.EVT_REJECTED, handlers.handle_rejected),
            (evt.EVT_ABORTED, handlers.handle_aborted),
            (evt.EVT_RELEASED, handlers.handle_released),
        ]
        self._lock = threading.Lock()
        self._associations: set[AcceptedAssociation] = set()

    @property
    def count(self) -> int:
        """How many connections are served, with an association or about to ask for one."""
        return len(self._associations)

    def start(self) -> None:
        """Begin to follow who the peers are, so that no association has to wait to know its own."""
        self._peer_watch.start()

    def take(self, connection: socket.socket, *, is_tls: bool = False) -> None:
        """Run an association on an accepted connection; ours from now on."""
        try:
            local, remote = connection.getsockname(), connection.getpeername()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # A peer that stops in the middle of a PDU must not hold the thread for ever.
            connection.settimeout(self._ae.network_timeout)
            if is_tls:
                connection = self._secured(connection)
            assoc = AcceptedAssociation(
                self._ae, connection, self._archive, self._committer, self._services, on_end=self._ended
            )
        except (OSError, TlsError) as error:
            # The peer has gone already, unless the files for TLS are gone.
            if isinstance(error, TlsError):
                logger.error("TLS cannot be spoken: %s", error)
            connection.close()
            self._on_end()
            return
        assoc.set_addresses(local, remote)
        for event, handler, *arguments in self._handlers:
            assoc.bind(event, handler, *arguments)
        with self._lock:
            self._associations.add(assoc)
        assoc.start()

    def stop(self, grace_seconds: float) -> int:
        """Let associations finish for a while, abort the rest, commit; return how many were aborted."""
        deadline = time.monotonic() + grace_seconds
        while self.count and time.monotonic() < deadline:
            time.sleep(0.02)
        with self._lock:
            late = list(self._associations)
        for assoc in late:
            assoc.abort(block=False)
        for assoc in late:
            assoc.join(timeout=5)
        self._peer_watch.stop()
        self._committer.stop(STOP_COMMITTING_SECONDS)
        self._archive.close_intake()
        return len(late)

    def _secured(self, connection: socket.socket) -> TlsSocket:
        context = self._options.tls()
        context.sslsocket_class = TlsSocket
        # The handshake is made in the association's own thread.
        secured = cast("TlsSocket", context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False))
        secured.prepare(self._ae.network_timeout or NETWORK_TIMEOUT_SECONDS, ACSE_TIMEOUT_SECONDS)
        return secured

    def _take_place(self, assoc: AcceptedAssociation) -> bool:
        assoc.has_place = self._places.take(self._process)
        return assoc.has_place

    def _ended(self, assoc: AcceptedAssociation) -> None:
        if assoc.has_place:
            self._places.leave(self._process)
        with self._lock:
            self._associations.discard(assoc)
        self._on_end()


class ScpServer:
    """A server within this process: a thread that accepts. `port` and `tls_port` are what it listens on."""

    def __init__(self, options: ScpOptions, archive: Archive) -> None:
        """Bind the ports. Raises OSError where one is taken."""
        doors = open_doors(options)
        self.port = next(door.port for door in doors if not door.is_tls)
        self.tls_port = next((door.port for door in doors if door.is_tls), None)
        places = Places(1, options.maximum_associations)
        self._server = AssociationServer(options, archive, places, 0, on_end=lambda: None)
        self._most = options.maximum_associations + SPARE_CONNECTIONS
        self._lobby = Lobby(
            [(door.listener, partial(self._take, is_tls=door.is_tls)) for door in doors], ACSE_TIMEOUT_SECONDS
        )
        self._waker, self._wakes = socket.socketpair()
        self._lobby.watch(self._waker, lambda: None)
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="scp-listener", daemon=True)

    def start(self) -> None:
        """Begin to accept connections."""
        self._server.start()
        self._thread.start()

    def stop(self, grace_seconds: float) -> int:
        """Accept no more, let running associations finish for a while, abort the rest; return how many were aborted."""
        if not self._is_stopping:
            self._is_stopping = True
            self._wakes.send(b".")
            self._thread.join()
            self._lobby.close()
            self._waker.close()
            self._wakes.close()
        return self._server.stop(grace_seconds)

    def _run(self) -> None:
        while not self._is_stopping:
            self._lobby.turn()

    def _take(self, connection: socket.socket, *, is_tls: bool) -> None:
        if self._server.count >= self._most:
            connection.close()
        else:
            self._server.take(connection, is_tls=is_tls)


def _configure_pynetdicom() -> None:
    """Process-wide: no identifiers in logs, and malformed UIDs get an answer of ours, not an abort."""
    _config.LOG_HANDLER_LEVEL = "none"
    _config.LOG_REQUEST_IDENTIFIERS = False
    _config.LOG_RESPONSE_IDENTIFIERS = False
    _config.VALIDATORS["UI"] = _any_uid


def _any_uid(_value: object) -> tuple[bool, str]:
    return True, ""


def _application_entity(options: ScpOptions) -> AE:
    ae = AE(ae_title=options.ae_title)
    ae.implementation_class_uid = IMPLEMENTATION_CLASS_UID
    ae.implementation_version_name = IMPLEMENTATION_VERSION_NAME
    ae.maximum_pdu_size = MAX_PDU_BYTES
    # Who accepts connections counts; pynetdicom knows those of this process only.
    ae.maximum_associations = options.maximum_associations + SPARE_CONNECTIONS
    ae.acse_timeout = ACSE_TIMEOUT_SECONDS
    ae.dimse_timeout = DIMSE_TIMEOUT_SECONDS
    ae.network_timeout = NETWORK_TIMEOUT_SECONDS
    # Who may come in, and what is accepted, is decided for each association; pynetdicom wants to see something here.
    ae.add_supported_context("1.2.840.10008.1.1")
    return ae

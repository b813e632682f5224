"""Starts and stops the DIMSE server: one listening socket, a thread an association."""

import threading
import time
from dataclasses import dataclass
from typing import Any, Final, cast

from pynetdicom import AE, _config, evt

from dicomserver.archive import Archive
from dicomserver.archive.file_meta import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from dicomserver.scp import handlers
from dicomserver.scp.association import MAX_PDU_BYTES, StorageListener, StorageRequestHandler
from dicomserver.scp.contexts import register_storage_sop_classes

ACSE_TIMEOUT_SECONDS: Final = 30
DIMSE_TIMEOUT_SECONDS: Final = 60
# Modalities keep an association open between two instances of a slow acquisition.
NETWORK_TIMEOUT_SECONDS: Final = 120
POLL_SECONDS: Final = 0.1


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


class ScpServer:
    """The running server. `port` is the one it listens on, also where 0 was asked for."""

    def __init__(self, options: ScpOptions, archive: Archive) -> None:
        """Bind the port. Raises OSError where it is taken."""
        _configure_pynetdicom()
        self._ae = _application_entity(options)
        storage = register_storage_sop_classes(options.additional_storage_sop_classes)
        listener = self._ae.make_server(
            (options.host, options.port),
            evt_handlers=[
                (evt.EVT_C_ECHO, handlers.handle_echo),
                (evt.EVT_C_STORE, handlers.handle_store, [archive]),
                (evt.EVT_REQUESTED, handlers.handle_requested, [storage]),
                (evt.EVT_ACCEPTED, handlers.handle_accepted),
                (evt.EVT_REJECTED, handlers.handle_rejected),
                (evt.EVT_ABORTED, handlers.handle_aborted),
                (evt.EVT_RELEASED, handlers.handle_released),
            ],
            server_class=StorageListener,
            request_handler=StorageRequestHandler,
        )
        self._listener = cast("StorageListener", listener)
        self._listener.archive = archive
        # pynetdicom counts associations and shuts down by this list.
        self._ae._servers.append(self._listener)  # noqa: SLF001
        self._thread = threading.Thread(
            target=self._listener.serve_forever,
            kwargs={"poll_interval": POLL_SECONDS},
            name="scp-listener",
            daemon=True,
        )

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self._listener.server_address[1])

    def start(self) -> None:
        """Begin to accept connections."""
        self._thread.start()

    def stop(self, grace_seconds: float) -> int:
        """Accept no more, let running associations finish for a while, abort the rest; return how many were aborted."""
        if self._listener in self._ae._servers:  # noqa: SLF001
            self._listener.shutdown()
        deadline = time.monotonic() + grace_seconds
        while self._associations() and time.monotonic() < deadline:
            time.sleep(0.05)
        late = self._associations()
        for assoc in late:
            assoc.abort()
        for assoc in late:
            assoc.join(timeout=5)
        self._thread.join(timeout=5)
        return len(late)

    def _associations(self) -> list[Any]:
        return list(self._listener.active_associations)


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
    ae.maximum_associations = options.maximum_associations
    ae.acse_timeout = ACSE_TIMEOUT_SECONDS
    ae.dimse_timeout = DIMSE_TIMEOUT_SECONDS
    ae.network_timeout = NETWORK_TIMEOUT_SECONDS
    ae.require_called_aet = not options.accept_any_called_ae_title
    ae.require_calling_aet = list(options.allowed_calling_ae_titles)
    # Replaced by what each association asks for; pynetdicom wants to see something here.
    ae.add_supported_context("1.2.840.10008.1.1")
    return ae

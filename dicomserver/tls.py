"""TLS for DICOM, both ways: contexts of the BCP 195 profile (PS3.15 B.12, RFC 9325), made anew when files change."""

import logging
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from django.conf import settings

logger = logging.getLogger(__name__)

# Forward secrecy and authenticated encryption only (RFC 9325 4.2); TLS 1.3 has no others.
CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20:@SECLEVEL=2"
# Whether a peer that connects must prove a certificate, may, or is not asked.
CLIENTS: Final = {"required": ssl.CERT_REQUIRED, "optional": ssl.CERT_OPTIONAL, "none": ssl.CERT_NONE}

_Stamp = tuple[tuple[int, int, int] | None, ...]


class TlsError(Exception):
    """TLS cannot be offered or asked for as it is set up; the message says what to change."""


@dataclass(frozen=True, slots=True)
class CertificateEnd:
    """A certificate that this server depends on, and when it ends."""

    purpose: str
    subject: str
    not_after: datetime


class _Reloaded:
    """A context that follows its files; while these are wrong the last good one stays."""

    def __init__(self, make: Callable[[], ssl.SSLContext], paths: tuple[str, ...]) -> None:
        self._make = make
        self._paths = paths
        self._lock = threading.Lock()
        self._stamp: _Stamp | None = None
        self._context: ssl.SSLContext | None = None

    def get(self) -> ssl.SSLContext:
        """The context of the files as they are now. Raises TlsError where there never was a good one."""
        with self._lock:
            stamp = tuple(_stamp(path) for path in self._paths)
            if self._context is None or stamp != self._stamp:
                try:
                    self._context = self._make()
                except TlsError as error:
                    if self._context is None:
                        raise
                    logger.warning("The new files for TLS are not used: %s", error)
                self._stamp = stamp
            return self._context


_contexts: Final[dict[tuple[str, ...], _Reloaded]] = {}
_contexts_lock: Final = threading.Lock()


def server_context() -> ssl.SSLContext:
    """What this server answers TLS with; asked for at each connection. Raises TlsError."""
    return _context(
        "server",
        settings.DICOM_TLS_CERTIFICATE,
        settings.DICOM_TLS_KEY,
        settings.DICOM_TLS_CA,
        settings.DICOM_TLS_CLIENTS,
    )


def client_context() -> ssl.SSLContext:
    """What this server asks others by TLS with: it proves its own certificate, if it has one. Raises TlsError.

    The other side's certificate must be of the authorities (DICOM_TLS_CA) and for the host that was called.
    """
    return _context("client", settings.DICOM_TLS_CERTIFICATE, settings.DICOM_TLS_KEY, settings.DICOM_TLS_CA, "")


def certificate_ends() -> list[CertificateEnd]:
    """When the certificates end that are set up, those that end first in front; of files that cannot be read, none."""
    found = []
    for purpose, path in (("dicom_tls", settings.DICOM_TLS_CERTIFICATE), ("dicom_tls_ca", settings.DICOM_TLS_CA)):
        try:
            certificates = x509.load_pem_x509_certificates(Path(path).read_bytes()) if path else []
        except (OSError, ValueError):
            continue
        found += [
            CertificateEnd(purpose, one.subject.rfc4514_string(), one.not_valid_after_utc) for one in certificates
        ]
    return sorted(found, key=lambda end: end.not_after)


def _context(side: str, certificate: str, key: str, authorities: str, clients: str) -> ssl.SSLContext:
    names = (side, certificate, key, authorities, clients)
    with _contexts_lock:
        reloaded = _contexts.get(names)
        if reloaded is None:
            make = _make_server if side == "server" else _make_client
            reloaded = _contexts[names] = _Reloaded(lambda: make(*names[1:]), names[1:4])
    return reloaded.get()


def _make_server(certificate: str, key: str, authorities: str, clients: str) -> ssl.SSLContext:
    if clients not in CLIENTS:
        raise TlsError(f"DICOM_TLS_CLIENTS must be one of {', '.join(CLIENTS)}.")
    if not certificate:
        raise TlsError(
            "DICOM_TLS_CERTIFICATE is not set. Name the file of this server's certificate, or DICOM_TLS_PORT=0."
        )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _harden(context)
    # Associations are few and long: nobody gains from resuming a session, and what was checked stays checked.
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0
    _load_own(context, certificate, key)
    context.verify_mode = CLIENTS[clients]
    if context.verify_mode != ssl.CERT_NONE:
        _load_authorities(context, authorities, ssl.Purpose.CLIENT_AUTH)
    return context


def _make_client(certificate: str, key: str, authorities: str, _clients: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _harden(context)
    if certificate:
        _load_own(context, certificate, key)
    _load_authorities(context, authorities, ssl.Purpose.SERVER_AUTH)
    return context


def _harden(context: ssl.SSLContext) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE


def _load_own(context: ssl.SSLContext, certificate: str, key: str) -> None:
    try:
        # A key with a passphrase must not make the process ask for it.
        context.load_cert_chain(certificate, key or None, password=lambda: b"")
    except ssl.SSLError as error:
        raise TlsError(
            "DICOM_TLS_CERTIFICATE and DICOM_TLS_KEY are not a certificate and its own key, in PEM and without "
            f"a passphrase ({error.reason or 'unreadable'})."
        ) from error
    except OSError as error:
        raise TlsError(
            f"The files of DICOM_TLS_CERTIFICATE and DICOM_TLS_KEY cannot be read: {error.strerror}."
        ) from error


def _load_authorities(context: ssl.SSLContext, authorities: str, purpose: ssl.Purpose) -> None:
    if not authorities:
        context.load_default_certs(purpose)
        return
    try:
        context.load_verify_locations(authorities)
    except (ssl.SSLError, OSError) as error:
        raise TlsError("The file of DICOM_TLS_CA cannot be read, or holds no certificate in PEM.") from error


def _stamp(path: str) -> tuple[int, int, int] | None:
    try:
        status = Path(path).stat() if path else None
    except OSError:
        return None
    return None if status is None else (status.st_mtime_ns, status.st_ino, status.st_size)

"""Knows the machines that this server talks with: made, changed and disabled by commands, recognised from memory."""

import hashlib
import ipaddress
import logging
import re
import secrets
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db import Error as DatabaseTrouble
from django.db import transaction
from django.utils import timezone

from dicomserver.access.models import Peer, RetrieveBy, Service

logger = logging.getLogger(__name__)

REFRESH_SECONDS: Final = 2.0
# Tells a person, and a scanner for leaked secrets, what it is.
TOKEN_PREFIX: Final = "stow_"  # noqa: S105 - the part that is not secret
TOKEN_BYTES: Final = 32

# PS3.5 Table 6.2-1, AE: no backslash, no control characters, not only spaces.
_AE_TITLE: Final = re.compile(r"(?! )[ -\[\]-~]{1,16}(?<! )")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,63}")
_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:_-]{0,253}[A-Za-z0-9])?")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_MAX_ADDRESSES: Final = 64
_FIELDS: Final = frozenset(
    {"ae_title", "called_ae_title", "addresses", "certificate_sha256", "services", "host", "port", "uses_tls"}
    | {"is_archive", "is_watched", "retrieve_by"}
)


class PeerError(ValueError):
    """The command cannot be carried out; the message says why."""


@dataclass(frozen=True, slots=True)
class AddedPeer:
    """A peer, and its HTTP token where it was given one, which nobody can show again."""

    peer: Peer
    token: str | None


def add_peer(name: str, *, has_token: bool = False, **values: Any) -> AddedPeer:
    """Know a machine from now on; `values` are fields of Peer. Raises PeerError.

    A name that was removed may be given again: with new values, and its old token stays refused.
    """
    _require_fields(values)
    token = new_token() if has_token else None
    peer = Peer(name=name, created_at=timezone.now(), token_sha256=None if token is None else _digest(token), **values)
    _check(peer)
    with transaction.atomic():
        known = Peer.objects.select_for_update().filter(name=name).first()
        if known is not None:
            if known.disabled_at is None:
                raise PeerError(f"There is a peer {name!r} already. Change it, or remove it first.")
            peer.pk = known.pk
        peer.save()
        transaction.on_commit(known_peers.forget)
    return AddedPeer(peer, token)


def change_peer(name: str, *, has_token: bool | None = None, **values: Any) -> AddedPeer:
    """Change fields of a peer; `has_token` gives it a new token (True), takes it away (False) or leaves it (None).

    Raises PeerError, and then nothing was changed.
    """
    _require_fields(values)
    token = new_token() if has_token else None
    with transaction.atomic():
        peer = _locked(name)
        for field, value in values.items():
            setattr(peer, field, value)
        if has_token is not None:
            peer.token_sha256 = None if token is None else _digest(token)
        _check(peer)
        peer.save()
        transaction.on_commit(known_peers.forget)
    return AddedPeer(peer, token)


def remove_peer(name: str) -> None:
    """Treat a machine as a stranger from now on, within seconds in all processes. Raises PeerError."""
    with transaction.atomic():
        peer = _locked(name)
        peer.disabled_at = timezone.now()
        peer.save(update_fields=["disabled_at"])
        transaction.on_commit(known_peers.forget)


class PeerList:
    """The peers of this server, for one process, from memory that is a few seconds old at most."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._peers: tuple[Peer, ...] | None = None
        self._by_digest: Mapping[str, Peer] = {}
        self._read_at = self._tried_at = float("-inf")
        self._generation = 0

    def current(self) -> tuple[Peer, ...]:
        """All peers that were not removed, by name. Raises django.db.DatabaseError."""
        with self._lock:
            if not self._is_fresh(self._read_at):
                self._read()
            return self._peers or ()

    def remembered(self) -> tuple[Peer, ...] | None:
        """The same, without waiting for a database that is away: as last known, None where they never were."""
        # Only the very first question waits for another's reading; a database that hangs holds nobody up twice.
        is_first = self._tried_at == float("-inf")
        if self._is_due() and self._lock.acquire(blocking=is_first):
            try:
                if self._is_due():
                    self._read()
            except DatabaseTrouble:
                logger.warning("The peers cannot be read; callers are judged by what was known of them")
            finally:
                self._lock.release()
        return self._peers

    def of_token(self, token: str) -> Peer | None:
        """Whose HTTP token it is, also where that peer was removed. Raises django.db.DatabaseError."""
        self.current()
        # By digest: the time that it takes tells nothing of the tokens that are good.
        return self._by_digest.get(_digest(token))

    def refresh(self) -> None:
        """Read the peers again now, so that nobody who asks soon has to wait. Raises django.db.DatabaseError."""
        with self._lock:
            self._read()

    def forget(self) -> None:
        """Read the list again at the next question."""
        self._generation += 1
        self._read_at = self._tried_at = float("-inf")

    def _is_due(self) -> bool:
        return not self._is_fresh(self._read_at) and not self._is_fresh(self._tried_at)

    def _is_fresh(self, moment: float) -> bool:
        return time.monotonic() - moment < REFRESH_SECONDS

    def _read(self) -> None:
        generation, begun = self._generation, time.monotonic()
        try:
            rows = tuple(Peer.objects.order_by("name"))
        finally:
            # What was forgotten meanwhile must be read once more.
            if generation == self._generation:
                self._tried_at = time.monotonic()
        self._by_digest = {peer.token_sha256: peer for peer in rows if peer.token_sha256 is not None}
        self._peers = tuple(peer for peer in rows if peer.disabled_at is None)
        if generation == self._generation:
            self._read_at = begun


known_peers: Final = PeerList()


def peers() -> list[Peer]:
    """All peers that were not removed, by name. Raises django.db.DatabaseError, as do all questions below."""
    return list(known_peers.current())


def peer_by_name(name: str) -> Peer | None:
    """The peer of this name."""
    return next((peer for peer in known_peers.current() if peer.name == name), None)


def destination(ae_title: str) -> Peer | None:
    """A peer that listens under this AE title: the destination of a C-MOVE."""
    return next((peer for peer in known_peers.current() if peer.host and peer.ae_title == ae_title.strip()), None)


def archives() -> list[Peer]:
    """The peers that are asked when a study is looked for elsewhere."""
    return [peer for peer in known_peers.current() if peer.is_archive and peer.host]


def watched() -> list[Peer]:
    """The peers that are asked whether they are there."""
    return [peer for peer in known_peers.current() if peer.is_watched and peer.host]


def peer_of_token(token: str) -> Peer | None:
    """Whose HTTP token it is; None also where that peer was removed."""
    peer = known_peers.of_token(token)
    return None if peer is None or peer.disabled_at is not None else peer


def removed_peer_of_token(token: str) -> Peer | None:
    """The removed peer that had this HTTP token: so that its refusal can say why."""
    peer = known_peers.of_token(token)
    return peer if peer is not None and peer.disabled_at is not None else None


def new_token() -> str:
    """An HTTP token that nobody can guess."""
    return TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)


def _locked(name: str) -> Peer:
    peer = Peer.objects.select_for_update().filter(name=name, disabled_at=None).first()
    if peer is None:
        raise PeerError(f"There is no peer {name!r}.")
    return peer


def _require_fields(values: Mapping[str, Any]) -> None:
    unknown = sorted(set(values) - _FIELDS)
    if unknown:
        raise TypeError(f"A peer has no {', '.join(unknown)}.")


def _check(peer: Peer) -> None:
    """Bring the values into the one form in which they are compared. Raises PeerError."""
    if not _NAME.fullmatch(peer.name):
        raise PeerError("A name has 1 to 64 letters, digits, spaces, dots, hyphens or underscores.")
    for ae_title in (peer.ae_title, peer.called_ae_title):
        if ae_title and not _AE_TITLE.fullmatch(ae_title):
            raise PeerError("An AE title has 1 to 16 printable ASCII characters, no backslash and no spaces around.")
    peer.addresses = _networks(peer.addresses)
    peer.services = _services(peer.services)
    peer.certificate_sha256 = peer.certificate_sha256.replace(":", "").lower()
    if peer.certificate_sha256 and not _SHA256.fullmatch(peer.certificate_sha256):
        raise PeerError("A certificate's SHA-256 has 64 hexadecimal digits.")
    if peer.host and not _HOST.fullmatch(peer.host):
        raise PeerError("A host is a name or an IP address.")
    if not 0 < peer.port < 65536:
        raise PeerError("A port is a number from 1 to 65535.")
    if peer.retrieve_by not in RetrieveBy.values:
        raise PeerError(f"Studies are retrieved by {' or '.join(RetrieveBy.values)}.")
    if (peer.is_archive or peer.is_watched) and not peer.host:
        raise PeerError("A peer that is asked for studies, or whether it is there, needs a host and a port.")
    if peer.host and not peer.ae_title:
        raise PeerError("A peer that listens needs an AE title, by which it is called.")
    proves_itself = peer.addresses or peer.certificate_sha256
    if peer.token_sha256 and peer.ae_title and not proves_itself and set(peer.services) - {Service.STORE}:
        raise PeerError(
            "By DICOM anybody can call himself by this AE title and would need no token. "
            "Say which address or certificate it comes with, or leave the AE title out."
        )


def _networks(addresses: Iterable[str]) -> list[str]:
    try:
        networks = {str(ipaddress.ip_network(address.strip(), strict=False)) for address in addresses}
    except ValueError as error:
        raise PeerError(f"An address is an IP address or a network such as 10.1.2.0/24: {error}.") from error
    if len(networks) > _MAX_ADDRESSES:
        raise PeerError(f"A peer has at most {_MAX_ADDRESSES} addresses.")
    return sorted(networks)


def _services(services: Iterable[str]) -> list[str]:
    given = set(services)
    unknown = sorted(given - set(Service.values))
    if unknown:
        raise PeerError(f"There is no service {unknown[0]!r}. There are {', '.join(Service.values)}.")
    return [service for service in Service.values if service in given]


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()

"""Decides who an association comes from and what it may do: by AE titles, address and certificate of its caller."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache

from django.conf import settings

from dicomserver.access.models import Peer, Service
from dicomserver.access.peers import known_peers


class Refused(Enum):
    """Why a caller may not come in."""

    # Its calling AE title is unknown, or that of a peer that comes otherwise.
    CALLING = auto()
    # It calls this server by a name that is not this server's.
    CALLED = auto()
    # Nobody can say, because the peers cannot be read for the moment.
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks for an association; `certificate_sha256` is empty where it proved none."""

    calling_ae_title: str
    called_ae_title: str
    address: str
    certificate_sha256: str = ""


def services_of(
    calling_ae_title: str, called_ae_title: str, address: str, certificate_sha256: str = ""
) -> frozenset[str]:
    """What a caller may do beside C-ECHO; nothing where it may not come in."""
    verdict = admission(
        Caller(calling_ae_title, called_ae_title, address, certificate_sha256),
        allowed_calling_ae_titles=settings.ALLOWED_CALLING_AE_TITLES,
        own_ae_title=None if settings.ACCEPT_ANY_CALLED_AE_TITLE else settings.DICOM_AE_TITLE,
    )
    return frozenset() if isinstance(verdict, Refused) else verdict


def admission(
    caller: Caller, *, allowed_calling_ae_titles: Iterable[str], own_ae_title: str | None
) -> frozenset[str] | Refused:
    """The services that a caller gets, or why it is refused; `own_ae_title` None: whatever title was called.

    A caller whom peers match gets the services of all of these. Else it is a stranger, who may store where the
    operator lets strangers in (no titles: everybody), and whose title must not be one that a peer goes by: that
    title from another address, or without the certificate, is somebody else.
    """
    peers = known_peers.remembered()
    matching = [peer for peer in peers or () if _matches(peer, caller)]
    if matching:
        by_name = [peer for peer in matching if peer.called_ae_title == caller.called_ae_title]
        if own_ae_title is not None and caller.called_ae_title != own_ae_title and not by_name:
            return Refused.CALLED
        return frozenset(service for peer in matching for service in peer.services)
    if own_ae_title is not None and caller.called_ae_title != own_ae_title:
        return Refused.CALLED
    allowed = frozenset(title.strip() for title in allowed_calling_ae_titles)
    if allowed and caller.calling_ae_title not in allowed:
        return Refused.UNKNOWN if peers is None else Refused.CALLING
    if caller.calling_ae_title and any(peer.ae_title == caller.calling_ae_title for peer in peers or ()):
        return Refused.CALLING
    return frozenset({str(Service.STORE)})


def may_come_from(peer: Peer, address: str) -> bool:
    """Whether the address is one of the peer's, or it may come from any."""
    return not peer.addresses or _lies_in(address, tuple(peer.addresses))


def may_have_come_from(peer: Peer, caller: Caller) -> bool:
    """Whether what such a caller sent some time ago may be the peer's: an address that is not known counts for it."""
    return _goes_by(peer, caller) and (not caller.address or may_come_from(peer, caller.address))


def _matches(peer: Peer, caller: Caller) -> bool:
    return (
        _goes_by(peer, caller)
        and peer.certificate_sha256 in ("", caller.certificate_sha256)
        and may_come_from(peer, caller.address)
    )


def _goes_by(peer: Peer, caller: Caller) -> bool:
    return (
        bool(peer.ae_title)
        and peer.ae_title == caller.calling_ae_title
        and peer.called_ae_title in ("", caller.called_ae_title)
    )


@lru_cache(maxsize=4096)
def _lies_in(address: str, networks: tuple[str, ...]) -> bool:
    try:
        # Without the zone of a link-local address.
        own = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(own, "ipv4_mapped", None) or own
    return any(mapped in ipaddress.ip_network(network) for network in networks)

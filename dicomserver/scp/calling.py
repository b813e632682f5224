"""Who is at the other end of an association, and what it may do here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CallingPeer:
    """The requestor of an association, as whom it called this server, and the services that it was given.

    `certificate_sha256` is that of the certificate which it proved by TLS, empty without one.
    """

    calling_ae_title: str
    called_ae_title: str
    address: str
    certificate_sha256: str = ""
    services: frozenset[str] = frozenset()

"""What an outgoing association needs to know of another machine, and how long it waits for it."""

from dataclasses import dataclass
from typing import Final, Protocol

from django.conf import settings


class Listener(Protocol):
    """A machine that listens; rows of `access.Peer` are such machines."""

    @property
    def ae_title(self) -> str:
        """As what it is called."""

    @property
    def host(self) -> str:
        """Name or address."""

    @property
    def port(self) -> int:
        """TCP port."""

    @property
    def uses_tls(self) -> bool:
        """Whether it wants TLS."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait: for the connection, for the answer to the association request, for each answer after that."""

    connect: float
    association: float
    response: float


_LONGEST_CONNECT: Final = 10.0
_LONGEST_ASSOCIATION: Final = 30.0


def default_timeouts() -> Timeouts:
    """As the operator set them."""
    seconds = float(settings.DICOM_PEER_TIMEOUT_SECONDS)
    return Timeouts(min(_LONGEST_CONNECT, seconds), min(_LONGEST_ASSOCIATION, seconds), seconds)

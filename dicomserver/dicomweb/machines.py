"""Machines that come by HTTP: known by the token that `add_peer` printed, let in for the services they were given."""

import logging
from typing import Final

from dicomserver.access.callers import may_come_from
from dicomserver.access.models import Peer, Service
from dicomserver.access.peers import peer_of_token, removed_peer_of_token
from wire import problems

logger = logging.getLogger(__name__)

# header.payload.signature (RFC 7515 7.1): tokens of the portal have two dots, those of machines none.
_DOTS_OF_A_SIGNED_TOKEN: Final = 2

REFUSALS: Final = {
    problems.TOKEN_INVALID: (401, "Token refused", "The token is not one that `add_peer` printed on this server."),
    problems.TOKEN_REVOKED: (401, "Token refused", "This machine was removed from this server."),
    problems.TOKEN_WITHOUT_PERMISSION: (403, "Not allowed", "This machine was not given the service that this needs."),
}


class MachineRefused(Exception):
    """The token opens nothing for a machine; `code` is one of REFUSALS."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def is_signed(token: str) -> bool:
    """Whether it looks like a token of the portal, which people have and machines have not."""
    return token.count(".") == _DOTS_OF_A_SIGNED_TOKEN


def machine_with(token: str, service: Service, remote_address: str) -> Peer:
    """The machine whose token it is, if it was given the service and comes from where it may.

    Raises MachineRefused and django.db.DatabaseError.
    """
    peer = peer_of_token(token)
    if peer is None:
        removed = removed_peer_of_token(token)
        if removed is None:
            raise MachineRefused(problems.TOKEN_INVALID)
        logger.warning("A machine that was removed asked for something", extra={"peer": removed.name})
        raise MachineRefused(problems.TOKEN_REVOKED)
    if service not in peer.services or not may_come_from(peer, remote_address):
        logger.warning(
            "A machine asked for what it was not given",
            extra={"peer": peer.name, "asked_service": str(service), "remote_address": remote_address},
        )
        raise MachineRefused(problems.TOKEN_WITHOUT_PERMISSION)
    return peer

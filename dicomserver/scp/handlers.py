"""What the SCP answers to each event of an association: plain functions of the event."""

import logging
from collections.abc import Callable
from typing import cast

from pynetdicom.events import Event

from dicomserver.scp.association import StorageAssociation
from dicomserver.scp.contexts import contexts_for
from dicomserver.scp.storing import SUCCESS

logger = logging.getLogger(__name__)


def handle_echo(_event: Event) -> int:
    """C-ECHO: the server is there."""
    return SUCCESS


def handle_requested(event: Event, storage: frozenset[str], take_place: Callable[[StorageAssociation], bool]) -> None:
    """A-ASSOCIATE-RQ: choose what will be accepted, before the negotiation."""
    assoc = cast("StorageAssociation", event.assoc)
    if not take_place(assoc):
        assoc.reject_one_too_many()
        return
    primitive = assoc.requestor.primitive
    requested = primitive.presentation_context_definition_list if primitive else []
    assoc.acceptor.supported_contexts = contexts_for(requested, storage)


def handle_accepted(event: Event) -> None:
    """An association begins."""
    logger.info("Association accepted", extra=_peer(event))


def handle_rejected(event: Event) -> None:
    """An association was refused: wrong AE title, or too many at once."""
    primitive = event.assoc.requestor.primitive
    called = primitive.called_ae_title if primitive else ""
    logger.warning("Association rejected", extra=_peer(event) | {"called_ae_title": called})


def handle_aborted(event: Event) -> None:
    """An association ended before its release."""
    logger.warning("Association aborted", extra=_peer(event))


def handle_released(event: Event) -> None:
    """An association ended as it should."""
    logger.info("Association released", extra=_peer(event))


def _peer(event: Event) -> dict[str, str]:
    requestor = event.assoc.requestor
    primitive = requestor.primitive
    calling = requestor.ae_title or (primitive.calling_ae_title if primitive else "")
    return {"calling_ae_title": calling, "remote_address": str(requestor.address or "")}

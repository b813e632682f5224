"""What the SCP answers to each event of an association: plain functions of the event."""

import logging
from collections.abc import Callable
from typing import Any, Final, cast

from pynetdicom.events import Event

from dicomserver.access.callers import Caller, Refused
from dicomserver.scp.association import AcceptedAssociation
from dicomserver.scp.negotiation import REJECTIONS, Acceptance
from dicomserver.scp.serving import SUCCESS

logger = logging.getLogger(__name__)

# PS3.8 9.3.4: rejected transient, by the presentation related provider, local limit exceeded.
LOCAL_LIMIT_EXCEEDED: Final = (0x02, 0x03, 0x02)


def handle_echo(_event: Event) -> int:
    """C-ECHO: the server is there."""
    return SUCCESS


def handle_requested(event: Event, acceptance: Acceptance, take_place: Callable[[AcceptedAssociation], bool]) -> None:
    """A-ASSOCIATE-RQ: choose who may come in and what will be accepted, before the negotiation."""
    assoc = cast("AcceptedAssociation", event.assoc)
    requestor = assoc.requestor
    primitive = requestor.primitive
    caller = Caller(
        calling_ae_title=primitive.calling_ae_title.strip() if primitive else "",
        called_ae_title=primitive.called_ae_title.strip() if primitive else "",
        address=str(requestor.address or ""),
        certificate_sha256=assoc.certificate_sha256,
    )
    peer = acceptance.admit(caller)
    if isinstance(peer, Refused):
        assoc.reject(*REJECTIONS[peer])
        return
    if not take_place(assoc):
        assoc.reject(*LOCAL_LIMIT_EXCEEDED)
        return
    assoc.admit(peer)
    requested = primitive.presentation_context_definition_list if primitive else []
    roles = {str(uid): (bool(item.scu_role), bool(item.scp_role)) for uid, item in requestor.role_selection.items()}
    assoc.acceptor.supported_contexts = acceptance.contexts(requested, peer, roles)


def handle_extended(event: Event, acceptance: Acceptance) -> dict[str, bytes]:
    """SOP Class Extended Negotiation (PS3.7 D.3.3.5)."""
    assoc = cast("AcceptedAssociation", event.assoc)
    asked: dict[str, bytes] = cast("Any", event).app_info
    requested = {str(uid): bytes(value or b"") for uid, value in asked.items()}
    return acceptance.extended(requested, assoc.peer)


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

"""Modality Worklist C-FIND (PS3.4 Annex K): what a modality is to do next, of the orders that this server has."""

import logging
from typing import Any, Final

from django.conf import settings
from django.db import DatabaseError
from pydicom.dataset import Dataset
from pynetdicom.dimse_primitives import C_FIND
from pynetdicom.presentation import PresentationContext

from dicomserver.orders.encoding import encoded_item
from dicomserver.orders.items import KNOWN
from dicomserver.orders.matching import IdentifierRefused, Keys
from dicomserver.orders.worklist import matching_items
from dicomserver.scp.serving import (
    CANCELLED,
    CANNOT_UNDERSTAND,
    PENDING,
    SUCCESS,
    NodeAssociation,
    Service,
    Unreadable,
    decoded,
    encoded,
    response_to,
)

logger = logging.getLogger(__name__)

MODALITY_WORKLIST: Final = "1.2.840.10008.5.1.4.31"
# PS3.4 Table K.4-1.
OUT_OF_RESOURCES: Final = 0xA700
DOES_NOT_MATCH_SOP_CLASS: Final = 0xA900
PENDING_WITH_UNSUPPORTED_KEYS: Final = 0xFF01


def serve(assoc: NodeAssociation, request: Any, context: PresentationContext) -> None:
    """Answer one query."""
    try:
        ds = decoded(request.Identifier, context)
        keys = Keys(ds, KNOWN)
    except Unreadable:
        _end(assoc, request, context, CANNOT_UNDERSTAND, "The identifier cannot be read.")
    except IdentifierRefused as error:
        _end(assoc, request, context, DOES_NOT_MATCH_SOP_CLASS, str(error))
    else:
        try:
            status, comment = _answer(assoc, request, context, keys, ds.get("SpecificCharacterSet"))
        except DatabaseError as error:
            logger.warning("The worklist cannot be read: %s", type(error).__name__)
            status, comment = OUT_OF_RESOURCES, "The orders cannot be read now."
        _end(assoc, request, context, status, comment)


def _answer(
    assoc: NodeAssociation, request: Any, context: PresentationContext, keys: Keys, character_set: Any
) -> tuple[int, str]:
    """Send what fits; returns the last status, with its comment."""
    pending = PENDING_WITH_UNSUPPORTED_KEYS if keys.has_unknown else PENDING
    sent = 0
    for item in matching_items(keys, assoc.peer.calling_ae_title):
        if assoc.is_cancelled(request.MessageID):
            return CANCELLED, ""
        if sent >= settings.WORKLIST_LIMIT:
            return OUT_OF_RESOURCES, f"There are more than {sent} items; narrow the query."
        response = response_to(request, pending)
        response.Identifier = encoded(_written(keys.picked(item), character_set), context)
        assoc.send(response, context.context_id or 0)
        sent += 1
    logger.info("A worklist was answered", extra={"items": sent, "calling_ae_title": assoc.peer.calling_ae_title})
    return SUCCESS, ""


def _written(item: dict[str, Any], character_set: Any) -> Dataset:
    asked = character_set if isinstance(character_set, str) or not character_set else list(character_set)
    return encoded_item(item, asked or None)


def _end(assoc: NodeAssociation, request: Any, context: PresentationContext, status: int, comment: str) -> None:
    assoc.send(response_to(request, status, comment=comment), context.context_id or 0)


WORKLIST: Final = Service(
    name="worklist",
    abstract_syntaxes=frozenset({MODALITY_WORKLIST}),
    operations=(C_FIND,),
    serve=serve,
)

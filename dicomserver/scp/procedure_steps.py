"""Modality Performed Procedure Step (PS3.4 Annex F): N-CREATE when a modality begins, N-SET until it has ended.

N-GET, of a SOP class of its own (F.8), tells others what was done.
"""

import logging
from typing import Any, Final

from django.db import DatabaseError
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag
from pydicom.uid import generate_uid
from pynetdicom.dimse_primitives import N_CREATE, N_GET, N_SET
from pynetdicom.presentation import PresentationContext

from dicomserver.orders.performed import StepRefused, change_performed_step, create_performed_step
from dicomserver.orders.performed_read import read_performed_step
from dicomserver.scp.serving import (
    PROCESSING_FAILURE,
    SUCCESS,
    NodeAssociation,
    Service,
    Unreadable,
    decoded,
    encoded,
    response_to,
)

logger = logging.getLogger(__name__)

MODALITY_PERFORMED_PROCEDURE_STEP: Final = "1.2.840.10008.3.1.2.3.3"
MODALITY_PERFORMED_PROCEDURE_STEP_RETRIEVE: Final = "1.2.840.10008.3.1.2.3.4"
# PS3.4 Table F.8.2-2: requested optional attributes are not supported.
NOT_ALL_ATTRIBUTES: Final = 0x0001
# PS3.7 C.5.9
INVALID_ATTRIBUTE_VALUE: Final = 0x0106


def serve(assoc: NodeAssociation, request: Any, context: PresentationContext) -> None:
    """Answer one N-CREATE or N-SET: Success only when its rows are committed."""
    is_create = isinstance(request, N_CREATE)
    uid = str((request.AffectedSOPInstanceUID if is_create else request.RequestedSOPInstanceUID) or "")
    if is_create and not uid:
        # PS3.7 10.1.5.1.4: whoever creates may leave it to the SCP to name what is created.
        uid = str(generate_uid())
    response = response_to(request, SUCCESS)
    response.AffectedSOPInstanceUID = uid or None
    try:
        ds = decoded(request.AttributeList if is_create else request.ModificationList, context)
        _carry_out(is_create=is_create, uid=uid, ds=ds, assoc=assoc)
    except Unreadable:
        _refuse(response, StepRefused(INVALID_ATTRIBUTE_VALUE, "The attributes cannot be read."))
    except StepRefused as refusal:
        _refuse(response, refusal)
    except DatabaseError as error:
        logger.warning("A performed procedure step cannot be kept: %s", type(error).__name__)
        _refuse(response, StepRefused(PROCESSING_FAILURE, "It cannot be kept now. Try again later."))
    assoc.send(response, context.context_id or 0)


def serve_reading(assoc: NodeAssociation, request: Any, context: PresentationContext) -> None:
    """Answer one N-GET: what was asked for of a performed step, all without a list of attributes."""
    response = response_to(request, SUCCESS)
    try:
        listed = request.AttributeIdentifierList
        # A list of one comes as the tag itself.
        asked = [listed] if isinstance(listed, BaseTag) else list(listed or [])
        ds, knows_all = read_performed_step(str(request.RequestedSOPInstanceUID or ""), asked)
        response.AttributeList = encoded(ds, context)
        response.Status = SUCCESS if knows_all else NOT_ALL_ATTRIBUTES
    except StepRefused as refusal:
        _refuse(response, refusal)
    except DatabaseError as error:
        logger.warning("A performed procedure step cannot be read: %s", type(error).__name__)
        _refuse(response, StepRefused(PROCESSING_FAILURE, "It cannot be read now. Try again later."))
    assoc.send(response, context.context_id or 0)


def _carry_out(*, is_create: bool, uid: str, ds: Dataset, assoc: NodeAssociation) -> None:
    if is_create:
        create_performed_step(sop_instance_uid=uid, ds=ds, calling_ae_title=assoc.peer.calling_ae_title)
    else:
        change_performed_step(sop_instance_uid=uid, ds=ds)


def _refuse(response: Any, refusal: StepRefused) -> None:
    logger.warning("A performed procedure step was refused: %s", refusal.comment, extra={"status": refusal.status})
    response.Status = refusal.status
    response.ErrorComment = refusal.comment
    if refusal.error_id is not None:
        response.ErrorID = refusal.error_id


PROCEDURE_STEP: Final = Service(
    name="procedure_step",
    abstract_syntaxes=frozenset({MODALITY_PERFORMED_PROCEDURE_STEP}),
    operations=(N_CREATE, N_SET),
    serve=serve,
)

PROCEDURE_STEP_READING: Final = Service(
    name="procedure_step",
    abstract_syntaxes=frozenset({MODALITY_PERFORMED_PROCEDURE_STEP_RETRIEVE}),
    operations=(N_GET,),
    serve=serve_reading,
)

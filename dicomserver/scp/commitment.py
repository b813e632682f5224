"""Storage Commitment Push Model (PS3.4 Annex J): taking requests and telling results; taking results of our own."""

import logging
import time
from typing import Any, Final

from django.conf import settings
from django.db import DatabaseError
from pynetdicom.dimse_primitives import N_ACTION, N_EVENT_REPORT
from pynetdicom.presentation import PresentationContext

from dicomserver.access.callers import Caller
from dicomserver.access.models import Service as Named
from dicomserver.archive import ArchiveError
from dicomserver.commitment import asking, receiving
from dicomserver.commitment.checking import bytes_to_read
from dicomserver.scp.serving import (
    SUCCESS,
    AssociationEnded,
    NodeAssociation,
    NoResponse,
    Service,
    Unreadable,
    decoded,
    response_to,
)
from dicomserver.scu.commitment import event_report
from dicomserver.scu.commitment_data_sets import (
    ALL_COMMITTED,
    REQUEST_STORAGE_COMMITMENT,
    SOME_FAILED,
    STORAGE_COMMITMENT,
    STORAGE_COMMITMENT_INSTANCE,
    Commitment,
    CommitmentAsked,
    NotACommitment,
    parse_action_information,
    parse_event_information,
)

logger = logging.getLogger(__name__)

# PS3.7 Annex C, and PS3.4 J.3.2.
PROCESSING_FAILURE: Final = 0x0110
NO_SUCH_SOP_INSTANCE: Final = 0x0112
NO_SUCH_EVENT_TYPE: Final = 0x0113
INVALID_ARGUMENT_VALUE: Final = 0x0115
NO_SUCH_ACTION: Final = 0x0123
RESOURCE_LIMITATION: Final = 0x0213

# Less is read at once, so that the result is told on the association that asks for it.
QUICK_BYTES: Final = 256 * 1024 * 1024
# Somebody may ask for what he has just sent, which is in the index in a moment.
INDEX_SECONDS: Final = 2.0
# A machine that wants to be called releases the association when its request is taken: it is given time to.
RELEASE_SECONDS: Final = 0.5
LOOK_SECONDS: Final = 0.05
RESPONSE_SECONDS: Final = 30.0
_MESSAGE_ID: Final = 1


def serve(assoc: NodeAssociation, request: Any, context: PresentationContext) -> None:
    """Serve an N-ACTION or N-EVENT-REPORT. Raises AssociationEnded."""
    if isinstance(request, N_ACTION):
        _serve_action(assoc, request, context)
    else:
        _serve_event(assoc, request, context)


COMMITMENT: Final = Service(
    name=Named.COMMITMENT,
    abstract_syntaxes=frozenset({STORAGE_COMMITMENT}),
    operations=(N_ACTION, N_EVENT_REPORT),
    serve=serve,
    as_scp=True,
    # An archive that tells a result on an association of its own is the SCP there.
    as_scu=True,
)


def _serve_action(assoc: NodeAssociation, request: Any, context: PresentationContext) -> None:
    asked, status, comment = _asked(request, context)
    request_pk = None
    if asked is not None:
        try:
            request_pk = receiving.note_request(_caller(assoc), asked)
        except receiving.TransactionInUse:
            status, comment = PROCESSING_FAILURE, "The Transaction UID is in use for other instances."
        except DatabaseError:
            status, comment = RESOURCE_LIMITATION, "The database cannot be used now."
    assoc.send(response_to(request, status, comment=comment), context.context_id or 0)
    if asked is not None and request_pk is not None:
        _tell(assoc, context, request.MessageID, request_pk, asked)


def _asked(request: Any, context: PresentationContext) -> tuple[CommitmentAsked | None, int, str]:
    """What is asked, or the status and the words of the refusal."""
    if str(request.RequestedSOPInstanceUID) != STORAGE_COMMITMENT_INSTANCE:
        return None, NO_SUCH_SOP_INSTANCE, "It is asked of the well-known SOP Instance only."
    if request.ActionTypeID != REQUEST_STORAGE_COMMITMENT:
        return None, NO_SUCH_ACTION, "There is Action Type 1 only."
    try:
        return parse_action_information(decoded(request.ActionInformation, context)), SUCCESS, ""
    except Unreadable:
        return None, PROCESSING_FAILURE, "The data set cannot be read."
    except NotACommitment as error:
        return None, INVALID_ARGUMENT_VALUE, str(error)


def _tell(
    assoc: NodeAssociation, context: PresentationContext, message_id: int, request_pk: int, asked: CommitmentAsked
) -> None:
    """Tell the result at once where that is quick and the peer still there; else it is called, now that it has left."""
    try:
        if bytes_to_read(asked.references) > QUICK_BYTES:
            return
        commitment = _looked_at(assoc, message_id, request_pk, asked)
        if commitment is None or _leaves(assoc, message_id):
            if assoc.is_cancelled(message_id):
                receiving.call_now(request_pk)
            return
    except (DatabaseError, ArchiveError) as error:
        logger.warning("A storage commitment is looked at later: %s", type(error).__name__)
        return
    report = event_report(
        commitment, _MESSAGE_ID, str(context.transfer_syntax[0]), retrieve_ae_title=settings.DICOM_AE_TITLE
    )
    try:
        assoc.send(report, context.context_id or 0)
        response = assoc.receive_response(_MESSAGE_ID, RESPONSE_SECONDS)
    except (AssociationEnded, NoResponse):
        return
    if response.Status == SUCCESS:
        receiving.note_told(request_pk)


def _looked_at(assoc: NodeAssociation, message_id: int, request_pk: int, asked: CommitmentAsked) -> Commitment | None:
    deadline = time.monotonic() + INDEX_SECONDS
    while True:
        commitment = receiving.look_now(request_pk, asked.transaction_uid, asked.references)
        if commitment is not None or time.monotonic() >= deadline or assoc.is_cancelled(message_id):
            return commitment
        time.sleep(LOOK_SECONDS)


def _leaves(assoc: NodeAssociation, message_id: int) -> bool:
    """Whether the peer ends the association within a moment."""
    deadline = time.monotonic() + RELEASE_SECONDS
    while time.monotonic() < deadline:
        if assoc.is_cancelled(message_id):
            return True
        time.sleep(LOOK_SECONDS)
    return False


def _serve_event(assoc: NodeAssociation, request: Any, context: PresentationContext) -> None:
    status, comment = _take_event(assoc, request, context)
    assoc.send(response_to(request, status, comment=comment), context.context_id or 0)


def _take_event(assoc: NodeAssociation, request: Any, context: PresentationContext) -> tuple[int, str]:
    if request.EventTypeID not in {ALL_COMMITTED, SOME_FAILED}:
        return NO_SUCH_EVENT_TYPE, "There are Event Types 1 and 2 only."
    try:
        commitment: Commitment = parse_event_information(decoded(request.EventInformation, context))
    except Unreadable:
        return PROCESSING_FAILURE, "The data set cannot be read."
    except NotACommitment as error:
        return INVALID_ARGUMENT_VALUE, str(error)
    try:
        is_ours = asking.take_answer(_caller(assoc), commitment)
    except DatabaseError:
        return RESOURCE_LIMITATION, "The database cannot be used now."
    return (SUCCESS, "") if is_ours else (INVALID_ARGUMENT_VALUE, "This server has not asked for that.")


def _caller(assoc: NodeAssociation) -> Caller:
    peer = assoc.peer
    return Caller(peer.calling_ae_title, peer.called_ae_title, peer.address, peer.certificate_sha256)

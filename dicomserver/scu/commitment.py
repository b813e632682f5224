"""Storage commitment by associations of our own (PS3.4 Annex J): asking an archive, and telling who asked us."""

from io import BytesIO
from typing import Any, Final

from pynetdicom.dimse_primitives import N_ACTION, N_EVENT_REPORT

from dicomserver.scu.association import Accepted, Connection, associate, error_comment
from dicomserver.scu.commitment_data_sets import (
    REQUEST_STORAGE_COMMITMENT,
    STORAGE_COMMITMENT,
    STORAGE_COMMITMENT_INSTANCE,
    Commitment,
    CommitmentAsked,
    NotACommitment,
    action_information,
    event_information,
    parse_event_information,
)
from dicomserver.scu.data_sets import PLAIN_SYNTAXES, decoded, encoded
from dicomserver.scu.errors import ConnectionLost, PeerFailed
from dicomserver.scu.peers import Listener, Timeouts

# PS3.7 Annex C.
_SUCCESS: Final = 0x0000
_INVALID_ARGUMENT_VALUE: Final = 0x0115
_CONTEXTS: Final = ((STORAGE_COMMITMENT, PLAIN_SYNTAXES),)


def request_commitment(
    peer: Listener,
    asked: CommitmentAsked,
    *,
    wait_seconds: float = 0.0,
    ae_title: str | None = None,
    timeouts: Timeouts | None = None,
) -> Commitment | None:
    """Ask the archive to keep the instances; its answer, where it comes on the same association within the time.

    None: the archive has taken the request, and answers on an association of its own. Raises PeerUnreachable,
    PeerRejected, and PeerFailed where it does not take the request.
    """
    with associate(peer, _CONTEXTS, ae_title=ae_title, timeouts=timeouts) as connection:
        context = connection.accepted[0]
        request = N_ACTION()
        request.MessageID = connection.next_message_id()
        request.RequestedSOPClassUID = STORAGE_COMMITMENT
        request.RequestedSOPInstanceUID = STORAGE_COMMITMENT_INSTANCE
        request.ActionTypeID = REQUEST_STORAGE_COMMITMENT
        information = action_information(asked.transaction_uid, asked.references)
        request.ActionInformation = BytesIO(encoded(information, context.transfer_syntax))
        connection.send(request, context.context_id)
        _, answer = connection.receive()
        # An archive may be so quick that it tells the result before it answers.
        early = None
        if isinstance(answer, N_EVENT_REPORT):
            early = _heard(connection, context, answer, asked.transaction_uid)
            _, answer = connection.receive()
        if not isinstance(answer, N_ACTION) or answer.Status is None:
            raise ConnectionLost("The machine answered something else.")
        if answer.Status != _SUCCESS:
            raise PeerFailed(answer.Status, error_comment(answer))
        return early or _awaited(connection, context, asked.transaction_uid, wait_seconds)


def report_commitment(
    peer: Listener, commitment: Commitment, *, ae_title: str, timeouts: Timeouts | None = None
) -> None:
    """Tell a machine what it asked for, as the SCP that this server is in this (PS3.4 J.3.3, PS3.7 D.3.3.4).

    Raises PeerUnreachable, PeerRejected, and PeerFailed where it does not take the answer.
    """
    roles = {STORAGE_COMMITMENT}
    with associate(peer, _CONTEXTS, ae_title=ae_title, timeouts=timeouts, serves=roles) as connection:
        context = connection.accepted[0]
        report = event_report(
            commitment, connection.next_message_id(), context.transfer_syntax, retrieve_ae_title=ae_title
        )
        connection.send(report, context.context_id)
        _, answer = connection.receive()
        if not isinstance(answer, N_EVENT_REPORT) or answer.Status is None:
            raise ConnectionLost("The machine answered something else.")
        if answer.Status != _SUCCESS:
            raise PeerFailed(answer.Status, error_comment(answer))


def event_report(
    commitment: Commitment, message_id: int, transfer_syntax_uid: str, *, retrieve_ae_title: str
) -> N_EVENT_REPORT:
    """The N-EVENT-REPORT request that tells the result."""
    report = N_EVENT_REPORT()
    report.MessageID = message_id
    report.AffectedSOPClassUID = STORAGE_COMMITMENT
    report.AffectedSOPInstanceUID = STORAGE_COMMITMENT_INSTANCE
    report.EventTypeID = commitment.event_type
    information = event_information(commitment, retrieve_ae_title=retrieve_ae_title)
    report.EventInformation = BytesIO(encoded(information, transfer_syntax_uid))
    return report


def event_response(report: Any, status: int, comment: str = "") -> Any:
    """The answer to an N-EVENT-REPORT request."""
    response: Any = N_EVENT_REPORT()
    response.MessageIDBeingRespondedTo = report.MessageID
    response.AffectedSOPClassUID = STORAGE_COMMITMENT
    response.AffectedSOPInstanceUID = STORAGE_COMMITMENT_INSTANCE
    response.EventTypeID = report.EventTypeID
    response.Status = status
    if comment:
        response.ErrorComment = comment
    return response


def commitment_of(report: Any, transfer_syntax_uid: str) -> Commitment:
    """What an N-EVENT-REPORT request tells. Raises NotACommitment."""
    information = report.EventInformation
    try:
        return parse_event_information(decoded(information.getvalue() if information else b"", transfer_syntax_uid))
    except NotACommitment:
        raise
    except ValueError as error:
        raise NotACommitment("The event's data set cannot be read.") from error


def _awaited(connection: Connection, context: Accepted, transaction_uid: str, seconds: float) -> Commitment | None:
    """The archive's answer where it comes in time; an association that the archive ends by then is no failure."""
    if seconds <= 0 or not connection.has_news(seconds):
        return None
    try:
        _, report = connection.receive()
    except ConnectionLost:
        return None
    return _heard(connection, context, report, transaction_uid)


def _heard(connection: Connection, context: Accepted, report: Any, transaction_uid: str) -> Commitment | None:
    """What a report says, which is answered; None where it is another, so that its sender tells it again."""
    if not isinstance(report, N_EVENT_REPORT) or report.MessageID is None:
        raise ConnectionLost("The machine sends something else than the result.")
    try:
        commitment = commitment_of(report, context.transfer_syntax)
    except NotACommitment:
        commitment = None
    is_ours = commitment is not None and commitment.transaction_uid == transaction_uid
    connection.send(event_response(report, _SUCCESS if is_ours else _INVALID_ARGUMENT_VALUE), context.context_id)
    return commitment if is_ours else None

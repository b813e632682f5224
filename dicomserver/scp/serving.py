"""What a service beside C-STORE is to an association, and what an association is to it: the words of both."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final, Protocol

from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom.dsutils import decode, encode
from pynetdicom.presentation import PresentationContext

from dicomserver.scp.calling import CallingPeer

# PS3.7 Annex C: statuses of every service.
SUCCESS: Final = 0x0000
CANCELLED: Final = 0xFE00
PENDING: Final = 0xFF00
PROCESSING_FAILURE: Final = 0x0110
MISSING_ATTRIBUTE: Final = 0x0120
SOP_CLASS_NOT_SUPPORTED: Final = 0x0122
UNRECOGNIZED_OPERATION: Final = 0x0211
CANNOT_UNDERSTAND: Final = 0xC000
# PS3.4 C.4.1.1.4, C.4.2.1.5, C.4.3.1.4.
IDENTIFIER_DOES_NOT_MATCH: Final = 0xA900

MAX_COMMENT: Final = 64  # (0000,0902) is LO


class AssociationEnded(Exception):
    """The peer went away, or was sent away: there is nobody to answer any more."""


class NoResponse(Exception):
    """The peer did not answer a request of ours in time."""


class Unreadable(ValueError):
    """A data set that cannot be decoded in the transfer syntax of its context."""


class NodeAssociation(Protocol):
    """What a service may ask of the association that it serves.

    A service runs in the association's own thread; meanwhile another thread reads what the peer sends.
    """

    @property
    def peer(self) -> CallingPeer:
        """Who is at the other end."""

    @property
    def accepted_contexts(self) -> Sequence[PresentationContext]:
        """What was negotiated. This server may be SCU of those whose `as_scu` is true: C-STORE within a C-GET."""

    def extended(self, sop_class_uid: str) -> bytes:
        """What was agreed on for the class by SOP Class Extended Negotiation, byte by byte; empty without one."""

    def is_cancelled(self, message_id: int) -> bool:
        """Whether the peer cancelled the request (C-CANCEL), or ended the association."""

    def send(self, primitive: Any, context_id: int, data: Iterable[bytes | memoryview] | None = None) -> None:
        """Send a request or response (pynetdicom.dimse_primitives), in PDUs that the peer takes.

        With `data` these bytes are the data set, sent as they come, whatever the primitive holds: a file need not be
        in memory. Waits while the peer does not read. Raises AssociationEnded.
        """

    def receive_response(self, message_id: int, seconds: float) -> Any:
        """The peer's response to the request of ours. Raises NoResponse after so many seconds, and AssociationEnded."""


Serve = Callable[[NodeAssociation, Any, PresentationContext], None]


@dataclass(frozen=True, slots=True)
class Service:
    """A service of this server.

    `name` is what a peer must have been given; `operations` are the requests (pynetdicom.dimse_primitives) that
    `serve` is called with, which must send the responses. `as_scp`: the peer may be the SCU; `as_scu`: the peer may be
    the SCP, if it asks for that role (PS3.7 D.3.3.4). `extended` is the Service-class-application-information with
    which SOP Class Extended Negotiation is answered, each byte at most (PS3.7 D.3.3.5).
    """

    name: str
    abstract_syntaxes: frozenset[str]
    operations: tuple[type, ...]
    serve: Serve
    as_scp: bool = True
    as_scu: bool = False
    extended: bytes = b""


def response_to(request: Any, status: int, *, comment: str = "") -> Any:
    """The response primitive of a request, to be filled further."""
    response = type(request)()
    response.MessageIDBeingRespondedTo = request.MessageID
    for requested, affected in (
        ("RequestedSOPClassUID", "AffectedSOPClassUID"),
        ("RequestedSOPInstanceUID", "AffectedSOPInstanceUID"),
    ):
        value = getattr(request, affected, None) or getattr(request, requested, None)
        if value is not None and hasattr(response, affected):
            setattr(response, affected, value)
    if getattr(request, "ActionTypeID", None) is not None:
        response.ActionTypeID = request.ActionTypeID
    if getattr(request, "EventTypeID", None) is not None:
        response.EventTypeID = request.EventTypeID
    response.Status = status
    if comment and "ErrorComment" in response.STATUS_OPTIONAL_KEYWORDS:
        response.ErrorComment = comment[:MAX_COMMENT]
    return response


def decoded(data: BytesIO | None, context: PresentationContext) -> Dataset:
    """A request's data set (Identifier, AttributeList, …); what is not there is empty. Raises Unreadable."""
    if data is None:
        return Dataset()
    syntax = UID(str(context.transfer_syntax[0]))
    try:
        ds = decode(data, syntax.is_implicit_VR, syntax.is_little_endian)
        # pydicom reads values when they are asked for; those that cannot be read must not surprise a service.
        for _ in ds.iterall():
            pass
    except Exception as error:
        # A hostile data set fails in pydicom in many ways.
        raise Unreadable(f"The data set cannot be read: {type(error).__name__}") from error
    return ds


def encoded(ds: Dataset, context: PresentationContext) -> BytesIO:
    """A response's data set, in the transfer syntax of the context. Raises ValueError where it cannot be written."""
    syntax = UID(str(context.transfer_syntax[0]))
    data = encode(ds, syntax.is_implicit_VR, syntax.is_little_endian)
    if data is None:
        raise ValueError("A data set of this server cannot be encoded.")
    return BytesIO(data)

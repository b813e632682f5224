"""C-MOVE (PS3.4 C.4.2): instances are sent to a third machine, which is known here by its AE title."""

import logging
from typing import Any, Final

from django.conf import settings
from django.db import DatabaseError
from pynetdicom.dimse_primitives import C_MOVE
from pynetdicom.presentation import PresentationContext

from dicomserver.access import peers
from dicomserver.access.models import Peer
from dicomserver.access.models import Service as Named
from dicomserver.access.transfers import transfer
from dicomserver.scp.retrieving import (
    CANNOT_PERFORM,
    DESTINATION_UNKNOWN,
    EXTENDED,
    Match,
    Progress,
    Refused,
    found_for,
)
from dicomserver.scp.serving import (
    NodeAssociation,
    Service,
    response_to,
)
from dicomserver.scu import Interrupted, MoveOriginator, ScuError, Sent, send_instances

logger = logging.getLogger(__name__)

PATIENT_ROOT_MOVE: Final = "1.2.840.10008.5.1.4.1.2.1.2"
STUDY_ROOT_MOVE: Final = "1.2.840.10008.5.1.4.1.2.2.2"
WAY: Final = "c_move"


def move(assoc: NodeAssociation, request: Any, context: PresentationContext) -> None:
    """Serve a C-MOVE-RQ."""
    try:
        is_patient_root = str(context.abstract_syntax) == PATIENT_ROOT_MOVE
        found = found_for(request, context, is_patient_root=is_patient_root)
        destination = _destination(request)
    except Refused as refused:
        response = response_to(request, refused.status, comment=refused.comment)
        assoc.send(response, context.context_id or 0)
        return
    _Move(assoc, request, context, destination, found).run()


def _destination(request: Any) -> Peer:
    ae_title = str(request.MoveDestination or "").strip()
    try:
        found = peers.destination(ae_title)
    except DatabaseError as error:
        raise Refused(CANNOT_PERFORM, "The machines around this server cannot be read now.") from error
    if found is not None:
        return found
    if ae_title == settings.DICOM_AE_TITLE:
        raise Refused(DESTINATION_UNKNOWN, "This server is the destination, and has them already.")
    raise Refused(DESTINATION_UNKNOWN, f"No machine is known here as {ae_title}.")


class _Move:
    """One C-MOVE after its identifier and its destination are known."""

    def __init__(
        self,
        assoc: NodeAssociation,
        request: Any,
        context: PresentationContext,
        destination: Peer,
        found: list[Match],
    ) -> None:
        self._destination = destination
        self._found = found
        self._by_uid = {match.file.sop_instance_uid: match for match in found}
        self._originator = MoveOriginator(assoc.peer.calling_ae_title, request.MessageID)
        self._priority = request.Priority or 0
        self._progress = Progress(assoc, request, context, len(found))

    def run(self) -> None:
        """Send the instances, whatever comes, and answer."""
        comment = ""
        if self._found:
            try:
                comment = self._send()
            except DatabaseError:
                # What nobody can be told of is not sent.
                logger.warning("A C-MOVE was given up: it cannot be written down")
                comment = "This server cannot write down what it sends at the moment."
        status = self._progress.finish(list(self._by_uid), comment)
        logger.info(
            "C-MOVE ended",
            extra={"status": f"0x{status:04X}", "destination": self._destination.name, "instances": len(self._found)},
        )

    def _send(self) -> str:
        """Send until all are sent or it is over; returns why it ended early, if it did."""
        peer = self._destination
        with transfer(peer=peer.name, way=WAY, address=peer.host) as record:

            def settle(sent: Sent) -> None:
                match = self._by_uid.pop(sent.sop_instance_uid)
                if sent.sent_bytes:
                    record.sent(match.study_instance_uid, match.pk, sent.sent_bytes)
                self._progress.note(sent)

            for study in dict.fromkeys(match.study_instance_uid for match in self._found):
                record.begin(study)
            self._progress.tell()
            try:
                send_instances(
                    peer,
                    [match.file for match in self._found],
                    on_sent=settle,
                    move_originator=self._originator,
                    priority=self._priority,
                    is_cancelled=lambda: self._progress.is_cancelled,
                    on_wait=self._wait,
                )
            except Interrupted:
                return ""
            except ScuError as error:
                logger.warning("C-MOVE: %s", error, extra={"destination": peer.name})
                return str(error)
        return ""

    def _wait(self) -> None:
        self._progress.tell()
        if self._progress.is_cancelled:
            raise Interrupted


MOVE: Final = Service(
    name=Named.RETRIEVE,
    abstract_syntaxes=frozenset({PATIENT_ROOT_MOVE, STUDY_ROOT_MOVE}),
    operations=(C_MOVE,),
    serve=move,
    extended=EXTENDED,
)

"""C-GET (PS3.4 C.4.3): instances are sent on the association that asks, in the storage contexts that it offers."""

import itertools
import logging
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from django.conf import settings
from django.db import DatabaseError
from pynetdicom.dimse_primitives import C_GET, C_STORE
from pynetdicom.presentation import PresentationContext

from dicomserver.access.models import Service as Named
from dicomserver.access.transfers import Transfer, transfer
from dicomserver.scp.retrieving import EXTENDED, Match, Progress, Refused, found_for
from dicomserver.scp.serving import NodeAssociation, NoResponse, Service, response_to
from dicomserver.scu.stored_files import PROCESSING_FAILURE, NotSendable, Sendable, Sent, StoredFile, sendable

logger = logging.getLogger(__name__)

PATIENT_ROOT_GET: Final = "1.2.840.10008.5.1.4.1.2.1.3"
STUDY_ROOT_GET: Final = "1.2.840.10008.5.1.4.1.2.2.3"
WAY: Final = "c_get"
_PIECE_BYTES: Final = 256 * 1024


def get(assoc: NodeAssociation, request: Any, context: PresentationContext) -> None:
    """Serve a C-GET-RQ."""
    try:
        found = found_for(request, context, is_patient_root=str(context.abstract_syntax) == PATIENT_ROOT_GET)
    except Refused as refused:
        response = response_to(request, refused.status, comment=refused.comment)
        assoc.send(response, context.context_id or 0)
        return
    _Get(assoc, request, context, found).run()


class _Get:
    """One C-GET after its identifier is known."""

    def __init__(self, assoc: NodeAssociation, request: Any, context: PresentationContext, found: list[Match]) -> None:
        self._assoc = assoc
        self._found = found
        self._priority = request.Priority or 0
        self._progress = Progress(assoc, request, context, len(found))
        self._message_ids = (number for number in itertools.cycle(range(1, 0x10000)) if number != request.MessageID)
        # By SOP class and transfer syntax.
        self._contexts: dict[str, dict[str, PresentationContext]] = {}
        for one in assoc.accepted_contexts:
            if one.as_scu:
                of_class = self._contexts.setdefault(str(one.abstract_syntax), {})
                of_class.setdefault(str(one.transfer_syntax[0]), one)

    def run(self) -> None:
        """Send the instances, whatever comes, and answer."""
        left, comment = iter(self._found), ""
        if self._found:
            peer = self._assoc.peer
            try:
                with transfer(peer=peer.calling_ae_title, way=WAY, address=peer.address) as record:
                    self._send(left, record)
            except NoResponse:
                comment = "The machine did not answer in time."
            except DatabaseError:
                # What nobody can be told of is not sent.
                logger.warning("A C-GET was given up: it cannot be written down")
                comment = "This server cannot write down what it sends at the moment."
        status = self._progress.finish([match.file.sop_instance_uid for match in left], comment)
        logger.info("C-GET ended", extra={"status": f"0x{status:04X}", "instances": len(self._found)})

    def _send(self, left: Iterator[Match], record: Transfer) -> None:
        for study in dict.fromkeys(match.study_instance_uid for match in self._found):
            record.begin(study)
        while not self._progress.is_cancelled:
            match = next(left, None)
            if match is None:
                return
            try:
                sent = self._store(match.file)
            except NoResponse:
                self._progress.note(Sent(match.file.sop_instance_uid, PROCESSING_FAILURE))
                raise
            if sent.sent_bytes:
                record.sent(match.study_instance_uid, match.pk, sent.sent_bytes)
            self._progress.note(sent)

    def _store(self, stored: StoredFile) -> Sent:
        contexts = self._contexts.get(stored.sop_class_uid, {})
        try:
            with sendable(stored, contexts) as what:
                return self._send_one(contexts[what.transfer_syntax_uid], stored, what)
        except NotSendable as error:
            return error.sent(stored)

    def _send_one(self, context: PresentationContext, stored: StoredFile, what: Sendable) -> Sent:
        request = C_STORE()
        request.MessageID = next(self._message_ids)
        request.AffectedSOPClassUID = stored.sop_class_uid
        request.AffectedSOPInstanceUID = stored.sop_instance_uid
        request.Priority = self._priority
        self._assoc.send(request, context.context_id or 0, _pieces(what.file))
        response = self._assoc.receive_response(request.MessageID, settings.DICOM_PEER_TIMEOUT_SECONDS)
        is_transcoded = what.transfer_syntax_uid != stored.transfer_syntax_uid
        return Sent(stored.sop_instance_uid, response.Status, transcoded=is_transcoded, sent_bytes=what.size)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(_PIECE_BYTES):
        yield piece


GET: Final = Service(
    name=Named.RETRIEVE,
    abstract_syntaxes=frozenset({PATIENT_ROOT_GET, STUDY_ROOT_GET}),
    operations=(C_GET,),
    serve=get,
    extended=EXTENDED,
)

"""C-FIND: Patient Root, Study Root and the retired Patient/Study Only (PS3.4 C.4.1), answered from the index."""

import itertools
import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Final

from django.conf import settings
from django.db import DatabaseError
from pynetdicom.dimse_primitives import C_FIND
from pynetdicom.presentation import PresentationContext

from dicomserver.access.models import Service as Named
from dicomserver.ingest.prepared import prepared_values
from dicomserver.query.requests import Found, QueryTooLong
from dicomserver.query.searching import search
from dicomserver.scp.query_answers import answer
from dicomserver.scp.query_keys import MODELS, Asked, Negotiated, Unacceptable, parse_identifier
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

# PS3.4 Table C.4-1.
OUT_OF_RESOURCES: Final = 0xA700
PENDING_UNSUPPORTED_KEYS: Final = 0xFF01
# Unable to process: the index cannot be read.
INDEX_UNAVAILABLE: Final = 0xC001
# Instances whose own data sets are looked into at once.
PORTION: Final = 100
# PS3.4 Table C.5-2: relational queries, combined date and time, fuzzy names; no adjustment of time zones.
EXTENDED: Final = bytes([1, 1, 1, 0])


def serve(assoc: NodeAssociation, request: C_FIND, context: PresentationContext) -> None:
    """Send each match, then how it ended. Raises AssociationEnded."""
    sop_class_uid = str(context.abstract_syntax)
    try:
        identifier = decoded(request.Identifier, context)
        asked = parse_identifier(identifier, sop_class_uid, Negotiated.of(assoc.extended(sop_class_uid)))
    except Unreadable as error:
        _end(assoc, request, context, CANNOT_UNDERSTAND, str(error))
        return
    except Unacceptable as error:
        _end(assoc, request, context, error.status, str(error), error.offending)
        return
    sent = 0
    try:
        sent, status, comment = _send_matches(assoc, request, context, asked)
    except QueryTooLong:
        status, comment = OUT_OF_RESOURCES, "The query takes too long here. Ask for less."
    except DatabaseError:
        logger.exception("The index cannot be read")
        status, comment = INDEX_UNAVAILABLE, "The index cannot be read at the moment."
    _end(assoc, request, context, status, comment)
    about = {"level": asked.level, "matches": sent, "status": f"{status:04X}"}
    log = logger.warning if status not in {SUCCESS, CANCELLED} else logger.info
    log("Query answered", extra={"calling_ae_title": assoc.peer.calling_ae_title, **about})


def _send_matches(
    assoc: NodeAssociation, request: C_FIND, context: PresentationContext, asked: Asked
) -> tuple[int, int, str]:
    """Send the matches one by one; returns how many, and the final status with its comment."""
    # What names its studies is as large as they are; anything else is bounded.
    limit = None if asked.request.is_narrow else settings.QUERY_MAXIMUM_RESULTS
    bounded = replace(asked.request, limit=None if limit is None else limit + 1)
    status = PENDING if asked.is_supported else PENDING_UNSUPPORTED_KEYS
    sent = 0
    for found, others in _with_others(search(bounded), asked):
        if assoc.is_cancelled(request.MessageID or 0):
            return sent, CANCELLED, ""
        if sent == limit:
            return sent, OUT_OF_RESOURCES, f"More than {limit} match, so many were sent. Ask for less."
        response = response_to(request, status)
        response.Identifier = encoded(answer(asked, found, others), context)
        assoc.send(response, context.context_id or 0)
        sent += 1
    return sent, SUCCESS, ""


def _with_others(matches: Iterator[Found], asked: Asked) -> Iterator[tuple[Found, dict[str, dict[str, Any]]]]:
    """The matches, each with the elements that are asked for and that only its own data set has."""
    if not asked.others:
        yield from ((found, {}) for found in matches)
        return
    tags = frozenset(f"{tag:08X}" for tag in asked.others)
    for portion in _portions(matches):
        others = prepared_values([found.pk for found in portion], tags)
        yield from ((found, others.get(found.pk, {})) for found in portion)


def _portions(matches: Iterable[Found]) -> Iterator[list[Found]]:
    waiting = iter(matches)
    while portion := list(itertools.islice(waiting, PORTION)):
        yield portion


def _end(
    assoc: NodeAssociation,
    request: C_FIND,
    context: PresentationContext,
    status: int,
    comment: str,
    offending: int | None = None,
) -> None:
    response = response_to(request, status, comment=comment)
    if offending is not None:
        response.OffendingElement = offending
    assoc.send(response, context.context_id or 0)


FIND: Final = Service(Named.QUERY, frozenset(MODELS), (C_FIND,), serve, extended=EXTENDED)

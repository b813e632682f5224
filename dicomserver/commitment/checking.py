"""Looks whether instances are really there and intact: that is what this server commits itself to."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from dicomserver.archive import Archive
from dicomserver.index.models import Instance
from dicomserver.index.selectors import instances_by_uid
from dicomserver.ingest.verifying import damage_of
from dicomserver.scu.commitment_data_sets import (
    CLASS_INSTANCE_CONFLICT,
    NO_SUCH_OBJECT_INSTANCE,
    PROCESSING_FAILURE,
    Commitment,
    Failed,
    Reference,
)

logger = logging.getLogger(__name__)

_AT_ONCE: Final = 500


class NotYetCommitted(Exception):
    """Some are not in the index, and something that was received waits to come into it: look again later."""


def bytes_to_read(references: Sequence[Reference]) -> int:
    """How much there is to read for `checked`."""
    return sum(
        one.file_bytes
        for group in _groups(references)
        for one in instances_by_uid(reference.sop_instance_uid for reference in group).values()
    )


def checked(
    transaction_uid: str, references: Sequence[Reference], archive: Archive, *, is_last_look: bool = False
) -> Commitment:
    """What this server commits itself to: every file of these was read, and is what was received.

    Raises NotYetCommitted unless it is the last look, django.db.Error, and ArchiveError.
    """
    committed: list[Reference] = []
    failed: list[Failed] = []
    for group in _groups(references):
        # Asked first: what waits no longer is in the index by then.
        is_waiting = bool(archive.waiting_since())
        known = instances_by_uid(reference.sop_instance_uid for reference in group)
        for reference in group:
            reason = _reason(reference, known.get(reference.sop_instance_uid), archive)
            if reason == NO_SUCH_OBJECT_INSTANCE and is_waiting and not is_last_look:
                raise NotYetCommitted
            if reason is None:
                committed.append(reference)
            else:
                failed.append(Failed(*reference, reason=reason))
    return Commitment(transaction_uid, tuple(committed), tuple(failed))


def _reason(reference: Reference, instance: Instance | None, archive: Archive) -> int | None:
    """Why the instance is not committed (PS3.3 C.14.1.1); None where it is."""
    if instance is None:
        return NO_SUCH_OBJECT_INSTANCE
    if instance.sop_class_uid != reference.sop_class_uid:
        return CLASS_INSTANCE_CONFLICT
    problem = damage_of(instance, archive)
    if problem:
        logger.error("No commitment: %s", problem, extra={"sop_instance_uid": instance.sop_instance_uid})
        return PROCESSING_FAILURE
    return None


def _groups(references: Iterable[Reference]) -> Iterator[list[Reference]]:
    rest = iter(references)
    while group := list(islice(rest, _AT_ONCE)):
        yield group

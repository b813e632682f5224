"""Lets a request for storage commitment announce its instances: a study is complete when all of them are here."""

from collections.abc import Sequence
from typing import Final

from dicomserver.index.selectors import studies_of_instances
from dicomserver.orders.services import announce_instances
from dicomserver.scu.commitment_data_sets import Reference
from wire.uids import InvalidUid, parse_uid

_AT_ONCE: Final = 5000


def announce(references: Sequence[Reference], *, is_last_look: bool = False) -> bool:
    """Announce the instances for their studies; False where some are not here, and may come into the index yet.

    A request names no study: what is here tells it. At the last look, those that are not here belong to the study of
    the others, where that is one; where it is not, nothing is announced, and quiet completes the studies.
    Raises django.db.Error.
    """
    asked = sorted({one.sop_instance_uid for one in references if _is_uid(one.sop_instance_uid)})
    studies: dict[str, set[str]] = {}
    missing = set(asked)
    for start in range(0, len(asked), _AT_ONCE):
        for uid, study in studies_of_instances(asked[start : start + _AT_ONCE]).items():
            studies.setdefault(study, set()).add(uid)
            missing.discard(uid)
    if missing and not is_last_look:
        return False
    if not missing or len(studies) == 1:
        for study in sorted(studies):
            announce_instances(study, studies[study] | missing, "commitment")
    return True


def _is_uid(text: str) -> bool:
    try:
        parse_uid(text)
    except InvalidUid:
        return False
    return True

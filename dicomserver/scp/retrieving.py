"""What C-MOVE and C-GET have in common (PS3.4 C.4.2, C.4.3): which instances are meant, and how it went with them."""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import DatabaseError
from pydicom.dataset import Dataset
from pynetdicom.presentation import PresentationContext

from dicomserver.archive import Archive
from dicomserver.index.models import Instance
from dicomserver.ingest.archives import configured_archive
from dicomserver.scp.serving import (
    CANCELLED,
    CANNOT_UNDERSTAND,
    IDENTIFIER_DOES_NOT_MATCH,
    PENDING,
    SUCCESS,
    NodeAssociation,
    Unreadable,
    decoded,
    encoded,
    response_to,
)
from dicomserver.scu import Sent, StoredFile
from wire.uids import InvalidUid, parse_uid

logger = logging.getLogger(__name__)

# PS3.4 Table C.4-2 and C.4-3.
CANNOT_COUNT: Final = 0xA701
CANNOT_PERFORM: Final = 0xA702
DESTINATION_UNKNOWN: Final = 0xA801
SOME_FAILED: Final = 0xB000

# PS3.4 C.5.2.1, C.5.3.1: relational retrieval; no conversion of enhanced multi-frame images.
EXTENDED: Final = bytes([1, 0])
PENDING_SECONDS: Final = 0.2
# Counts are US.
_MOST: Final = 0xFFFF
# A UI value of a short element has a length of 16 bits; the list of what failed is cut there (PS3.5 7.1.2).
_MOST_FAILED: Final = 0xFFFE // 65
_IMPLICIT_LITTLE: Final = "1.2.840.10008.1.2"

_LEVELS: Final = ("PATIENT", "STUDY", "SERIES", "IMAGE")
# Keyword and column of each level's unique key (PS3.4 C.6.1.1, C.6.2.1).
_KEYS: Final[Mapping[str, tuple[str, str]]] = {
    "PATIENT": ("PatientID", "series__study__patient_id"),
    "STUDY": ("StudyInstanceUID", "series__study__study_instance_uid"),
    "SERIES": ("SeriesInstanceUID", "series__series_instance_uid"),
    "IMAGE": ("SOPInstanceUID", "sop_instance_uid"),
}


class BadIdentifier(ValueError):
    """The identifier names nothing that could be retrieved; the message says why."""


@dataclass(frozen=True, slots=True)
class Match:
    """An instance that is to be sent."""

    pk: int
    study_instance_uid: str
    file: StoredFile


class Refused(Exception):
    """The request is answered with this status and these words, and nothing is sent."""

    def __init__(self, status: int, comment: str) -> None:
        super().__init__(comment)
        self.status = status
        self.comment = comment


def found_for(request: Any, context: PresentationContext, *, is_patient_root: bool) -> list[Match]:
    """The instances that a request names. Raises Refused."""
    try:
        identifier = decoded(request.Identifier, context)
        return matches(identifier, is_patient_root=is_patient_root, archive=configured_archive())
    except Unreadable as error:
        raise Refused(CANNOT_UNDERSTAND, "The identifier cannot be read.") from error
    except BadIdentifier as error:
        raise Refused(IDENTIFIER_DOES_NOT_MATCH, str(error)) from error
    except DatabaseError as error:
        logger.warning("A retrieval was refused: the index cannot be read")
        raise Refused(CANNOT_COUNT, "The index of this server cannot be read at the moment.") from error


def matches(identifier: Dataset, *, is_patient_root: bool, archive: Archive) -> list[Match]:
    """The instances that the identifier names, by study, series and number.

    Keys above the level narrow what is found, and need not be there, whether relational retrieval was negotiated or
    not. Raises BadIdentifier, and django.db.DatabaseError.
    """
    rows = (
        Instance.objects.filter(**_conditions(identifier, is_patient_root=is_patient_root))
        .order_by(
            "series__study_id",
            "series__series_number",
            "series__series_instance_uid",
            "instance_number",
            "sop_instance_uid",
        )
        .values_list(
            "pk",
            "series__study__study_instance_uid",
            "sop_class_uid",
            "sop_instance_uid",
            "transfer_syntax_uid",
            "relative_path",
            "data_set_offset",
        )
    )
    return [
        Match(pk, study, StoredFile(sop_class, sop_instance, syntax, archive.path_of(path), offset))
        for pk, study, sop_class, sop_instance, syntax, path, offset in rows.iterator(chunk_size=2000)
    ]


def _conditions(identifier: Dataset, *, is_patient_root: bool) -> dict[str, Any]:
    levels = _LEVELS if is_patient_root else _LEVELS[1:]
    level = _text(identifier.get("QueryRetrieveLevel"))
    if level not in levels:
        raise BadIdentifier(f"The level must be one of {', '.join(levels)}.")
    conditions: dict[str, Any] = {}
    for name in levels[: levels.index(level) + 1]:
        keyword, column = _KEYS[name]
        values = list(_values(identifier, keyword))
        if not values and name == level:
            raise BadIdentifier(f"The {keyword} is missing.")
        if len(values) > 1 and (name != level or name == "PATIENT"):
            raise BadIdentifier(f"Only one {keyword} may be named.")
        if values:
            conditions[f"{column}__in"] = values
    return conditions


def _values(identifier: Dataset, keyword: str) -> Iterator[str]:
    found = identifier.get(keyword)
    several = found if isinstance(found, Sequence) and not isinstance(found, str) else [found]
    for one in several:
        text = _text(one)
        if not text:
            continue
        if keyword == "PatientID":
            if "*" in text or "?" in text:
                raise BadIdentifier("The PatientID may have no wildcards.")
            yield text
            continue
        try:
            yield parse_uid(text)
        except InvalidUid as error:
            raise BadIdentifier(f"The {keyword} is no UID.") from error


def _text(value: object) -> str:
    return "" if value is None else str(value).strip(" \0")


class Progress:
    """The sub-operations of one request: counted, told while they go on, and summed up at the end."""

    def __init__(self, assoc: NodeAssociation, request: Any, context: PresentationContext, total: int) -> None:
        self._assoc = assoc
        self._request = request
        self._context = context
        self._remaining = total
        self._completed = 0
        self._warnings = 0
        self._failed: list[str] = []
        self._told_at = float("-inf")

    @property
    def is_cancelled(self) -> bool:
        """Whether the requestor wants no more, or is gone."""
        return self._assoc.is_cancelled(self._request.MessageID)

    def note(self, sent: Sent) -> None:
        """Count what became of an instance, and tell the requestor now and then. Raises AssociationEnded."""
        self._remaining -= 1
        if not sent.is_stored:
            self._failed.append(sent.sop_instance_uid)
        elif sent.has_warning:
            self._warnings += 1
        else:
            self._completed += 1
        self.tell()

    def tell(self) -> None:
        """Send a pending response, unless the last one was a moment ago. Raises AssociationEnded."""
        now = time.monotonic()
        if now - self._told_at >= PENDING_SECONDS:
            self._told_at = now
            self._respond(PENDING)

    def finish(self, not_sent: Sequence[str] = (), comment: str = "") -> int:
        """Send the final response; `not_sent` are instances that were given up. Returns its status."""
        if self.is_cancelled:
            return self._respond(CANCELLED)
        self._failed += not_sent
        self._remaining = 0
        done = self._completed + self._warnings
        if self._failed:
            return self._respond(SOME_FAILED if done else CANNOT_PERFORM, comment)
        return self._respond(SOME_FAILED if self._warnings else SUCCESS)

    def _respond(self, status: int, comment: str = "") -> int:
        response = response_to(self._request, status, comment=comment)
        if status in {PENDING, CANCELLED}:
            response.NumberOfRemainingSuboperations = min(self._remaining, _MOST)
        response.NumberOfCompletedSuboperations = min(self._completed, _MOST)
        response.NumberOfWarningSuboperations = min(self._warnings, _MOST)
        response.NumberOfFailedSuboperations = min(len(self._failed), _MOST)
        if status not in {PENDING, SUCCESS}:
            response.Identifier = encoded(self._failed_list(), self._context)
        self._assoc.send(response, self._context.context_id or 0)
        return status

    def _failed_list(self) -> Dataset:
        is_short = str(self._context.transfer_syntax[0]) != _IMPLICIT_LITTLE
        ds = Dataset()
        ds.FailedSOPInstanceUIDList = self._failed[:_MOST_FAILED] if is_short else self._failed
        return ds

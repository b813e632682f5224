"""The data sets of storage commitment (PS3.4 J.3, PS3.3 C.14): made from references, and taken apart again."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from pydicom.dataset import Dataset

STORAGE_COMMITMENT: Final = "1.2.840.10008.1.20.1"
# The well-known SOP Instance of the SOP Class (PS3.4 J.3.5).
STORAGE_COMMITMENT_INSTANCE: Final = "1.2.840.10008.1.20.1.1"
REQUEST_STORAGE_COMMITMENT: Final = 1
ALL_COMMITTED, SOME_FAILED = 1, 2

# PS3.3 C.14.1.1.
PROCESSING_FAILURE: Final = 0x0110
NO_SUCH_OBJECT_INSTANCE: Final = 0x0112
CLASS_INSTANCE_CONFLICT: Final = 0x0119

_UID: Final = re.compile(r"[0-9.]{1,64}")


class Reference(NamedTuple):
    """An instance that is spoken of."""

    sop_class_uid: str
    sop_instance_uid: str


class Failed(NamedTuple):
    """An instance that is not committed, and why (PS3.3 C.14.1.1)."""

    sop_class_uid: str
    sop_instance_uid: str
    reason: int


@dataclass(frozen=True, slots=True)
class Commitment:
    """What an archive commits itself to keep, and what it does not."""

    transaction_uid: str
    committed: tuple[Reference, ...] = ()
    failed: tuple[Failed, ...] = ()

    @property
    def event_type(self) -> int:
        """The Event Type ID under which it is told (PS3.4 Table J.3.3-1)."""
        return SOME_FAILED if self.failed else ALL_COMMITTED


@dataclass(frozen=True, slots=True)
class CommitmentAsked:
    """What an archive is asked to keep."""

    transaction_uid: str
    references: tuple[Reference, ...] = field(default_factory=tuple)


class NotACommitment(ValueError):
    """The data set lacks what PS3.4 J.3 demands, or holds what it cannot; the message says which."""


def action_information(transaction_uid: str, references: Iterable[Reference]) -> Dataset:
    """What is asked (PS3.4 Table J.3.2-1)."""
    ds = Dataset()
    ds.TransactionUID = transaction_uid
    ds.ReferencedSOPSequence = [_item(one) for one in references]
    return ds


def event_information(commitment: Commitment, *, retrieve_ae_title: str) -> Dataset:
    """What is answered (PS3.4 Table J.3.3-1)."""
    ds = Dataset()
    ds.TransactionUID = commitment.transaction_uid
    ds.RetrieveAETitle = retrieve_ae_title
    if commitment.committed:
        ds.ReferencedSOPSequence = [_item(one) for one in commitment.committed]
    if commitment.failed:
        ds.FailedSOPSequence = [_item(one) for one in commitment.failed]
        for item, one in zip(ds.FailedSOPSequence, commitment.failed, strict=True):
            item.FailureReason = one.reason
    return ds


def parse_action_information(ds: Dataset) -> CommitmentAsked:
    """What another machine asks this server. Raises NotACommitment."""
    references = tuple(_reference(item) for item in _items(ds, "ReferencedSOPSequence"))
    if not references:
        raise NotACommitment("The request names no instance.")
    return CommitmentAsked(_uid(ds, "TransactionUID"), references)


def parse_event_information(ds: Dataset) -> Commitment:
    """What another archive answers. Raises NotACommitment."""
    committed = tuple(_reference(item) for item in _items(ds, "ReferencedSOPSequence"))
    failed = tuple(
        Failed(*_reference(item), reason=_number(item.get("FailureReason"))) for item in _items(ds, "FailedSOPSequence")
    )
    return Commitment(_uid(ds, "TransactionUID"), committed, failed)


def _item(one: Reference | Failed) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = one.sop_class_uid
    item.ReferencedSOPInstanceUID = one.sop_instance_uid
    return item


def _items(ds: Dataset, keyword: str) -> Sequence[Dataset]:
    value = ds.get(keyword)
    return () if value is None else list(value)


def _reference(item: Dataset) -> Reference:
    return Reference(_uid(item, "ReferencedSOPClassUID"), _uid(item, "ReferencedSOPInstanceUID"))


def _uid(ds: Dataset, keyword: str) -> str:
    text = str(ds.get(keyword) or "")
    # Components that begin with a zero are wrong, and found: an instance of such a name is none that is known here.
    if not _UID.fullmatch(text):
        raise NotACommitment(f"{keyword} is missing, or no UID.")
    return text


def _number(value: Any) -> int:
    return value if isinstance(value, int) else PROCESSING_FAILURE

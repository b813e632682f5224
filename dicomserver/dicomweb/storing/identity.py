"""Reads who an instance is from the front of its data set: a file meta beside it may be that of another, older file.

Software that gives instances new UIDs often forgets the file meta, which PS3.10 7.1 wants to agree. Here the data set
counts, as it does wherever such a file is sent by C-STORE.
"""

import struct
from typing import Final

from dicomserver.archive.part10 import EXPLICIT_BIG, IMPLICIT_LITTLE
from wire.uids import InvalidUid, parse_uid

DEFLATED: Final = "1.2.840.10008.1.2.1.99"
_SOP_INSTANCE_UID: Final = (0x0008, 0x0018)
_LONG_VRS: Final = frozenset({b"OB", b"OW", b"SQ", b"UN", b"UT", b"UC", b"UR"})


def sop_instance_uid_at(front: bytes, transfer_syntax_uid: str) -> str:
    """The SOP Instance UID in the first elements of a data set; empty where it is not found there, or is none."""
    if transfer_syntax_uid == DEFLATED:
        return ""
    order = ">" if transfer_syntax_uid == EXPLICIT_BIG else "<"
    is_implicit = transfer_syntax_uid == IMPLICIT_LITTLE
    offset = 0
    try:
        while (tag := struct.unpack_from(f"{order}HH", front, offset)) <= _SOP_INSTANCE_UID:
            offset, length = _value(front, offset + 4, order, is_implicit=is_implicit)
            if tag == _SOP_INSTANCE_UID:
                value = front[offset : offset + length]
                return parse_uid(value.rstrip(b"\0 ").decode("ascii")) if len(value) == length else ""
            offset += length
    except (struct.error, UnicodeDecodeError, InvalidUid):
        # Ingest reads the whole data set, and says what is wrong with it.
        pass
    return ""


def _value(front: bytes, offset: int, order: str, *, is_implicit: bool) -> tuple[int, int]:
    """Where the value of the element begins whose VR or length stands at the offset, and how long it is."""
    if is_implicit:
        return offset + 4, struct.unpack_from(f"{order}L", front, offset)[0]
    if front[offset : offset + 2] in _LONG_VRS:
        return offset + 8, struct.unpack_from(f"{order}L", front, offset + 4)[0]
    return offset + 4, struct.unpack_from(f"{order}H", front, offset + 2)[0]

"""The command sets of C-STORE from its user's side (PS3.7 9.3.1), packed by hand: one of each an instance."""

import struct
from dataclasses import dataclass
from typing import Final

C_STORE_RQ: Final = 0x0001
MEDIUM: Final = 0x0000
_HAS_DATA_SET: Final = 0x0001
_ELEMENT: Final = struct.Struct("<HHL")
_MAX_AE_TITLE: Final = 16


@dataclass(frozen=True, slots=True)
class MoveOriginator:
    """Who asked for the C-MOVE of which a C-STORE is a part, and the Message ID of the C-MOVE-RQ."""

    ae_title: str
    message_id: int


def store_request(
    message_id: int,
    sop_class_uid: str,
    sop_instance_uid: str,
    *,
    priority: int = MEDIUM,
    move_originator: MoveOriginator | None = None,
) -> bytes:
    """A C-STORE-RQ with a data set."""
    elements = [
        _element(0x0002, _padded(sop_class_uid, b"\0")),
        _short(0x0100, C_STORE_RQ),
        _short(0x0110, message_id),
        _short(0x0700, priority),
        _short(0x0800, _HAS_DATA_SET),
        _element(0x1000, _padded(sop_instance_uid, b"\0")),
    ]
    if move_originator is not None:
        elements.append(_element(0x1030, _padded(move_originator.ae_title[:_MAX_AE_TITLE], b" ")))
        elements.append(_short(0x1031, move_originator.message_id))
    body = b"".join(elements)
    return _element(0x0000, struct.pack("<L", len(body))) + body


def _element(element: int, value: bytes) -> bytes:
    return _ELEMENT.pack(0, element, len(value)) + value


def _short(element: int, value: int) -> bytes:
    return _element(element, struct.pack("<H", value))


def _padded(value: str, padding: bytes) -> bytes:
    encoded = value.encode("ascii", "replace")
    return encoded + padding * (len(encoded) % 2)

"""The command sets of C-STORE (PS3.7 9.3.1, 6.3.1), taken apart and packed by hand: one of each an instance."""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

C_STORE_RQ: Final = 0x0001
C_STORE_RSP: Final = 0x8001
NO_DATA_SET: Final = 0x0101

_AFFECTED_SOP_CLASS_UID: Final = 0x0002
_COMMAND_FIELD: Final = 0x0100
_MESSAGE_ID: Final = 0x0110
_MESSAGE_ID_BEING_RESPONDED_TO: Final = 0x0120
_COMMAND_DATA_SET_TYPE: Final = 0x0800
_STATUS: Final = 0x0900
_ERROR_COMMENT: Final = 0x0902
_AFFECTED_SOP_INSTANCE_UID: Final = 0x1000

_ELEMENT: Final = struct.Struct("<HHL")
_PDU: Final = struct.Struct(">BBLLBB")
_COMMAND: Final = 1
_LAST: Final = 2
_MAX_UID: Final = 64
_MAX_COMMENT: Final = 64  # (0000,0902) is LO
_SMALLEST_FRAGMENT: Final = 128
# Longer PDUs gain nothing, however long the peer would take them.
_LARGEST_FRAGMENT: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class StoreRequest:
    """A C-STORE-RQ; the UIDs are as sent, and empty where they were not."""

    message_id: int
    sop_class_uid: str
    sop_instance_uid: str
    has_data_set: bool


def parse_store_request(command_set: bytes) -> StoreRequest | None:
    """The request, of an encoded command set; None where it is another message, or no command set at all."""
    values: dict[int, bytes] = {}
    offset, end = 0, len(command_set)
    while offset < end:
        if end - offset < _ELEMENT.size:
            return None
        group, element, length = _ELEMENT.unpack_from(command_set, offset)
        offset += _ELEMENT.size
        if group or length > end - offset:
            return None
        values[element] = command_set[offset : offset + length]
        offset += length
    message_id = _number(values, _MESSAGE_ID)
    if _number(values, _COMMAND_FIELD) != C_STORE_RQ or message_id is None:
        return None
    return StoreRequest(
        message_id=message_id,
        sop_class_uid=_text(values, _AFFECTED_SOP_CLASS_UID),
        sop_instance_uid=_text(values, _AFFECTED_SOP_INSTANCE_UID),
        has_data_set=_number(values, _COMMAND_DATA_SET_TYPE) != NO_DATA_SET,
    )


def store_response(request: StoreRequest, context_id: int, status: int, comment: str, max_pdu_bytes: int) -> bytes:
    """The C-STORE-RSP as P-DATA-TF PDUs (PS3.8 9.3.5), none longer than the peer takes (0: any length)."""
    elements = [
        _uid(_AFFECTED_SOP_CLASS_UID, request.sop_class_uid),
        _short(_COMMAND_FIELD, C_STORE_RSP),
        _short(_MESSAGE_ID_BEING_RESPONDED_TO, request.message_id),
        _short(_COMMAND_DATA_SET_TYPE, NO_DATA_SET),
        _short(_STATUS, status),
    ]
    if comment:
        elements.append(_element(_ERROR_COMMENT, _padded(comment[:_MAX_COMMENT], b" ")))
    elements.append(_uid(_AFFECTED_SOP_INSTANCE_UID, request.sop_instance_uid))
    body = b"".join(elements)
    command_set = _element(0x0000, struct.pack("<L", len(body))) + body
    return b"".join(p_data(context_id, [command_set], is_command=True, max_pdu_bytes=max_pdu_bytes))


def p_data(
    context_id: int, data: Iterable[bytes | memoryview], *, is_command: bool, max_pdu_bytes: int
) -> Iterator[bytes]:
    """A command set or data set as P-DATA-TF PDUs (PS3.8 9.3.5), none longer than the peer takes (0: any length)."""
    control = _COMMAND if is_command else 0
    limit = max(min(max_pdu_bytes or _LARGEST_FRAGMENT, _LARGEST_FRAGMENT) - 6, _SMALLEST_FRAGMENT) & ~1
    fragment = bytearray()
    for piece in data:
        start = 0
        while start < len(piece):
            if len(fragment) == limit:
                yield _pdu(context_id, control, fragment)
                fragment.clear()
            end = start + limit - len(fragment)
            fragment += piece[start:end]
            start = end
    yield _pdu(context_id, control | _LAST, fragment)


def _pdu(context_id: int, control: int, fragment: bytearray) -> bytes:
    return _PDU.pack(4, 0, len(fragment) + 6, len(fragment) + 2, context_id, control) + fragment


def _number(values: dict[int, bytes], element: int) -> int | None:
    value = values.get(element, b"")
    return int.from_bytes(value, "little") if len(value) == 2 else None


def _text(values: dict[int, bytes], element: int) -> str:
    return values.get(element, b"").rstrip(b"\0 ").decode("ascii", "replace")


def _element(element: int, value: bytes) -> bytes:
    return _ELEMENT.pack(0, element, len(value)) + value


def _short(element: int, value: int) -> bytes:
    return _element(element, struct.pack("<H", value))


def _uid(element: int, value: str) -> bytes:
    """As the requestor sent it; an element that is no UID is not repeated."""
    return _element(element, _padded(value, b"\0")) if 0 < len(value) <= _MAX_UID else b""


def _padded(value: str, padding: bytes) -> bytes:
    encoded = value.encode("ascii", "replace")
    return encoded + padding * (len(encoded) % 2)

"""Packs PDUs and command sets by hand (PS3.8 9.3, PS3.7 6.3), so that they can also be wrong."""

import struct
from collections.abc import Iterable, Sequence
from typing import Final

VERIFICATION: Final = "1.2.840.10008.1.1"
IMPLICIT: Final = "1.2.840.10008.1.2"
CT: Final = "1.2.840.10008.5.1.4.1.1.2"

ASSOCIATE_RQ: Final = 0x01
ASSOCIATE_AC: Final = 0x02
ASSOCIATE_RJ: Final = 0x03
P_DATA: Final = 0x04
RELEASE_RQ: Final = 0x05
RELEASE_RP: Final = 0x06
ABORT: Final = 0x07

C_STORE_RQ: Final = 0x0001
C_ECHO_RQ: Final = 0x0030
C_CANCEL_RQ: Final = 0x0FFF
NO_DATA_SET: Final = 0x0101
A_DATA_SET: Final = 0x0001


def pdu(kind: int, body: bytes, announced: int | None = None) -> bytes:
    """A PDU; `announced` lies about its length."""
    return struct.pack(">BxL", kind, len(body) if announced is None else announced) + body


def item(kind: int, value: bytes, announced: int | None = None) -> bytes:
    """An item of an association request; `announced` lies about its length."""
    return struct.pack(">BxH", kind, len(value) if announced is None else announced) + value


def context_item(context_id: int, abstract_syntax: str, transfer_syntaxes: Iterable[str]) -> bytes:
    """A presentation context as it is asked for."""
    syntaxes = b"".join(item(0x40, uid.encode()) for uid in transfer_syntaxes)
    return item(0x20, bytes([context_id, 0, 0, 0]) + item(0x30, abstract_syntax.encode()) + syntaxes)


def associate_request(
    contexts: Sequence[tuple[str, Sequence[str]]] = ((CT, (IMPLICIT,)), (VERIFICATION, (IMPLICIT,))),
    *,
    calling: str = "HOSTILE",
    called: str = "SERVER_A",
    items: bytes | None = None,
) -> bytes:
    """A request for these contexts, with the odd context ids from 1 on; `items` replaces all items."""
    if items is None:
        offered = enumerate(contexts)
        asked = b"".join(context_item(2 * number + 1, *context) for number, context in offered)
        user = item(0x51, struct.pack(">L", 16384)) + item(0x52, b"1.2.3.4")
        items = item(0x10, b"1.2.840.10008.3.1.1.1") + asked + item(0x50, user)
    titles = called.encode().ljust(16) + calling.encode().ljust(16)
    return pdu(ASSOCIATE_RQ, b"\0\1\0\0" + titles + bytes(32) + items)


def fragment(
    data: bytes, *, context_id: int = 1, is_command: bool = False, is_last: bool = True, announced: int | None = None
) -> bytes:
    """A presentation data value with its header; `announced` lies about its length."""
    length = len(data) + 2 if announced is None else announced
    return struct.pack(">LBB", length, context_id, is_command | is_last << 1) + data


def p_data(*fragments: bytes) -> bytes:
    """A P-DATA-TF with these fragments."""
    return pdu(P_DATA, b"".join(fragments))


def command_element(element: int, value: bytes, announced: int | None = None) -> bytes:
    """An element of group 0000; `announced` lies about its length."""
    return struct.pack("<HHL", 0, element, len(value) if announced is None else announced) + value


def command_set(*elements: bytes, group_length: int | None = None) -> bytes:
    """A command set with its group length; `group_length` lies about it."""
    body = b"".join(elements)
    return command_element(0, struct.pack("<L", len(body) if group_length is None else group_length)) + body


def request(field: int, *, message_id: int = 1, data_set_type: int = NO_DATA_SET, sop_class_uid: str = CT) -> bytes:
    """A request's command set without an instance."""
    return command_set(
        command_element(0x0002, _uid(sop_class_uid)),
        command_element(0x0100, struct.pack("<H", field)),
        command_element(0x0110, struct.pack("<H", message_id)),
        command_element(0x0800, struct.pack("<H", data_set_type)),
    )


def store_request(
    sop_instance_uid: str = "1.2.3.4.5",
    *,
    message_id: int = 1,
    data_set_type: int = A_DATA_SET,
    sop_class_uid: str = CT,
    more: bytes = b"",
) -> bytes:
    """The command set of a C-STORE-RQ, and what else is to stand in it."""
    return command_set(
        command_element(0x0002, _uid(sop_class_uid)),
        command_element(0x0100, struct.pack("<H", C_STORE_RQ)),
        command_element(0x0110, struct.pack("<H", message_id)),
        command_element(0x0700, struct.pack("<H", 0)),
        command_element(0x0800, struct.pack("<H", data_set_type)),
        command_element(0x1000, _uid(sop_instance_uid)),
        more,
    )


def command(data: bytes, *, context_id: int = 1) -> bytes:
    """A P-DATA-TF with one whole command set."""
    return p_data(fragment(data, context_id=context_id, is_command=True))


def data_set(data: bytes, *, context_id: int = 1, is_last: bool = True) -> bytes:
    """A P-DATA-TF with one fragment of a data set."""
    return p_data(fragment(data, context_id=context_id, is_last=is_last))


RELEASE: Final = pdu(RELEASE_RQ, bytes(4))
ABORTED: Final = pdu(ABORT, bytes(4))


def _uid(value: str) -> bytes:
    encoded = value.encode()
    return encoded + b"\0" * (len(encoded) % 2)

"""Messages cut into fragments (PS3.8 9.3.5, Annex E): command sets and data sets, from memory and from files."""

import struct
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final

COMMAND: Final = 1
LAST: Final = 2
# Item length, context ID and control header of an item; what a fragment adds to its bytes.
ITEM_OVERHEAD: Final = 6
_SMALLEST_FRAGMENT: Final = 64
_PDU: Final = struct.Struct(">BBLLBB")
_P_DATA_TF: Final = 4
# PDUs are sent some together.
_BLOCK_BYTES: Final = 256 * 1024

Fragment = tuple[int, bytes]
"""Message control header and bytes."""


def fragment_bytes(maximum_pdu_bytes: int, own_maximum: int) -> int:
    """How long a fragment may be for a peer that takes PDUs so long (0: any length), never longer than our own."""
    limit = min(maximum_pdu_bytes or own_maximum, own_maximum)
    return max(limit - ITEM_OVERHEAD, _SMALLEST_FRAGMENT) // 2 * 2


def fragments_of(data: bytes, kind: int, limit: int) -> Iterator[Fragment]:
    """Bytes as fragments of `kind` (COMMAND, or 0 for a data set)."""
    for start in range(0, len(data), limit):
        is_last = start + limit >= len(data)
        yield kind | (LAST if is_last else 0), data[start : start + limit]


def fragments_of_file(file: BinaryIO, size: int, limit: int) -> Iterator[Fragment]:
    """The next `size` bytes of a file as fragments of a data set. Raises OSError where the file is shorter."""
    left = size
    while left:
        piece = file.read(min(limit, left))
        if not piece:
            raise OSError("The file ends before its data set does.")
        left -= len(piece)
        yield (0 if left else LAST), piece


def pdus_of(fragments: Iterable[Fragment], context_id: int) -> Iterator[bytearray]:
    """P-DATA-TF PDUs of one fragment each, some together."""
    block = bytearray()
    for control, piece in fragments:
        block += _PDU.pack(_P_DATA_TF, 0, len(piece) + 6, len(piece) + 2, context_id, control)
        block += piece
        if len(block) >= _BLOCK_BYTES:
            yield block
            block = bytearray()
    if block:
        yield block

"""Reads what stands in front of a data set in a file: preamble, prefix and file meta (PS3.10 7.1), or their absence."""

import struct
from dataclasses import dataclass
from typing import BinaryIO, Final

from dicomserver.archive.file_meta import RECEIPT_CREATOR_UID, FileMeta, Receipt, decode_receipt

IMPLICIT_LITTLE: Final = "1.2.840.10008.1.2"
EXPLICIT_LITTLE: Final = "1.2.840.10008.1.2.1"
EXPLICIT_BIG: Final = "1.2.840.10008.1.2.2"

# Far more than any file meta has; what claims more is no DICOM file.
MAX_HEAD_BYTES: Final = 1024 * 1024
_LONG_VRS: Final = frozenset(
    {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
)


class NotPart10(ValueError):
    """The file does not begin like a DICOM file or data set."""


@dataclass(frozen=True, slots=True)
class FileHead:
    """The file meta's values, empty where absent, where the data set begins, and our own receipt if there is one."""

    meta: FileMeta
    data_set_offset: int
    receipt: Receipt | None = None


def read_file_head(file: BinaryIO) -> FileHead:
    """Read from the start of the file. Raises NotPart10.

    A missing preamble, a missing file meta and a missing transfer syntax are tolerated as PS3.10's forerunners wrote
    them: the encoding is then told from the first element.
    """
    file.seek(0)
    head = file.read(MAX_HEAD_BYTES)
    offset = 132 if head[128:132] == b"DICM" else 0
    values: dict[int, bytes] = {}
    while head[offset : offset + 2] == b"\x02\x00":
        element, value, offset = _meta_element(head, offset)
        values[element] = value
    transfer_syntax = _text(values.get(0x0010, b"")) or _guess(head[offset : offset + 6])
    is_ours = _text(values.get(0x0100, b"")) == RECEIPT_CREATOR_UID
    receipt, origin = (decode_receipt(values.get(0x0102, b"")) if is_ours else None) or (None, "")
    return FileHead(
        meta=FileMeta(
            sop_class_uid=_text(values.get(0x0002, b"")),
            sop_instance_uid=_text(values.get(0x0003, b"")),
            transfer_syntax_uid=transfer_syntax,
            calling_ae_title=_text(values.get(0x0017, b"")),
            called_ae_title=_text(values.get(0x0018, b"")),
            origin=origin,
        ),
        data_set_offset=offset,
        receipt=receipt,
    )


def _meta_element(head: bytes, offset: int) -> tuple[int, bytes, int]:
    """One element of group 0002: its number, its value, and where the next one begins."""
    try:
        element, vr, length = struct.unpack_from("<H2sH", head, offset + 2)
        start = offset + 8
        if vr in _LONG_VRS:
            (length,) = struct.unpack_from("<L", head, start)
            start += 4
    except struct.error as error:
        raise NotPart10("The file ends within its file meta.") from error
    if start + length > len(head):
        raise NotPart10("The file ends within its file meta.")
    return element, head[start : start + length], start + length


def _guess(first: bytes) -> str:
    """The encoding of a data set whose file does not name it, by its first element."""
    if len(first) < 6:
        raise NotPart10("The file is too short to be DICOM.")
    group = first[:2]
    if group == b"\0\0":
        raise NotPart10("The file does not begin like DICOM.")
    if not first[4:6].isalpha() or not first[4:6].isupper():
        if group[1:] != b"\0":
            raise NotPart10("The file does not begin like DICOM.")
        return IMPLICIT_LITTLE
    return EXPLICIT_BIG if group[:1] == b"\0" else EXPLICIT_LITTLE


def _text(value: bytes) -> str:
    return value.decode("ascii", "replace").strip(" \0")

"""Tells what a file is by its first bytes; its name says nothing."""

from enum import StrEnum
from typing import Final

HEAD_BYTES: Final = 2048
MEDIA_STORAGE_DIRECTORY: Final = b"1.2.840.10008.1.3.10"
# Files of ACR-NEMA and careless tools begin with the data set itself: with one of these groups.
_FIRST_GROUPS: Final = frozenset({0x0002, 0x0004, 0x0008, 0x0010, 0x0018, 0x0020, 0x0028})


class Kind(StrEnum):
    """What a file may be."""

    EMPTY = "empty"
    DICOM = "DICOM"
    DICOMDIR = "DICOMDIR"
    ZIP = "ZIP archive"
    PDF = "PDF document"
    JPEG = "JPEG picture"
    PNG = "PNG picture"
    MP4 = "MP4 video"
    OTHER = "other"

    @property
    def can_be_wrapped(self) -> bool:
        """Whether the file can be kept as DICOM once somebody says whose it is."""
        return self in {Kind.PDF, Kind.JPEG, Kind.PNG, Kind.MP4}


def kind_of(head: bytes) -> Kind:
    """The kind of a file that begins with `head` (HEAD_BYTES of it, or all)."""
    if not head:
        return Kind.EMPTY
    if head[128:132] == b"DICM" or head[:2] == b"\x02\0":
        return Kind.DICOMDIR if _is_directory(head) else Kind.DICOM
    for magic, kind in ((b"PK\x03\x04", Kind.ZIP), (b"PK\x05\x06", Kind.ZIP), (b"\x89PNG\r\n\x1a\n", Kind.PNG)):
        if head.startswith(magic):
            return kind
    if head.startswith(b"\xff\xd8\xff"):
        return Kind.JPEG
    if head[4:8] == b"ftyp":
        return Kind.MP4
    # Readers of PDF allow bytes before its header (ISO 32000-2 Annex I).
    if b"%PDF-" in head[:1024]:
        return Kind.PDF
    return Kind.DICOM if _begins_like_data_set(head) else Kind.OTHER


def _is_directory(head: bytes) -> bool:
    """Whether the file meta says Media Storage Directory: (0002,0002), explicit VR, always within its first bytes."""
    at = head.find(b"\x02\0\x02\0UI")
    length = int.from_bytes(head[at + 6 : at + 8], "little")
    return at >= 0 and head[at + 8 : at + 8 + length].rstrip(b"\0 ") == MEDIA_STORAGE_DIRECTORY


def _begins_like_data_set(head: bytes) -> bool:
    return len(head) >= 8 and any(int.from_bytes(head[:2], order) in _FIRST_GROUPS for order in ("little", "big"))

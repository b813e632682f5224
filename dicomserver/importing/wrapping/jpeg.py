"""Looks into a JPEG file without decoding it (ITU-T T.81 Annex B): what it is, and its bytes without EXIF."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_START: Final = 0xD8
_END: Final = 0xD9
_SCAN: Final = 0xDA
_BASELINE: Final = 0xC0
_FRAMES: Final = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
_EXIF: Final = 0xE1
_COMMENT: Final = 0xFE
_ADOBE: Final = 0xEE


class NotJpeg(ValueError):
    """The bytes are no whole JPEG file."""


@dataclass(frozen=True, slots=True)
class JpegFile:
    """What the headers say, and the file without EXIF (place, owner, device) and comments."""

    is_baseline: bool
    rows: int
    columns: int
    components: int
    adobe_transform: int | None
    stripped: bytes

    @property
    def is_rgb(self) -> bool:
        """Whether three components are red, green and blue, not YCbCr."""
        return self.components == 3 and self.adobe_transform == 0


def read_jpeg(data: bytes) -> JpegFile:
    """Raises NotJpeg."""
    kept = [data[:2]]
    frame, adobe = b"", None
    marker, scan = 0, 0
    for marker, start, end in _segments(data):
        body = data[start + 4 : end]
        if marker in _FRAMES and not frame:
            frame = bytes([marker]) + body
        elif marker == _ADOBE and body.startswith(b"Adobe") and len(body) >= 12:
            adobe = body[11]
        if marker == _SCAN:
            scan = start
            break
        if marker not in {_EXIF, _COMMENT}:
            kept.append(data[start:end])
    end_of_image = data.rfind(b"\xff\xd9")
    if len(frame) < 7 or not scan or end_of_image < scan:
        raise NotJpeg("no frame, no scan or no end")
    return JpegFile(
        is_baseline=frame[0] == _BASELINE and frame[1] == 8,
        rows=int.from_bytes(frame[2:4], "big"),
        columns=int.from_bytes(frame[4:6], "big"),
        components=frame[6],
        adobe_transform=adobe,
        stripped=b"".join(kept) + data[scan : end_of_image + 2],
    )


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of each segment up to the first scan."""
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            raise NotJpeg("no marker")
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker in {_START, _END} or 0xD0 <= marker <= 0xD7 or marker in {0, 1}:
            raise NotJpeg("a marker out of place")
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if end > len(data) or end < at + 4:
            raise NotJpeg("cut off")
        yield marker, at, end
        at = end

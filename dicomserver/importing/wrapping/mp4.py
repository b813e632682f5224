"""Reads the headers of an MP4 file (ISO/IEC 14496-12): its one video track, how it is coded, its frames and their rate.

Whatever a box claims is held against the box around it; nothing but headers is read, and of them not more than needed.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

MAX_HEADER_BYTES: Final = 64 * 1024**2
MAX_BOXES: Final = 20_000
# What Number of Frames (VR IS) can say.
MAX_FRAMES: Final = 2**31 - 1
_AVC: Final = frozenset({b"avc1", b"avc3"})
_HEVC: Final = frozenset({b"hvc1", b"hev1"})
# Where a visual sample entry's own boxes begin (ISO/IEC 14496-12 12.1.3).
_VISUAL_ENTRY_BYTES: Final = 78


class NotMp4(ValueError):
    """The bytes are no MP4 file that can be read; the message says what is wrong, in a sentence."""


@dataclass(frozen=True, slots=True)
class VideoTrack:
    """The video: `codec` is avc or hevc; profile and level as its decoder configuration writes them."""

    codec: str
    profile: int
    level: int
    constraints: int
    rows: int
    columns: int
    frames: int
    frame_time_ms: float


@dataclass(frozen=True, slots=True)
class _Box:
    kind: bytes
    body: bytes


def read_mp4(file: BinaryIO) -> VideoTrack:
    """The video track. Raises NotMp4 and OSError."""
    movie = _movie(file)
    videos = [track for box in _boxes(movie) if box.kind == b"trak" and (track := _video(box.body)) is not None]
    if not videos:
        raise NotMp4("There is no video in the file.")
    if len(videos) > 1:
        raise NotMp4("There is more than one video in the file. Send them one by one.")
    return videos[0]


def _movie(file: BinaryIO) -> bytes:
    """The body of the box moov; the media's own bytes are passed over."""
    size = file.seek(0, 2)
    at, has_media, movie = 0, False, b""
    for _ in range(MAX_BOXES):
        if at >= size:
            break
        file.seek(at)
        kind, start, end = _head(file.read(16), at, size)
        if kind == b"moov" and not movie:
            if end - start > MAX_HEADER_BYTES:
                raise NotMp4("The video's headers are longer than is believable.")
            file.seek(start)
            movie = file.read(end - start)
        has_media = has_media or kind == b"mdat"
        at = end
    if not movie or not has_media:
        raise NotMp4("The video is cut off: a part of it is not there.")
    return movie


def _head(head: bytes, at: int, limit: int) -> tuple[bytes, int, int]:
    """A box's kind, and where its body begins and ends."""
    if len(head) < 8:
        raise NotMp4("The video is cut off.")
    length, kind = struct.unpack_from(">L4s", head)
    start = at + 8
    if length == 1:
        if len(head) < 16:
            raise NotMp4("The video is cut off.")
        (length,) = struct.unpack_from(">Q", head, 8)
        start += 8
    end = limit if length == 0 else at + length
    if end > limit or end < start:
        raise NotMp4("The video is cut off, or its headers make no sense.")
    return kind, start, end


def _boxes(body: bytes, at: int = 0) -> Iterator[_Box]:
    for _ in range(MAX_BOXES):
        if at + 8 > len(body):
            return
        kind, start, end = _head(body[at : at + 16], at, len(body))
        yield _Box(kind, body[start:end])
        at = end


def _find(body: bytes, *path: bytes) -> bytes:
    """The body of the first box at the path. Raises NotMp4."""
    for kind in path:
        body = next((box.body for box in _boxes(body) if box.kind == kind), b"")
        if not body:
            raise NotMp4("The video's headers are not whole.")
    return body


def _video(track: bytes) -> VideoTrack | None:
    """The track, if it is one of video."""
    try:
        media = _find(track, b"mdia")
        if _find(media, b"hdlr")[8:12] != b"vide":
            return None
        table = _find(media, b"minf", b"stbl")
        entry = next(_boxes(_find(table, b"stsd"), 8))
        frames, duration = _timing(_find(table, b"stts"))
        timescale = _timescale(_find(media, b"mdhd"))
        columns, rows = struct.unpack_from(">HH", entry.body, 24)
        codec, profile, constraints, level = _coding(entry)
    except (struct.error, StopIteration, IndexError) as error:
        raise NotMp4("The video's headers are not whole.") from error
    if not (rows and columns and 0 < frames <= MAX_FRAMES and duration and timescale):
        raise NotMp4("The video holds no frames, or does not say how fast they follow each other.")
    return VideoTrack(codec, profile, level, constraints, rows, columns, frames, 1000 * duration / timescale / frames)


def _timing(body: bytes) -> tuple[int, int]:
    """Number of frames, and what they take together in the track's unit of time."""
    (count,) = struct.unpack_from(">L", body, 4)
    frames = duration = 0
    for number in range(count):
        samples, delta = struct.unpack_from(">LL", body, 8 + 8 * number)
        frames += samples
        duration += samples * delta
    return frames, duration


def _timescale(body: bytes) -> int:
    scale: int = struct.unpack_from(">L", body, 20 if body[0] == 1 else 12)[0]
    return scale


def _coding(entry: _Box) -> tuple[str, int, int, int]:
    """Codec, profile, constraint flags and level."""
    if entry.kind in _AVC:
        configuration = next(box.body for box in _boxes(entry.body, _VISUAL_ENTRY_BYTES) if box.kind == b"avcC")
        return "avc", configuration[1], configuration[2], configuration[3]
    if entry.kind in _HEVC:
        configuration = next(box.body for box in _boxes(entry.body, _VISUAL_ENTRY_BYTES) if box.kind == b"hvcC")
        return "hevc", configuration[1] & 0x1F, 0, configuration[12]
    raise NotMp4("The video is coded in a way that DICOM does not know. Convert it to H.264 (High, level 4.2 at most).")

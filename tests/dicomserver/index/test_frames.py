"""Frames by offset and length: native, single-bit, big-endian, deflated, encapsulated."""

import os
import zlib
from pathlib import Path

import pytest

from dicomserver.index.frames import EncapsulatedFrames, FrameNotFound, FrameTable, NativeFrames


def read_all(tmp_path: Path, content: bytes, table: FrameTable) -> list[bytes]:
    path = tmp_path / "file"
    path.write_bytes(content)
    stored = FrameTable.from_json(table.to_json())
    assert stored == table
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return [stored.read(descriptor, number) for number in range(1, stored.count + 1)]
    finally:
        os.close(descriptor)


def test_native_frames_follow_each_other(tmp_path: Path) -> None:
    table = FrameTable(NativeFrames(offset=3, frame_bits=32, count=2))
    assert read_all(tmp_path, b"...abcdefgh", table) == [b"abcd", b"efgh"]
    assert table.spans(2) == ((7, 4),)


def test_single_bit_frames_may_begin_within_a_byte(tmp_path: Path) -> None:
    # Three frames of 12 bits: 0xABC, 0x123, 0xFFF, lowest bits first.
    content = (0xABC | 0x123 << 12 | 0xFFF << 24).to_bytes(5, "little")
    table = FrameTable(NativeFrames(offset=0, frame_bits=12, count=3))
    assert read_all(tmp_path, content, table) == [b"\xbc\x0a", b"\x23\x01", b"\xff\x0f"]
    assert table.spans(1) is None


def test_big_endian_words_are_turned(tmp_path: Path) -> None:
    table = FrameTable(NativeFrames(offset=1, frame_bits=32, count=2, word_bytes=2))
    assert read_all(tmp_path, b".\1\2\3\4\5\6\7\x08", table) == [b"\2\1\4\3", b"\6\5\x08\7"]


def test_big_endian_words_shared_by_two_frames_are_turned_once(tmp_path: Path) -> None:
    # Bytes in words: frames of three bytes, so that a word belongs to both.
    table = FrameTable(NativeFrames(offset=0, frame_bits=24, count=2, word_bytes=2))
    assert read_all(tmp_path, b"badcfe", table) == [b"abc", b"def"]


def test_deflated_frames_are_inflated(tmp_path: Path) -> None:
    plain = os.urandom(10) + b"".join(bytes([number]) * 3_000_000 for number in range(3))
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    content = b"head" + deflater.compress(plain) + deflater.flush() + b"\0"
    table = FrameTable(NativeFrames(offset=10, frame_bits=24_000_000, count=3, inflated_from=4))
    assert read_all(tmp_path, content, table) == [bytes([number]) * 3_000_000 for number in range(3)]
    assert table.spans(1) is None


def test_encapsulated_frames_are_their_fragments(tmp_path: Path) -> None:
    table = FrameTable(EncapsulatedFrames((((0, 2), (4, 1)), ((5, 3),))))
    assert read_all(tmp_path, b"ab__cdef", table) == [b"abc", b"def"]
    assert table.spans(1) == ((0, 2), (4, 1))


@pytest.mark.parametrize("leaves_pixels", [False, True])
def test_pixels_that_no_frame_has_are_remembered(leaves_pixels: bool) -> None:
    table = FrameTable(NativeFrames(offset=0, frame_bits=32, count=2, leaves_pixels=leaves_pixels))
    assert FrameTable.from_json(table.to_json()).leaves_pixels is leaves_pixels


@pytest.mark.parametrize("number", [0, 3, -1])
@pytest.mark.parametrize("frames", [NativeFrames(0, 8, 2), EncapsulatedFrames((((0, 1),), ((1, 1),)))])
def test_a_frame_that_is_not_there_is_not_found(frames: NativeFrames | EncapsulatedFrames, number: int) -> None:
    with pytest.raises(FrameNotFound):
        FrameTable(frames).spans(number)

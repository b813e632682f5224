"""Messages as fragments, and large files in little memory."""

import tracemalloc
from io import BytesIO
from pathlib import Path

import pytest

from dicomserver.scu.fragments import COMMAND, LAST, fragment_bytes, fragments_of, fragments_of_file, pdus_of


def test_fragments_are_as_long_as_the_peer_takes() -> None:
    assert fragment_bytes(16384, 131072) == 16378
    assert fragment_bytes(0, 131072) == 131066
    assert fragment_bytes(7, 131072) == 64
    assert list(fragments_of(b"abcdef", COMMAND, 4)) == [(COMMAND, b"abcd"), (COMMAND | LAST, b"ef")]
    assert list(fragments_of_file(BytesIO(b"abcdef"), 6, 4)) == [(0, b"abcd"), (LAST, b"ef")]


def test_a_file_that_is_too_short_is_noticed() -> None:
    with pytest.raises(OSError, match="ends before"):
        list(fragments_of_file(BytesIO(b"abc"), 6, 4))


def test_an_instance_of_hundreds_of_megabytes_passes_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "large"
    size = 300 * 1024 * 1024
    with path.open("wb") as file:
        file.truncate(size)
    tracemalloc.start()
    try:
        with path.open("rb", buffering=0) as file:
            sent = sum(len(block) for block in pdus_of(fragments_of_file(file, size, 131066), 1))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sent > size
    assert most < 4 * 1024 * 1024

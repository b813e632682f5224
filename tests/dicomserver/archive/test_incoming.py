"""A received file has the same bytes whatever its size and pieces, and however the file system lets them be written."""

import errno
import fcntl
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from dicomserver.archive import Archive, ArchiveError, ArchiveFull, FileMeta, IncomingFile
from dicomserver.archive.buffers import BLOCK_BYTES, BUFFER_BYTES
from dicomserver.archive.file_meta import Receipt, encode_file_head, head_length
from dicomserver.archive.incoming import WORTH_BYTES
from dicomserver.archive.writing import DIRECT_BYTES

META = FileMeta("1.2.3", "1.2.4", "1.2.840.10008.1.2.1", "CT1", "SERVER", "cstore")
HEAD = head_length(META)
# Data sets that end at, just before and just behind all places where writing goes another way.
SIZES = sorted(
    {
        max(edge * times - HEAD + by, 0)
        for edge in (BLOCK_BYTES, DIRECT_BYTES, WORTH_BYTES, BUFFER_BYTES)
        for times in (1, 2, 3)
        for by in (-1, 0, 1)
    }
)


@pytest.fixture(params=["direct", "through the page cache", "direct refused"])
def archive(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Archive:
    if request.param == "direct refused":
        set_flags = fcntl.fcntl

        def refuse(descriptor: int, command: int, flags: int) -> int:
            if flags & os.O_DIRECT:
                raise OSError(errno.EINVAL, "no")
            return set_flags(descriptor, command, flags)

        monkeypatch.setattr(fcntl, "fcntl", refuse)
    archive = Archive(tmp_path, 0, direct_writes=request.param != "through the page cache")
    archive.prepare()
    return archive


def pieces_of(data: bytes, step: int) -> list[memoryview]:
    return [memoryview(data)[start : start + step] for start in range(0, len(data), step)]


@pytest.mark.parametrize("step", [1 << 30, 16_378, 99_991])
def test_every_byte_is_where_it_belongs(archive: Archive, step: int) -> None:
    for size in SIZES:
        data = os.urandom(size)
        incoming = archive.receive(META)
        incoming.write_pieces(pieces_of(data, step))
        incoming.flush()
        for offset, length in ((0, 5000), (size // 2, 9000), (max(size - 10, 0), 100)):
            assert incoming.pread(length, HEAD + offset) == data[offset : offset + length], size
        incoming.seal()
        head = encode_file_head(META, Receipt(hashlib.sha256(data).digest(), size))
        assert incoming.path.read_bytes() == head + data, size
        assert incoming.size == len(head) + size
        assert incoming.data_set_sha256 == hashlib.sha256(data).hexdigest()
        assert incoming.header_sha256 == hashlib.sha256(head).hexdigest()
        incoming.discard()
        assert not incoming.path.exists()


def test_files_received_at_once_do_not_mix(archive: Archive) -> None:
    files = [(archive.receive(META), os.urandom(BUFFER_BYTES * 2 + number)) for number in range(12)]
    for first in range(0, BUFFER_BYTES * 2 + 12, 50_000):
        for incoming, data in files:
            incoming.write(data[first : first + 50_000])
    for incoming, data in files:
        incoming.seal()
        incoming.close()
        assert incoming.path.read_bytes()[HEAD:] == data


@pytest.mark.parametrize("size", [1000, WORTH_BYTES * 2, BUFFER_BYTES * 3])
@pytest.mark.parametrize(
    ("number", "error"), [(errno.ENOSPC, ArchiveFull), (errno.EIO, ArchiveError), (errno.EROFS, ArchiveError)]
)
def test_what_the_disk_refuses_is_told_whoever_wrote_it(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, size: int, number: int, error: type[Exception]
) -> None:
    incoming = archive.receive(META)

    def refuse(*_: object) -> int:
        raise OSError(number, "no")

    monkeypatch.setattr(os, "pwrite", refuse)
    with pytest.raises(error):
        receive(incoming, bytes(size))
    incoming.discard()
    assert not incoming.path.exists()


def test_a_disk_that_takes_part_of_a_write_gets_the_rest(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    write: Callable[[int, memoryview, int], int] = os.pwrite
    # Whole blocks and a bit, as a file system that is nearly full may take them.
    monkeypatch.setattr(os, "pwrite", lambda descriptor, data, offset: write(descriptor, data[:40_960], offset))
    data = os.urandom(BUFFER_BYTES + 77_777)
    incoming = archive.receive(META)
    receive(incoming, data)
    incoming.close()
    assert incoming.path.read_bytes()[HEAD:] == data


def test_a_file_that_was_closed_takes_nothing_any_more(archive: Archive) -> None:
    for end in (IncomingFile.close, IncomingFile.discard):
        incoming = archive.receive(META)
        incoming.write(b"x" * 1000)
        end(incoming)
        for use in (lambda: incoming.write(b"x"), incoming.flush, incoming.seal):  # noqa: B023 - called at once
            with pytest.raises(ValueError, match="closed"):
                use()


def receive(incoming: IncomingFile, data: bytes) -> None:
    incoming.write_pieces(pieces_of(data, 100_000))
    incoming.flush()
    incoming.seal()

"""The archive on disk: names, durability, room, and files that a crash left."""

import errno
import hashlib
import multiprocessing
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread

from dicomserver.archive import Archive, ArchiveError, ArchiveFull, FileMeta, IncomingFile, conflict_name, instance_path
from dicomserver.archive.file_meta import Receipt, encode_file_head
from dicomserver.archive.part10 import NotPart10, read_file_head
from tests.dicomserver.objects import EXPLICIT, encode, files_below, small_ct
from wire.uids import InvalidUid

DAY = date(2026, 1, 2)
META = FileMeta("1.2.840.10008.5.1.4.1.1.2", "1.2.3.4", EXPLICIT, "MODALITY", "SERVER_A")


def received(archive: Archive, data: bytes = b"data") -> IncomingFile:
    incoming = archive.receive(META)
    incoming.write(data)
    incoming.seal()
    return incoming


def test_an_instance_lies_by_day_study_and_series() -> None:
    assert instance_path(DAY, "1.2", "1.3", "1.4") == "2026/01/02/1.2/1.3/1.4.dcm"


@pytest.mark.parametrize("uid", ["", "..", "1/2", "1\n2", "1." * 33 + "1", "/etc", "1.2 ", "a"])
def test_what_is_no_uid_never_becomes_a_path(uid: str) -> None:
    for uids in ((uid, "1.3", "1.4"), ("1.2", uid, "1.4"), ("1.2", "1.3", uid)):
        with pytest.raises(InvalidUid):
            instance_path(DAY, *uids)
    with pytest.raises(InvalidUid):
        conflict_name(uid, "0" * 64)


def test_a_stored_file_is_a_part_10_file_with_the_data_set_as_received(archive: Archive) -> None:
    ds = small_ct()
    data = encode(ds)
    incoming = archive.receive(FileMeta(ds.SOPClassUID, ds.SOPInstanceUID, EXPLICIT, "MODALITY", "SERVER_A"))
    for start in range(0, len(data), 7):
        incoming.write(data[start : start + 7])
    incoming.seal()
    archive.store(incoming.path, "2026/01/02/1.2/1.3/1.4.dcm")
    path = archive.path_of("2026/01/02/1.2/1.3/1.4.dcm")
    assert path.read_bytes()[incoming.data_set_offset :] == data
    stored = dcmread(path)
    assert stored.file_meta.MediaStorageSOPInstanceUID == ds.SOPInstanceUID
    assert stored.file_meta.MediaStorageSOPClassUID == ds.SOPClassUID
    assert stored.file_meta.TransferSyntaxUID == EXPLICIT
    assert stored.file_meta.SendingApplicationEntityTitle == "MODALITY"
    assert stored.file_meta.ReceivingApplicationEntityTitle == "SERVER_A"
    assert stored == ds
    assert path.stat().st_mode & 0o777 == 0o640


def test_the_head_of_a_file_takes_only_printable_text() -> None:
    head = encode_file_head(FileMeta("1.2\n/../é" * 20, "x", "y" * 200, "A\0B", "Ж"))
    assert len(head) % 2 == 0
    assert "é".encode() not in head
    assert b"1.2?/../?1.2?" in head
    assert b"A?B" in head


def test_a_stored_file_is_never_replaced(archive: Archive) -> None:
    first = received(archive, b"first")
    archive.store(first.path, "a/b.dcm")
    first.discard()
    second = received(archive, b"second")
    with pytest.raises(FileExistsError):
        archive.store(second.path, "a/b.dcm")
    assert archive.path_of("a/b.dcm").read_bytes().endswith(b"first")
    second.discard()
    assert files_below(archive.incoming) == []


def test_the_bytes_are_durable_before_the_name_and_the_name_before_the_answer(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = []
    for name in ("fdatasync", "fsync"):
        original = getattr(os, name)

        def noted(descriptor: int, name: str = name, original: Callable[[int], None] = original) -> None:
            target = Path(f"/proc/self/fd/{descriptor}").readlink()
            steps.append((name, os.path.relpath(target, archive.root.parent).partition(".")[0].split("/")[0]))
            original(descriptor)

        monkeypatch.setattr(os, name, noted)
    original_link = os.link

    def link(source: Any, target: Any) -> None:
        steps.append(("link", os.path.relpath(target, archive.root.parent)))
        original_link(source, target)

    monkeypatch.setattr(os, "link", link)
    incoming = received(archive)
    # The slots' names are durable, then the bytes in one of them: from here on a start after a crash finds it.
    assert steps == [("fsync", "incoming"), ("fsync", "incoming"), ("fdatasync", "incoming")]
    steps.clear()
    archive.store(incoming.path, "x/y.dcm")
    # The new folder's own name is durable in its parent before a file is put into it.
    assert steps == [("fsync", "archive"), ("link", "archive/x/y.dcm"), ("fsync", "archive")]
    assert incoming.path.exists()


def test_a_received_file_says_by_itself_that_it_is_whole(archive: Archive) -> None:
    incoming = archive.receive(replace(META, origin="stow_rs"))
    incoming.write(b"data")
    incoming.flush()
    with incoming.path.open("rb") as file, pytest.raises(NotPart10):
        read_file_head(file)
    incoming.seal()
    with incoming.path.open("rb") as file:
        head = read_file_head(file)
    assert head.receipt == Receipt(hashlib.sha256(b"data").digest(), 4)
    assert head.meta == replace(META, origin="stow_rs")
    assert head.data_set_offset == incoming.data_set_offset
    assert incoming.data_set_sha256 == hashlib.sha256(b"data").hexdigest()
    assert incoming.header_sha256 == hashlib.sha256(incoming.path.read_bytes()[:-4]).hexdigest()


def test_pieces_of_all_sizes_make_one_file(archive: Archive) -> None:
    incoming = archive.receive(META)
    expected = b""
    for number, size in enumerate([1, 70_000, 3, 0, 200_000, 65_535, 2, 1_000_000]):
        piece = bytes([number]) * size
        expected += piece
        if number % 2:
            incoming.write_pieces([memoryview(piece)[: size // 2], memoryview(piece)[size // 2 :]])
        else:
            incoming.write(piece)
    incoming.seal()
    assert incoming.path.read_bytes()[incoming.data_set_offset :] == expected
    assert incoming.data_set_sha256 == hashlib.sha256(expected).hexdigest()
    assert incoming.data_set_bytes == len(expected)


def test_no_room_beyond_the_reserve_refuses_early(archive: Archive) -> None:
    archive.reserve_bytes = archive.space().bytes_total
    with pytest.raises(ArchiveFull):
        archive.receive(META)
    assert files_below(archive.incoming) == []


def test_room_is_looked_at_again_while_a_large_object_arrives(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    incoming = archive.receive(META)
    archive.reserve_bytes = archive.space().bytes_total
    piece = b"\0" * 1024 * 1024
    for _ in range(7):
        incoming.write(piece)
    with pytest.raises(ArchiveFull):
        incoming.write(piece)
    assert incoming.data_set_bytes == 8 * 1024 * 1024
    incoming.discard()
    assert files_below(archive.incoming) == []


@pytest.mark.parametrize(
    ("number", "expected"), [(errno.ENOSPC, ArchiveFull), (errno.EDQUOT, ArchiveFull), (errno.EIO, ArchiveError)]
)
def test_the_file_systems_errors_become_the_archives(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, number: int, expected: type[ArchiveError]
) -> None:
    incoming = archive.receive(META)

    def fdatasync(_descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fdatasync", fdatasync)
    with pytest.raises(expected) as caught:
        incoming.seal()
    assert type(caught.value) is expected
    incoming.discard()


def test_a_name_that_may_not_last_is_made_certain_by_the_next_try(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    incoming = received(archive)
    archive.path_of("x").mkdir()

    def fsync(_descriptor: int) -> None:
        raise OSError(errno.EIO, "")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", fsync)
        with pytest.raises(ArchiveError):
            archive.store(incoming.path, "x/y.dcm")
    archive.store(incoming.path, "x/y.dcm")
    incoming.discard()
    assert files_below(archive.root) == [archive.path_of("x/y.dcm")]
    assert files_below(archive.incoming) == []


def test_what_a_dead_process_received_is_left_over_and_the_slots_of_a_living_one_are_not(archive: Archive) -> None:
    running = archive.receive(META)
    running.write(b"x" * 3_000_000)
    process = multiprocessing.get_context("fork").Process(target=leave_a_file, args=(archive,))
    process.start()
    process.join()
    with archive.left_over() as paths:
        found = [path for path in paths if path.stat().st_size]
        assert len(found) == 1
        assert found[0].read_bytes().endswith(b"y" * 3_000_000)
        with archive.left_over() as nobody_elses:
            assert nobody_elses == []
        for path in paths:
            path.unlink()
    assert [path.name for path in archive.incoming.iterdir()] == [running.path.parent.name]
    running.discard()
    archive.close_intake()
    assert list(archive.incoming.iterdir()) == []


def leave_a_file(archive: Archive) -> None:
    incoming = archive.receive(META)
    incoming.write(b"y" * 3_000_000)
    incoming.flush()
    os._exit(0)


def test_stored_files_are_found_in_order(archive: Archive) -> None:
    for name in ("b/2.dcm", "a/9.dcm", "b/1.dcm"):
        archive.store(received(archive).path, name)
    (archive.root / "b" / "note.txt").write_text("x")
    assert list(archive.stored_files()) == ["a/9.dcm", "b/1.dcm", "b/2.dcm"]

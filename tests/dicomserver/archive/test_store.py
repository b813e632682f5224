"""The archive on disk: names, durability, room, and files that a crash left."""

import errno
import multiprocessing
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread

from dicomserver.archive import Archive, ArchiveError, ArchiveFull, FileMeta, IncomingFile, conflict_name, instance_path
from dicomserver.archive.file_meta import encode_file_head
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
    archive.store(incoming, "2026/01/02/1.2/1.3/1.4.dcm")
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
    archive.store(received(archive, b"first"), "a/b.dcm")
    second = received(archive, b"second")
    with pytest.raises(FileExistsError):
        archive.store(second, "a/b.dcm")
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
    original_rename = os.rename

    def rename(source: Any, target: Any) -> None:
        steps.append(("rename", os.path.relpath(target, archive.root.parent)))
        original_rename(source, target)

    monkeypatch.setattr(os, "rename", rename)
    archive.store(received(archive), "x/y.dcm")
    # The new folder's own name is durable in its parent before a file is put into it.
    assert steps == [
        ("fdatasync", "incoming"),
        ("fsync", "archive"),
        ("rename", "archive/x/y.dcm"),
        ("fsync", "archive"),
    ]


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
    for _ in range(31):
        incoming.write(piece)
    with pytest.raises(ArchiveFull):
        incoming.write(piece)
    assert incoming.data_set_bytes == 32 * 1024 * 1024
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


def test_a_name_that_may_not_last_is_taken_back(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    incoming = received(archive)
    archive.path_of("x").mkdir()

    def fsync(_descriptor: int) -> None:
        raise OSError(errno.EIO, "")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(ArchiveError):
        archive.store(incoming, "x/y.dcm")
    incoming.discard()
    assert files_below(archive.root) == []


def test_left_over_files_go_and_files_being_received_stay(archive: Archive) -> None:
    running = archive.receive(META)
    process = multiprocessing.get_context("fork").Process(target=leave_a_file, args=(archive,))
    process.start()
    process.join()
    assert len(files_below(archive.incoming)) == 2
    assert archive.remove_left_over() == 1
    assert files_below(archive.incoming) == [running.path]
    running.discard()


def leave_a_file(archive: Archive) -> None:
    archive.receive(META).write(b"half")
    os._exit(0)


def test_stored_files_are_found_in_order(archive: Archive) -> None:
    for name in ("b/2.dcm", "a/9.dcm", "b/1.dcm"):
        archive.store(received(archive), name)
    (archive.root / "b" / "note.txt").write_text("x")
    assert list(archive.stored_files()) == ["a/9.dcm", "b/1.dcm", "b/2.dcm"]

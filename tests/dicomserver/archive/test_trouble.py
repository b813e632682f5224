"""An archive that cannot store says why, leaves nothing half-made, and goes on when it can again."""

import errno
import os
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dicomserver.archive import Archive, ArchiveError, ArchiveFull, FileMeta, Trouble
from dicomserver.archive.errors import archive_error
from tests.dicomserver.objects import files_below

META = FileMeta("1.2.840.10008.5.1.4.1.1.2", "1.2.3", "1.2.840.10008.1.2.1")
COMMENT_LENGTH = 64


def raising(number: int) -> Any:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize(
    ("number", "trouble", "sentence"),
    [
        (errno.ENOSPC, Trouble.FULL, "The archive is full: its disk has no room."),
        (errno.EDQUOT, Trouble.FULL, "The archive is full: its quota is used up."),
        (errno.EROFS, Trouble.READ_ONLY, "The archive is read-only."),
        (errno.EACCES, Trouble.NO_PERMISSION, "The archive's folders give this server no permission."),
        (errno.EPERM, Trouble.NO_PERMISSION, "The archive's folders give this server no permission."),
        (errno.ENOENT, Trouble.MISSING, "The archive could not create a file: No such file or directory."),
        (errno.EIO, Trouble.FAILING, "The archive could not create a file: Input/output error."),
    ],
)
def test_each_error_of_the_file_system_has_its_sentence(number: int, trouble: Trouble, sentence: str) -> None:
    error = archive_error("create a file", OSError(number, "?"))
    assert (error.trouble, str(error)) == (trouble, sentence)
    assert isinstance(error, ArchiveFull) is (trouble is Trouble.FULL)
    assert len(sentence) <= COMMENT_LENGTH


def test_too_few_inodes_refuse_early(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    archive.reserve_bytes = 100 * 1024**2
    volume = SimpleNamespace(f_blocks=10**6, f_bavail=10**6, f_frsize=4096, f_files=2000, f_favail=100)
    monkeypatch.setattr(os, "statvfs", lambda _path: volume)
    archive.require_space()
    volume.f_favail = 99
    with pytest.raises(ArchiveFull, match="no inodes beyond its reserve") as caught:
        archive.receive(META)
    assert caught.value.trouble is Trouble.NO_INODES
    # btrfs and others make inodes as they need them, and count none.
    volume.f_files = volume.f_favail = 0
    archive.receive(META).discard()


def test_that_inodes_ran_out_is_told_apart_from_a_full_disk(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    volume = SimpleNamespace(f_blocks=10**6, f_bavail=10**6, f_frsize=4096, f_files=2000, f_favail=0)
    monkeypatch.setattr(os, "statvfs", lambda _path: volume)
    monkeypatch.setattr(os, "open", raising(errno.ENOSPC))
    with pytest.raises(ArchiveFull, match="no inodes are left") as caught:
        archive.receive(META)
    assert caught.value.trouble is Trouble.NO_INODES
    volume.f_favail = 1
    with pytest.raises(ArchiveFull, match="its disk has no room") as caught:
        archive.receive(META)
    assert caught.value.trouble is Trouble.FULL


def test_an_archive_that_works_leaves_no_trace_of_being_looked_at(archive: Archive) -> None:
    archive.require_working()
    assert list(archive.incoming.iterdir()) == list(archive.root.iterdir()) == []


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.EIO, errno.EDQUOT])
def test_a_look_at_the_archive_says_what_a_write_would_meet(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(tempfile, "TemporaryFile", raising(number))
    with pytest.raises(ArchiveError) as caught:
        archive.require_working()
    assert caught.value.trouble is archive_error("", OSError(number, "")).trouble


def test_folders_that_are_gone_are_missing(archive: Archive) -> None:
    archive.incoming.rmdir()
    with pytest.raises(ArchiveError) as caught:
        archive.require_working()
    assert caught.value.trouble is Trouble.MISSING


def test_what_cannot_be_removed_is_left_over_as_soon_as_nobody_receives_there(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    running, refused = archive.receive(META), archive.receive(META)
    for incoming in (running, refused):
        incoming.write(b"x" * 3_000_000)
        incoming.flush()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", raising(errno.EROFS))
        refused.discard()
    folder = refused.path.parent
    # Only the other one is open: a disk that is to be mended must be free of the slots that were made ahead.
    assert open_files_below(folder) == {folder, running.path}
    with archive.left_over() as paths:
        assert paths == []
    newcomer = archive.receive(META)
    assert newcomer.path.parent != folder
    running.seal()
    running.close()
    assert folder not in open_files_below(archive.incoming)
    with archive.left_over() as paths:
        assert {path for path in paths if path.stat().st_size} == {running.path, refused.path}
    newcomer.discard()
    archive.close_intake()


def open_files_below(folder: Path) -> set[Path]:
    found = set()
    for entry in Path("/proc/self/fd").iterdir():
        try:
            target = entry.readlink()
        except FileNotFoundError:
            continue
        if target.is_relative_to(folder):
            found.add(target)
    return found


def test_a_discarded_file_of_a_process_without_trouble_is_gone(archive: Archive) -> None:
    incoming = archive.receive(META)
    incoming.write(b"x" * 100_000)
    incoming.discard()
    incoming.discard()
    assert files_below(archive.incoming) == []
    archive.close_intake()
    assert list(archive.incoming.iterdir()) == []

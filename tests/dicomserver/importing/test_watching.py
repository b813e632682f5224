"""The watched folder: what is ready is taken, what grows is left, what is refused lies aside with the reason."""

import fcntl
import os
import time
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from dicomserver.archive import Archive
from dicomserver.importing import watching
from dicomserver.importing.watching import look_into_folder
from dicomserver.index.models import Instance
from tests.dicomserver.importing.made_files import dicomdir, part10, write, zipped
from tests.dicomserver.objects import small_ct

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(archive: Archive, tmp_path: Path, settings: Settings) -> Path:
    """A watched folder in which everything is ready at once."""
    path = tmp_path / "in"
    path.mkdir()
    settings.IMPORT_FOLDER, settings.IMPORT_FOLDER_QUIET_SECONDS, settings.ARCHIVE_RESERVE_BYTES = path, -1, 0
    return path


def left_in(folder: Path) -> dict[str, str]:
    """What lies in the folder; texts with what they say."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != watching.LOCK:
            found[path.relative_to(folder).as_posix()] = path.read_text() if path.suffix == ".txt" else ""
    return found


def test_what_is_taken_in_leaves_the_folder(folder: Path) -> None:
    write(folder, "a.dcm", part10())
    write(folder, "deep/er/b", part10())
    write(folder, "c.zip", zipped([("x", part10())]))
    assert look_into_folder() == 3
    assert left_in(folder) == {}
    assert not (folder / "deep").exists()
    assert Instance.objects.count() == 3


def test_it_can_be_kept_among_what_is_done(folder: Path, settings: Settings) -> None:
    settings.IMPORT_FOLDER_KEEPS_DONE = True
    write(folder, "deep/a.dcm", part10())
    look_into_folder()
    write(folder, "deep/a.dcm", part10())
    look_into_folder()
    assert set(left_in(folder)) == {"done/deep/a.dcm", "done/deep/a-2.dcm"}
    assert look_into_folder() == 0


def test_what_is_refused_lies_aside_with_the_reason(folder: Path) -> None:
    write(folder, "notes.pdf", b"%PDF-1.4")
    write(folder, "deep/cut.dcm", part10()[:700])
    write(folder, "half.zip", zipped([("good", part10()), ("bad", b"text")]))
    assert look_into_folder() == 3
    found = left_in(folder)
    assert set(found) == {
        "refused/notes.pdf", "refused/notes.pdf.txt", "refused/deep/cut.dcm", "refused/deep/cut.dcm.txt",
        "refused/half.zip", "refused/half.zip.txt",
    }  # fmt: skip
    assert found["refused/notes.pdf.txt"].startswith("notes.pdf: The file is a PDF document, not DICOM.")
    assert found["refused/half.zip.txt"] == "half.zip/bad: The file is not DICOM.\n"
    assert "The data set ends" in found["refused/deep/cut.dcm.txt"]
    assert look_into_folder() == 0


def test_a_file_that_still_grows_is_left(folder: Path, settings: Settings) -> None:
    settings.IMPORT_FOLDER_QUIET_SECONDS = 3600
    path = write(folder, "a.dcm", part10())
    # An old date does not make a file ready: it was written just now.
    os.utime(path, (1, 1))
    assert look_into_folder() == 0
    assert path.exists()


def test_a_file_that_changes_while_it_is_read_is_left_for_the_next_look(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(folder, "a.dcm", part10())
    original = watching.Importer.stream

    def growing(*arguments: object) -> object:
        yield from original(*arguments)  # type: ignore[arg-type]
        with path.open("ab") as file:
            file.write(b"more")

    monkeypatch.setattr(watching.Importer, "stream", growing)
    assert look_into_folder() == 0
    assert path.exists()


def test_who_dies_after_the_import_loses_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder, "a.dcm", part10())
    with monkeypatch.context() as patched:
        patched.setattr(watching, "_put_away", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            look_into_folder()
    assert set(left_in(folder)) == {"a.dcm"}
    assert look_into_folder() == 1
    assert left_in(folder) == {}
    assert Instance.objects.count() == 1


def test_a_file_that_nobody_thought_of_is_put_aside(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder, "a.dcm", part10())

    def broken(*_: object) -> object:
        raise LookupError

    monkeypatch.setattr(watching.Importer, "stream", broken)
    assert look_into_folder() == 1
    assert left_in(folder) == {
        "refused/a.dcm": "",
        "refused/a.dcm.txt": "a.dcm: Something broke while this file was taken in; the log says what.\n",
    }


def test_one_looks_at_a_time(folder: Path) -> None:
    write(folder, "a.dcm", part10())
    with (folder / watching.LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert look_into_folder() == 0
    assert look_into_folder() == 1


def test_a_medium_that_lacks_a_file_is_said_to(folder: Path) -> None:
    there, lost = small_ct(), small_ct()
    references = [(["I", "ONE"], there.SOPInstanceUID), (["I", "TWO"], lost.SOPInstanceUID)]
    write(folder, "cd/DICOMDIR", dicomdir(references))
    write(folder, "cd/I/ONE", part10(there))
    assert look_into_folder() == 2
    assert left_in(folder) == {
        "refused/cd/DICOMDIR": "",
        "refused/cd/DICOMDIR.txt": "cd/DICOMDIR: I/TWO: The DICOMDIR names this file, and it is not there.\n",
    }
    assert Instance.objects.count() == 1


def test_links_and_hidden_files_are_left_alone(folder: Path, tmp_path: Path) -> None:
    outside = write(tmp_path / "outside", "a.dcm", part10())
    (folder / "link.dcm").symlink_to(outside)
    (folder / "tree").symlink_to(outside.parent)
    write(folder, ".hidden.dcm", part10())
    write(folder, ".copying/b.dcm", part10())
    assert look_into_folder() == 0
    assert outside.exists()
    assert not Instance.objects.exists()


def test_a_full_archive_leaves_everything_where_it_is(folder: Path, archive: Archive, settings: Settings) -> None:
    write(folder, "a.dcm", part10())
    settings.ARCHIVE_RESERVE_BYTES = archive.space().bytes_total * 2
    assert look_into_folder() == 0
    assert set(left_in(folder)) == {"a.dcm"}


def test_without_a_folder_or_with_one_that_is_gone_nothing_happens(settings: Settings, tmp_path: Path) -> None:
    settings.IMPORT_FOLDER = None
    assert look_into_folder() == 0
    settings.IMPORT_FOLDER = tmp_path / "gone"
    assert look_into_folder() == 0


def test_time_is_told_by_the_folder_itself(folder: Path) -> None:
    with watching._alone(folder) as now:
        assert now is not None
        assert abs(now - time.time()) < 60

"""Files, folders, archives and media on their way in: what is taken, what is not, and why."""

import struct
import zipfile
from pathlib import Path

import pytest

from dicomserver.archive import Archive
from dicomserver.importing import bounds, zips
from dicomserver.importing.bounds import Budget
from dicomserver.importing.results import FileOutcome
from dicomserver.importing.services import Importer
from dicomserver.index.models import Instance
from tests.dicomserver.importing.made_files import dicomdir, part10, write, zipped
from tests.dicomserver.objects import files_below, small_ct

pytestmark = pytest.mark.django_db


def taken(archive: Archive, path: Path, budget: Budget | None = None) -> list[tuple[str, str, str]]:
    """What the import says of each file: name from the path's folder, outcome, explanation."""
    results = Importer(archive, budget=budget or Budget()).path(path)
    return [(one.name.removeprefix(f"{path.parent}/"), str(one.outcome), one.explanation) for one in results]


def test_a_zip_is_taken_file_by_file(archive: Archive, tmp_path: Path) -> None:
    ct = part10()
    path = write(tmp_path, "a.zip", zipped([("x/1.dcm", ct), ("x/2", ct), ("readme.txt", b"hello"), ("x/empty", b"")]))
    assert taken(archive, path) == [
        ("a.zip/x/1.dcm", "stored", ""),
        ("a.zip/x/2", "already_stored", ""),
        ("a.zip/readme.txt", "not DICOM", "The file is not DICOM."),
        ("a.zip/x/empty", "not DICOM", "The file is empty."),
    ]
    assert Instance.objects.count() == 1
    assert files_below(archive.incoming) == []


@pytest.mark.parametrize(
    "name", ["../evil.dcm", "/etc/evil.dcm", "a/../../evil", "C:\\evil.dcm", "\\\\host\\evil", "a\\..\\b"]
)
def test_an_entry_whose_name_leads_out_is_refused_and_nothing_is_written(
    archive: Archive, tmp_path: Path, name: str
) -> None:
    path = write(tmp_path / "in", "a.zip", zipped([(name, part10()), ("good.dcm", part10())]))
    before = files_below(tmp_path)
    found = taken(archive, path)
    assert [(outcome, text) for _, outcome, text in found] == [
        ("refused", "Its name leads out of the ZIP. Nothing of it was opened."),
        ("stored", ""),
    ]
    new = set(files_below(tmp_path)) - set(before)
    assert all(one.is_relative_to(archive.root) or one.suffix == ".part" for one in new), new


def test_links_encrypted_and_doubled_entries_are_refused_one_by_one(archive: Archive, tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    with pytest.warns(UserWarning, match="Duplicate name"):
        content = zipped([(link, b"/etc/passwd"), ("twice", part10()), ("twice", part10()), ("locked", part10())])
    # The flag of the last entry, in its own header and in the list: encrypted.
    content = bytearray(content)
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.rindex(signature) + at] |= 1
    found = taken(archive, write(tmp_path, "a.zip", bytes(content)))
    assert [(name, outcome, text.split(".")[0]) for name, outcome, text in found] == [
        ("a.zip/link", "refused", "It is a link or device, not a file"),
        ("a.zip/twice", "stored", ""),
        ("a.zip/twice", "refused", "The ZIP holds this name more than once; only the first was opened"),
        ("a.zip/locked", "refused", "It is encrypted"),
    ]


def test_a_zip_in_a_zip_is_opened_and_a_third_is_not(archive: Archive, tmp_path: Path) -> None:
    third = zipped([("deepest.dcm", part10())])
    second = zipped([("second.dcm", part10()), ("third.zip", third)])
    found = taken(archive, write(tmp_path, "a.zip", zipped([("second.zip", second)])))
    assert found == [
        ("a.zip/second.zip/second.dcm", "stored", ""),
        ("a.zip/second.zip/third.zip", "refused", "A ZIP in a ZIP in a ZIP is not opened."),
    ]


def test_a_bomb_is_refused_by_how_densely_it_is_packed(archive: Archive, tmp_path: Path) -> None:
    path = write(tmp_path, "bomb.zip", zipped([("big", bytes(80 * 1024**2)), ("good", part10())]))
    found = taken(archive, path)
    assert [outcome for _, outcome, _ in found] == ["refused", "stored"]
    assert found[0][2] == "It is packed so densely that it cannot be an image. Nothing of it was opened."


def test_too_many_entries_and_too_many_bytes_end_an_import(archive: Archive, tmp_path: Path) -> None:
    path = write(tmp_path, "many.zip", zipped([(str(number), b"x") for number in range(4)]))
    assert taken(archive, path, Budget(entries=3)) == [
        ("many.zip", "refused", "The ZIP holds more than 50000 files. Send it in parts.")
    ]
    large = write(tmp_path, "large.zip", zipped([("a", bytes(3000)), ("b", bytes(3000))]))
    found = taken(archive, large, Budget(bytes=4000))
    assert [outcome for _, outcome, _ in found] == ["not DICOM", "refused"]
    assert found[1][2] == "Unpacked, the ZIP holds more than 256 GiB. Send it in parts."


def test_nested_archives_share_one_budget(archive: Archive, tmp_path: Path) -> None:
    inner = zipped([(str(number), b"x") for number in range(3)])
    path = write(tmp_path, "a.zip", zipped([("1.zip", inner), ("2.zip", inner)]))
    found = taken(archive, path, Budget(entries=6))
    assert [outcome for _, outcome, _ in found] == ["not DICOM"] * 3 + ["refused"]


def test_a_list_of_entries_that_claims_to_be_endless_is_not_read(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zips, "MAX_DIRECTORY_BYTES", 70_000)
    content = zipped([("n" * 60_000, b""), ("m" * 60_000, b"")])
    assert taken(archive, write(tmp_path, "a.zip", content)) == [
        ("a.zip", "refused", "The ZIP's list of files is too long to be believed. Nothing of it was opened.")
    ]


def test_an_entry_that_lies_about_its_size_or_bytes_is_refused(archive: Archive, tmp_path: Path) -> None:
    content = bytearray(zipped([("a", part10()), ("b", part10())], zipfile.ZIP_STORED))
    content[400] ^= 0xFF
    found = taken(archive, write(tmp_path, "a.zip", bytes(content)))
    assert found == [
        ("a.zip/a", "refused", "It is damaged: it cannot be unpacked whole."),
        ("a.zip/b", "stored", ""),
    ]
    lying = bytearray(zipped([("a", bytes(5000))]))
    at = lying.rindex(b"PK\x01\x02") + 24
    struct.pack_into("<L", lying, at, 100)
    assert [one[1] for one in taken(archive, write(tmp_path, "b.zip", bytes(lying)))] == ["refused"]


@pytest.mark.parametrize("kept", [4, 30, 100, -30, -1])
def test_a_zip_that_was_cut_off_is_refused_whole(archive: Archive, tmp_path: Path, kept: int) -> None:
    content = zipped([("a", part10())])[:kept]
    assert taken(archive, write(tmp_path, "a.zip", content)) == [
        ("a.zip", "refused", "The ZIP is damaged or cut off and cannot be opened.")
    ]


def test_files_that_lie_about_their_type_are_told_by_their_bytes(archive: Archive, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    write(folder, "a.dcm", b"%PDF-1.7 and so on")
    write(folder, "b.dcm", b"\x89PNG\r\n\x1a\n" + bytes(50))
    write(folder, "c.txt", part10())
    write(folder, "d.zip", part10())
    write(folder, "e.dcm", b"")
    write(folder, "f.dcm", bytes(4000))
    write(folder, "g.dcm", part10()[:300])
    write(folder, "h.jpg", zipped([("x", part10())]))
    found = {name: (outcome, text) for name, outcome, text in taken(archive, folder)}
    kept = "It can be kept once it is said whose it is."
    assert found == {
        "in/a.dcm": ("not DICOM", f"The file is a PDF document, not DICOM. {kept}"),
        "in/b.dcm": ("not DICOM", f"The file is a PNG picture, not DICOM. {kept}"),
        "in/c.txt": ("stored", ""),
        "in/d.zip": ("stored", ""),
        "in/e.dcm": ("not DICOM", "The file is empty."),
        "in/f.dcm": ("not DICOM", "The file is not DICOM."),
        "in/g.dcm": ("refused", "The file ends within its file meta."),
        "in/h.jpg/x": ("stored", ""),
    }


def test_links_in_a_folder_are_not_followed(archive: Archive, tmp_path: Path) -> None:
    outside = write(tmp_path / "outside", "a.dcm", part10())
    folder = tmp_path / "in"
    write(folder, "b.dcm", part10())
    (folder / "link.dcm").symlink_to(outside)
    (folder / "folder").symlink_to(outside.parent)
    assert taken(archive, folder) == [("in/b.dcm", "stored", "")]


def test_a_medium_says_what_it_lacks_and_what_leads_out_of_it(archive: Archive, tmp_path: Path) -> None:
    there, lost, held = small_ct(), small_ct(), small_ct()
    list(Importer(archive).path(write(tmp_path, "held.dcm", part10(held))))
    outside = small_ct()
    write(tmp_path, "OUTSIDE", part10(outside))
    folder = tmp_path / "medium"
    write(folder, "IMAGES/I1", part10(there))
    write(folder, "UNNAMED", part10())
    directory = write(folder, "DICOMDIR", dicomdir([
        (["IMAGES", "I1"], there.SOPInstanceUID),
        (["IMAGES", "LOST"], lost.SOPInstanceUID),
        (["IMAGES", "HELD"], held.SOPInstanceUID),
        (["..", "OUTSIDE"], outside.SOPInstanceUID),
        ("/etc/passwd", lost.SOPInstanceUID),
    ]))  # fmt: skip
    wrong = [
        ("medium/DICOMDIR: IMAGES/LOST", "missing", "The DICOMDIR names this file, and it is not there."),
        ("medium/DICOMDIR: ../OUTSIDE", "refused", "The DICOMDIR names a file outside of its medium."),
        ("medium/DICOMDIR: /etc/passwd", "refused", "The DICOMDIR names a file outside of its medium."),
        ("medium/DICOMDIR", "DICOMDIR", ""),
    ]
    found = [
        (f"medium/{name}" if not name.startswith("medium") else name, *rest)
        for name, *rest in taken(archive, directory)
    ]
    assert found == [("medium/IMAGES/I1", "stored", ""), *wrong]
    assert taken(archive, folder) == [
        ("medium/IMAGES/I1", "already_stored", ""),
        ("medium/UNNAMED", "stored", ""),
        *wrong,
    ]
    assert not Instance.objects.filter(sop_instance_uid=outside.SOPInstanceUID).exists()


def test_a_medium_within_a_zip_is_looked_through_too(archive: Archive, tmp_path: Path) -> None:
    there, lost = small_ct(), small_ct()
    directory = dicomdir([(["A", "ONE"], there.SOPInstanceUID), (["A", "TWO"], lost.SOPInstanceUID)])
    path = write(tmp_path, "cd.zip", zipped([("cd/DICOMDIR", directory), ("cd/a/one", part10(there))]))
    assert taken(archive, path) == [
        ("cd.zip/cd/DICOMDIR: A/TWO", "missing", "The DICOMDIR names this file, and it is not there."),
        ("cd.zip/cd/DICOMDIR", "DICOMDIR", ""),
        ("cd.zip/cd/a/one", "stored", ""),
    ]


@pytest.mark.parametrize("cut", [200, 400, 460])
def test_a_broken_dicomdir_hides_nothing_that_lies_beside_it(archive: Archive, tmp_path: Path, cut: int) -> None:
    folder = tmp_path / "medium"
    write(folder, "I1", part10())
    write(folder, "DICOMDIR", dicomdir([(["I1"], "1.2.3")])[:cut])
    found = taken(archive, folder)
    assert found[0] == ("medium/I1", "stored", "")
    assert {outcome for _, outcome, _ in found[1:]} <= {"refused", "DICOMDIR", "missing"}


@pytest.mark.parametrize(
    "name", ["DICOMDIR", "DICOMDIR-bigEnd", "DICOMDIR-implicit", "DICOMDIR-nooffset", "DICOMDIR-reordered"]
)
def test_the_media_of_the_developers_set_are_read(archive: Archive, shared_data: Path, name: str) -> None:
    outcomes = [one.outcome for one in Importer(archive).path(shared_data / "dicomdir" / name)]
    assert outcomes == [FileOutcome.STORED] * 31 + [FileOutcome.DICOMDIR]


def test_bounds_are_what_the_documentation_says() -> None:
    assert (bounds.MAX_ENTRIES, bounds.MAX_DEPTH, bounds.MAX_RATIO) == (50_000, 2, 200)

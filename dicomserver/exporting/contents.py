"""What an exported study holds: its files under names that any system reads, a DICOMDIR, and a word for people."""

import base64
import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset

from dicomserver.exporting.archive_layout import ArchivedFile, ArchiveLayout, file_of
from dicomserver.exporting.directory import WANTED, ListedFile, directory_of
from dicomserver.ingest.archives import configured_archive
from dicomserver.ingest.cache import cache_folder, keep

# Part of what names an export: another layout must never be taken for the rest of this one.
FORMAT: Final = 1
_REMEMBERED: Final = 16
_WANTED_TAGS: Final = frozenset(f"{tag_for_keyword(keyword):08X}" for keyword in WANTED)
README: Final = """\
These are medical images in the format DICOM.

The file DICOMDIR lists them for programs that show such images. Open it, or this
folder, with any DICOM viewer. The images themselves are in the folder DICOM.

The files are confidential: they say whose they are. Whoever holds this copy
answers for it. It serves to look at, and to hand on to those who treat.
"""
README_DEIDENTIFIED: Final = """\
These are medical images in the format DICOM.

The file DICOMDIR lists them for programs that show such images. Open it, or this
folder, with any DICOM viewer. The images themselves are in the folder DICOM.

Names, numbers and dates that say whose they are were taken out or replaced.
"""
# What is shown without identity says nothing of when it came either.
UNDATED: Final = datetime(1980, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ExportedInstance:
    """One instance: what it is by (`digest` changes with any of its bytes), and how its file is read.

    `series` groups; `size` is asked for once, and may take reading. `dicom_json` is what its metadata says.
    """

    series: str
    digest: str
    transfer_syntax_uid: str
    received_at: datetime
    size: Callable[[], int]
    read: Callable[[int, int], Iterable[bytes]]


class Exports:
    """The layouts that one process remembers: a download that is taken up again goes on at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._layouts: OrderedDict[str, ArchiveLayout] = OrderedDict()

    def layout(
        self,
        name: str,
        instances: list[ExportedInstance],
        dicom_json: Callable[[], Iterable[str]],
        *,
        is_deidentified: bool = False,
    ) -> ArchiveLayout:
        """The ZIP of the instances; `name` is what `name_of` says of them. Raises OSError.

        `dicom_json` yields each instance's metadata, in the same order; it is asked only where no DICOMDIR is kept.
        """
        with self._lock:
            known = self._layouts.get(name)
        if known is None:
            kept = _kept(name)
            if kept is None or len(kept["sizes"]) != len(instances):
                sizes = [instance.size() for instance in instances]
                directory = directory_for(instances, dicom_json(), name, is_deidentified=is_deidentified)
                kept = {"directory": directory, "sizes": sizes, "checksums": None}
                _keep(name, kept)
            files = _files(instances, kept["sizes"], kept["directory"], is_deidentified=is_deidentified)
            known = ArchiveLayout(files, kept["checksums"])
        else:
            # The files may have been moved since: what is read now is what the index says now.
            sizes = [file.size for file in known.files[2:]]
            directory = b"".join(known.files[0].read(0, known.files[0].size))
            files = _files(instances, sizes, directory, is_deidentified=is_deidentified)
            fresh = ArchiveLayout(files)
            fresh.checksums = known.checksums
            known = fresh
        with self._lock:
            self._layouts[name] = known
            self._layouts.move_to_end(name)
            while len(self._layouts) > _REMEMBERED:
                self._layouts.popitem(last=False)
        return known


exports: Final = Exports()


def name_of(instances: Iterable[ExportedInstance], *more: object) -> str:
    """A digest of all that the export's bytes depend on; `more` says how they are changed on the way out."""
    digest = hashlib.sha256(repr((FORMAT, *more)).encode())
    for one in instances:
        digest.update(f"{one.series}\n{one.digest}\n{one.transfer_syntax_uid}\n{one.received_at}\n".encode())
    return digest.hexdigest()


def keep_checksums(name: str, layout: ArchiveLayout) -> None:
    """Keep what was found out, once it is whole, for other processes and days."""
    if layout.is_complete and (kept := _kept(name)) is not None and kept["checksums"] is None:
        _keep(name, kept | {"checksums": layout.checksums})


def file_ids(instances: Iterable[ExportedInstance]) -> list[tuple[str, ...]]:
    """The File ID of each (PS3.10 8.2: capitals, digits, eight characters): DICOM/S<series>/I<instance>."""
    series: dict[str, int] = {}
    counts: dict[str, int] = {}
    found: list[tuple[str, ...]] = []
    for one in instances:
        number = series.setdefault(one.series, len(series) + 1)
        counts[one.series] = counts.get(one.series, 0) + 1
        found.append(("DICOM", f"S{number:07d}", f"I{counts[one.series]:07d}"))
    return found


def _files(
    instances: list[ExportedInstance], sizes: list[int], directory: bytes, *, is_deidentified: bool
) -> list[ArchivedFile]:
    newest = UNDATED if is_deidentified else max(one.received_at for one in instances)
    readme = (README_DEIDENTIFIED if is_deidentified else README).replace("\n", "\r\n").encode()
    files = [file_of("DICOMDIR", directory, newest), file_of("README.TXT", readme, newest)]
    for one, size, file_id in zip(instances, sizes, file_ids(instances), strict=True):
        modified = UNDATED if is_deidentified else one.received_at
        files.append(ArchivedFile("/".join(file_id), size, modified, one.read))
    return files


def directory_for(
    instances: list[ExportedInstance], dicom_json: Iterable[str], seed: str, *, is_deidentified: bool = False
) -> bytes:
    """The DICOMDIR of the instances."""
    first = UNDATED if is_deidentified else min(one.received_at for one in instances)
    listed = (
        ListedFile(file_id, _attributes(text), one.transfer_syntax_uid)
        for one, file_id, text in zip(instances, file_ids(instances), dicom_json, strict=True)
    )
    return directory_of(listed, fallback_day=f"{first:%Y%m%d}", seed=seed)


def _attributes(dicom_json: str) -> Dataset:
    """What the records say of an instance; a value that makes no sense is left out."""
    found = Dataset()
    elements: dict[str, Any] = json.loads(dicom_json)
    for tag in sorted(_WANTED_TAGS & elements.keys()):
        element = elements[tag]
        if "Value" not in element:
            continue
        try:
            found.update(Dataset.from_json({tag: element}))
        except Exception:  # noqa: BLE001, S112 - pydicom answers broken values with errors of many types
            continue
    return found


def _path_of(name: str) -> Path:
    return cache_folder() / "exports" / name[:2] / name[2:4] / name


def _kept(name: str) -> dict[str, Any] | None:
    try:
        kept: dict[str, Any] = json.loads(_path_of(name).read_bytes())
        return kept | {"directory": base64.b64decode(kept["directory"])}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _keep(name: str, kept: dict[str, Any]) -> None:
    text = json.dumps(kept | {"directory": base64.b64encode(kept["directory"]).decode()})
    keep(configured_archive(), _path_of(name), text.encode())

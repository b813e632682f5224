"""Exports a study of this server into a folder or a ZIP: whole, or not at all."""

import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from dicomserver.archive import Archive
from dicomserver.archive.durable import fsync_directory
from dicomserver.exporting.archive_layout import ArchiveLayout
from dicomserver.exporting.contents import ExportedInstance, exports, keep_checksums, name_of
from dicomserver.index.models import Instance
from dicomserver.index.selectors import instances_of_study, study_by_uid
from dicomserver.ingest.metadata import prepare_metadata

_STEP: Final = 1024 * 1024


class ExportRefused(Exception):
    """Nothing was written; the message says why and what to do."""


def study_layout(study_instance_uid: str, archive: Archive) -> ArchiveLayout:
    """The ZIP of a study as it is stored. Raises ExportRefused where it is not here, and OSError."""
    study = study_by_uid(study_instance_uid)
    rows = list(instances_of_study(study)) if study else []
    if not rows:
        raise ExportRefused("This server does not hold the study.")
    return stored_export(rows, archive)[1]


def stored_export(rows: list[Instance], archive: Archive) -> tuple[str, ArchiveLayout]:
    """The ZIP of these instances, with their series, as they are stored, and its name. Raises OSError."""
    instances = [_exported(row, archive) for row in rows]
    name = name_of(instances)
    return name, exports.layout(name, instances, partial(_metadata, rows, archive))


def export_study(study_instance_uid: str, target: Path, archive: Archive) -> int:
    """Write the study into a new folder, or where the name ends in .zip into one file; returns how many files.

    Raises ExportRefused and OSError; then there is nothing at the target.
    """
    if target.exists():
        raise ExportRefused(f"{target} is there already. Nothing was written: name another place.")
    layout = study_layout(study_instance_uid, archive)
    temporary = target.with_name(f".{secrets.token_hex(8)}")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        if target.suffix.lower() == ".zip":
            _write(temporary, layout.pieces())
        else:
            for file in layout.files:
                path = temporary / file.name
                path.parent.mkdir(parents=True, exist_ok=True)
                _write(path, file.read(0, file.size))
        temporary.rename(target)
        fsync_directory(target.parent)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.unlink(missing_ok=True)
        raise
    return len(layout.files)


def _exported(row: Instance, archive: Archive) -> ExportedInstance:
    path, size = archive.path_of(row.relative_path), row.file_bytes
    return ExportedInstance(
        series=row.series.series_instance_uid,
        digest=f"{row.data_set_sha256} {row.header_sha256} {size}",
        transfer_syntax_uid=row.transfer_syntax_uid,
        received_at=row.received_at,
        size=lambda: size,
        read=partial(_read, path),
    )


def _read(path: Path, start: int, length: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        while length > 0 and (piece := file.read(min(_STEP, length))):
            length -= len(piece)
            yield piece
    if length:
        raise OSError("A stored file is shorter than the index says.")


def _metadata(rows: list[Instance], archive: Archive) -> Iterator[str]:
    """Each instance's DICOM JSON; of what cannot be read, what the index says."""
    prepare_metadata(Instance.objects.filter(pk__in=[row.pk for row in rows]), archive)
    found = dict(Instance.objects.filter(pk__in=[row.pk for row in rows]).values_list("pk", "metadata__dicom_json"))
    for row in rows:
        yield found.get(row.pk) or json.dumps(_least(row))


def _least(row: Instance) -> dict[str, dict[str, object]]:
    values = {
        "00080016": row.sop_class_uid,
        "00080018": row.sop_instance_uid,
        "0020000D": row.series.study.study_instance_uid,
        "0020000E": row.series.series_instance_uid,
    }
    return {tag: {"vr": "UI", "Value": [value]} for tag, value in values.items()}


def counted_pieces(
    name: str, layout: ArchiveLayout, start: int, length: int, sent: Callable[[int], None]
) -> Iterator[bytes]:
    """Bytes of the ZIP; `sent` hears of each piece, and what was found out on the way is kept. Raises OSError."""
    for piece in layout.pieces(start, length):
        sent(len(piece))
        yield piece
    keep_checksums(name, layout)


def _write(path: Path, pieces: Iterable[bytes]) -> None:
    with path.open("xb") as file:
        for piece in pieces:
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())

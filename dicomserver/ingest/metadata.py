"""Prepares what answers about instances' attributes need: read from the archive when it is first needed, and kept."""

import errno
import json
import logging
import os
import threading
from collections.abc import Iterator
from typing import Any, Final

from django.db import connection
from django.db.models import QuerySet

from dicomserver.archive import Archive
from dicomserver.archive.content import OpenFile
from dicomserver.index.models import Instance
from dicomserver.ingest.errors import InstanceRefused
from dicomserver.ingest.header import PreparedMetadata, read_metadata

logger = logging.getLogger(__name__)

# So many rows are read and written at once, and no more characters of JSON than this are held.
PORTION: Final = 400
MAX_HELD_CHARACTERS: Final = 16 * 1024 * 1024

_FIELDS: Final = ("pk", "sop_instance_uid", "relative_path", "file_bytes", "data_set_offset", "transfer_syntax_uid")

_INSERT: Final = """
    INSERT INTO index_instancemetadata (instance_id, dicom_json, bulk_data) VALUES {} ON CONFLICT DO NOTHING
"""

# Whoever asks for a series that another thread is preparing waits and shares what it made; it is all work of the
# processor, so taking turns costs nothing.
_turn = threading.Lock()


def prepare_metadata(instances: QuerySet[Instance], archive: Archive) -> int:
    """Make the metadata rows that the instances lack; returns how many of them cannot be read.

    Other processes may do the same at the same time: the rows hold for the data sets, so it does not matter whose
    stay. An instance that cannot be read is logged and left out; it is tried again whenever it is asked for.
    """
    return sum(prepare_portions(instances, archive))


def prepare_portions(instances: QuerySet[Instance], archive: Archive) -> Iterator[int]:
    """The same, portion by portion, for who may stop in between."""
    last: int | None = 0
    while last is not None:
        with _turn:
            lacking = instances.filter(metadata__isnull=True, pk__gt=last).order_by("pk")
            portion = list(lacking.values_list(*_FIELDS)[:PORTION])
            unreadable = _prepare(portion, archive)
        last = portion[-1][0] if len(portion) == PORTION else None
        yield unreadable


def _prepare(portion: list[tuple[Any, ...]], archive: Archive) -> int:
    unreadable, held = 0, 0
    rows: list[tuple[int, PreparedMetadata]] = []
    for pk, sop_instance_uid, *place in portion:
        try:
            found = _read(archive, *place)
        except (InstanceRefused, OSError) as error:
            reason = error.reason if isinstance(error, InstanceRefused) else error.strerror
            logger.error("No metadata can be read", extra={"sop_instance_uid": sop_instance_uid, "reason": reason})
            unreadable += 1
            continue
        rows.append((pk, found))
        held += len(found.dicom_json)
        if held > MAX_HELD_CHARACTERS:
            _insert(rows)
            held, rows = 0, []
    _insert(rows)
    return unreadable


def _insert(rows: list[tuple[int, PreparedMetadata]]) -> None:
    """Written out: Django's bulk insert escapes each quote of the JSON on its own, as long as all the rest takes."""
    if rows:
        values = [value for pk, found in rows for value in (pk, found.dicom_json, json.dumps(found.bulk_data))]
        with connection.cursor() as cursor:
            cursor.execute(_INSERT.format(", ".join(["(%s, %s, %s)"] * len(rows))), values)


def _read(
    archive: Archive, relative_path: str, file_bytes: int, data_set_offset: int, transfer_syntax_uid: str
) -> PreparedMetadata:
    """The metadata, places counted from the start of the data set. Raises InstanceRefused and OSError."""
    with archive.path_of(relative_path).open("rb") as file:
        if os.fstat(file.fileno()).st_size != file_bytes:
            # A file that was put back while the row was read may begin with a head of another length.
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        found = read_metadata(OpenFile(file.fileno()), data_set_offset, transfer_syntax_uid, scratch=archive.incoming)
    places = {tag: [vr, offset - data_set_offset, length] for tag, (vr, offset, length) in found.bulk_data.items()}
    return PreparedMetadata(found.dicom_json, places)

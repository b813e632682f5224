"""An instance between its receipt and its commit: durable, acknowledged, and not in the index yet."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dicomserver.archive import IncomingFile
from dicomserver.ingest.header import InstanceHeader
from dicomserver.ingest.outcomes import Outcome, Source


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A whole file as the index describes it; the names are the fields of `index.models.Instance`."""

    transfer_syntax_uid: str
    file_bytes: int
    data_set_offset: int
    data_set_sha256: str
    header_sha256: str


@dataclass(slots=True)
class Accepted:
    """A sealed file where it was received, what is in it, and what became of it once that is committed."""

    path: Path
    file: FileFacts
    header: InstanceHeader
    source: Source
    outcome: Outcome | None = None


def facts_of(incoming: IncomingFile) -> FileFacts:
    """What the index says of a sealed file."""
    return FileFacts(
        transfer_syntax_uid=incoming.meta.transfer_syntax_uid,
        file_bytes=incoming.size,
        data_set_offset=incoming.data_set_offset,
        data_set_sha256=incoming.data_set_sha256,
        header_sha256=incoming.header_sha256,
    )


def instance_values(header: InstanceHeader, file: FileFacts, source: Source, relative_path: str) -> dict[str, Any]:
    """The values of an instance's row by field name."""
    table = header.pixels.frame_table
    return {
        "sop_instance_uid": header.sop_instance_uid,
        "sop_class_uid": header.sop_class_uid,
        "instance_number": header.instance_number,
        "relative_path": relative_path,
        **asdict(file),
        "rows": header.pixels.rows,
        "columns": header.pixels.columns,
        "number_of_frames": header.pixels.number_of_frames,
        "bits_allocated": header.pixels.bits_allocated,
        "frame_table": table.to_json() if table else None,
        "received_at": source.received_at,
        "calling_ae_title": source.calling_ae_title,
        "called_ae_title": source.called_ae_title,
        "origin": source.origin,
    }

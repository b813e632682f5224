"""The archive: files on disk, written so that what is acknowledged survives a crash. Knows no Django."""

from dicomserver.archive.errors import ArchiveError, ArchiveFull, Trouble
from dicomserver.archive.file_meta import FileMeta
from dicomserver.archive.incoming import IncomingFile
from dicomserver.archive.store import Archive, Space, conflict_name, instance_path, quarantine_name

__all__ = [
    "Archive",
    "ArchiveError",
    "ArchiveFull",
    "FileMeta",
    "IncomingFile",
    "Space",
    "Trouble",
    "conflict_name",
    "instance_path",
    "quarantine_name",
]

"""Takes in files that lie in a folder: each is copied into the archive as if it had been sent."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from dicomserver.archive import Archive, ArchiveError
from dicomserver.archive.content import OpenFile
from dicomserver.archive.part10 import read_file_head
from dicomserver.index.models import Origin
from dicomserver.ingest.errors import IngestUnavailable
from dicomserver.ingest.header import read_uids
from dicomserver.ingest.outcomes import Ingested, Source
from dicomserver.ingest.services import ingest_instance

_STEP: Final = 1024 * 1024


def files_of(path: Path) -> Iterator[Path]:
    """The file itself, or all files below the folder, in order; links are not followed out of it."""
    if not path.is_dir():
        yield path
        return
    for entry in sorted(path.iterdir()):
        if entry.is_dir() and not entry.is_symlink():
            yield from files_of(entry)
        elif entry.is_file():
            yield entry


def import_file(path: Path, archive: Archive) -> Ingested:
    """Copy the file's data set into the archive.

    Raises NotPart10 and InstanceRefused where the file is the reason (it stays where it is, and nothing is put into
    quarantine), IngestUnavailable where it may be tried again, and OSError where the file cannot be read.
    """
    with path.open("rb") as file:
        head = read_file_head(file)
        uids = read_uids(
            OpenFile(file.fileno()), head.data_set_offset, head.meta.transfer_syntax_uid, scratch=archive.incoming
        )
        meta = replace(head.meta, sop_class_uid=uids["SOPClassUID"], sop_instance_uid=uids["SOPInstanceUID"])
        source = Source(Origin.IMPORT, meta.calling_ae_title, meta.called_ae_title)
        file.seek(head.data_set_offset)
        try:
            incoming = archive.receive(meta)
            try:
                while piece := file.read(_STEP):
                    incoming.write(piece)
            except BaseException:
                incoming.discard()
                raise
        except ArchiveError as error:
            raise IngestUnavailable(str(error)) from error
    return ingest_instance(incoming=incoming, source=source, archive=archive)

"""Takes in one file: it is copied into the archive as if it had been sent."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Final

from dicomserver.archive import Archive, ArchiveError
from dicomserver.archive.content import OpenFile
from dicomserver.archive.part10 import NotPart10, read_file_head
from dicomserver.importing.kinds import HEAD_BYTES, Kind
from dicomserver.importing.results import FileOutcome, FileResult, outcome_of
from dicomserver.index.models import Origin
from dicomserver.ingest.errors import IngestUnavailable, InstanceRefused, Reason
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
        if entry.is_symlink():
            continue
        if entry.is_dir():
            yield from files_of(entry)
        elif entry.is_file():
            yield entry


def head_of(file: BinaryIO) -> bytes:
    """The first bytes, by which `kind_of` tells what the file is. Raises OSError."""
    file.seek(0)
    return file.read(HEAD_BYTES)


def result_of(file: BinaryIO, name: str, kind: Kind, archive: Archive, source: Source | None = None) -> FileResult:
    """Take in an open file of the kind, if it is DICOM, and say what became of it.

    Raises IngestUnavailable where it may be tried again.
    """
    if kind is not Kind.DICOM:
        return FileResult(name, FileOutcome.NOT_DICOM, why_not_dicom(kind), "not_dicom")
    try:
        ingested = import_stream(file, archive, source)
    except NotPart10 as error:
        if head_of(file)[128:132] == b"DICM":
            return FileResult(name, FileOutcome.REFUSED, str(error), Reason.TRUNCATED)
        return FileResult(name, FileOutcome.NOT_DICOM, why_not_dicom(Kind.OTHER), "not_dicom")
    except InstanceRefused as refusal:
        return FileResult(name, FileOutcome.REFUSED, str(refusal), refusal.reason)
    except OSError as error:
        return FileResult(name, FileOutcome.UNREADABLE, f"The file cannot be read: {error.strerror}.", "unreadable")
    return FileResult(
        name,
        outcome_of(ingested.outcome),
        study_instance_uid=ingested.study_instance_uid,
        sop_instance_uid=ingested.sop_instance_uid,
    )


def why_not_dicom(kind: Kind) -> str:
    """A sentence for a file that is something else."""
    if kind is Kind.EMPTY:
        return "The file is empty."
    if kind.can_be_wrapped:
        return f"The file is a {kind}, not DICOM. It can be kept once it is said whose it is."
    return "The file is not DICOM."


def import_stream(file: BinaryIO, archive: Archive, source: Source | None = None) -> Ingested:
    """Copy the data set of an open file into the archive.

    Raises NotPart10 and InstanceRefused where the file is the reason (it stays where it is, and nothing is put into
    quarantine), IngestUnavailable where it may be tried again, and OSError where the file cannot be read.
    """
    head = read_file_head(file)
    uids = read_uids(
        OpenFile(file.fileno()), head.data_set_offset, head.meta.transfer_syntax_uid, scratch=archive.incoming
    )
    meta = replace(head.meta, sop_class_uid=uids["SOPClassUID"], sop_instance_uid=uids["SOPInstanceUID"])
    source = source or Source(Origin.IMPORT, meta.calling_ae_title, meta.called_ae_title)
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

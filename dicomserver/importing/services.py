"""Takes in what lies at a path (files, folders, ZIP archives, DICOMDIR media), and says what became of each file."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from dicomserver.archive import Archive
from dicomserver.importing.bounds import MAX_DEPTH, Budget, TooMuch
from dicomserver.importing.files import files_of, head_of, result_of
from dicomserver.importing.kinds import Kind, kind_of
from dicomserver.importing.media import DirectoryUnreadable, Reference, references_in, results_for
from dicomserver.importing.results import FileOutcome, FileResult, shown_name
from dicomserver.importing.zips import (
    Entry,
    EntryRefused,
    entries_of,
    opened_entry,
    opened_zip,
    require_sound,
)
from dicomserver.ingest.outcomes import Source


@dataclass(slots=True)
class Importer:
    """One import: where to, on whose behalf, and what it may still unpack."""

    archive: Archive
    source: Source | None = None
    budget: Budget = field(default_factory=Budget)

    def path(self, path: Path) -> Iterator[FileResult]:
        """A file, or all files below a folder; of a DICOMDIR, the files that it names.

        Raises IngestUnavailable where it may be tried again: what was taken by then stays taken.
        """
        if path.is_file() and _kind_at(path) is Kind.DICOMDIR:
            yield from self._medium(path)
            return
        directories: list[Path] = []
        for file in files_of(path):
            if _kind_at(file) is Kind.DICOMDIR:
                # Last, when it is known what was there.
                directories.append(file)
            else:
                yield from self.file(file)
        for directory in directories:
            yield from self._directory(directory)

    def file(self, path: Path) -> Iterator[FileResult]:
        """One file of any kind but a DICOMDIR."""
        name = shown_name(str(path))
        try:
            with path.open("rb") as file:
                yield from self.stream(file, name)
        except OSError as error:
            yield FileResult(name, FileOutcome.UNREADABLE, f"The file cannot be read: {error.strerror}.", "unreadable")

    def stream(self, file: BinaryIO, name: str, depth: int = 0) -> Iterator[FileResult]:
        """An open file; a ZIP's entries one by one."""
        kind = kind_of(head_of(file))
        if kind is Kind.ZIP:
            yield from self._zip(file, name, depth)
        elif kind is Kind.DICOMDIR:
            yield from self._references(file, name, None)
        else:
            yield result_of(file, name, kind, self.archive, self.source)

    def _zip(self, file: BinaryIO, name: str, depth: int) -> Iterator[FileResult]:
        if depth >= MAX_DEPTH:
            yield FileResult(name, FileOutcome.REFUSED, "A ZIP in a ZIP in a ZIP is not opened.", "nested")
            return
        try:
            with opened_zip(file, self.budget) as opened:
                entries, before = entries_of(opened), set[str]()
                if not entries:
                    yield FileResult(name, FileOutcome.REFUSED, "The ZIP is empty.", "empty")
                for entry in entries:
                    inner = f"{name}/{shown_name(entry.name)}"
                    try:
                        require_sound(entry, before)
                        with opened_entry(opened, entry, self.budget, self.archive) as unpacked:
                            yield from self._entry(unpacked, inner, entry, entries, depth)
                    except EntryRefused as refusal:
                        yield FileResult(inner, FileOutcome.REFUSED, str(refusal), "archive_entry")
                    before.add(entry.name)
        except EntryRefused as refusal:
            yield FileResult(name, FileOutcome.REFUSED, str(refusal), "archive")
        except TooMuch as too_much:
            yield FileResult(name, FileOutcome.REFUSED, str(too_much), "too_much")

    def _entry(
        self, unpacked: BinaryIO, name: str, entry: Entry, entries: list[Entry], depth: int
    ) -> Iterator[FileResult]:
        if kind_of(head_of(unpacked)) is not Kind.DICOMDIR:
            yield from self.stream(unpacked, name, depth + 1)
            return
        folder = PurePosixPath(entry.name).parent
        paths = (PurePosixPath(other.name) for other in entries)
        there = {str(path.relative_to(folder)).lower() for path in paths if path.is_relative_to(folder)}
        yield from self._references(unpacked, name, there)

    def _medium(self, path: Path) -> Iterator[FileResult]:
        """The files that the DICOMDIR names, then what it names and is not there."""
        there = _names_below(path.parent)
        for reference in _references_at(path):
            found = None if reference.leads_elsewhere else there.get(reference.name.lower())
            if found is not None:
                yield from self.file(found)
        yield from self._directory(path)

    def _directory(self, path: Path) -> Iterator[FileResult]:
        try:
            with path.open("rb") as file:
                yield from self._references(file, shown_name(str(path)), set(_names_below(path.parent)))
        except OSError as error:
            explanation = f"The file cannot be read: {error.strerror}."
            yield FileResult(shown_name(str(path)), FileOutcome.UNREADABLE, explanation, "unreadable")

    def _references(self, file: BinaryIO, name: str, there: set[str] | None) -> Iterator[FileResult]:
        """What is wrong with what the DICOMDIR names, then the DICOMDIR itself."""
        try:
            references = references_in(file)
        except DirectoryUnreadable as error:
            yield FileResult(name, FileOutcome.REFUSED, str(error), "directory")
            return
        yield from results_for(references, there or set(), name)
        yield FileResult(name, FileOutcome.DICOMDIR)


def _kind_at(path: Path) -> Kind:
    try:
        with path.open("rb") as file:
            return kind_of(head_of(file))
    except OSError:
        # Said where it is opened again.
        return Kind.OTHER


def _names_below(folder: Path) -> dict[str, Path]:
    """All files below the folder by their lower-case path from it; links are not followed."""
    return {path.relative_to(folder).as_posix().lower(): path for path in files_of(folder)}


def _references_at(path: Path) -> list[Reference]:
    try:
        with path.open("rb") as file:
            return references_in(file)
    except (DirectoryUnreadable, OSError):
        # Said where it is read again.
        return []

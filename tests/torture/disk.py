"""A disk that keeps only what was synced: replays the calls of a trace, and lays down what a power cut would leave."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from tests.torture.trace import Call

_WRITES = frozenset({"write", "writev", "pwrite64", "pwritev", "pwritev2"})
_SYNCS = frozenset({"fsync", "fdatasync"})
_NOT_UNDERSTOOD = frozenset({"sendfile", "copy_file_range", "symlink", "symlinkat", "truncate", "syncfs", "sync"})
_ELSEWHERE = frozenset({"sendto", "sendmsg", "recvfrom", "sync_file_range"})


@dataclass(eq=False)
class File:
    """The bytes now, and those that a power cut leaves; None where nothing of it was ever synced."""

    content: bytearray = field(default_factory=bytearray)
    durable: bytes | None = None
    writes: list[Call] = field(default_factory=list)
    syncs: list[Call] = field(default_factory=list)
    # By path: when the name was there, and when it was taken away.
    named: dict[Path, Call] = field(default_factory=dict)
    unnamed: dict[Path, Call] = field(default_factory=dict)


@dataclass(eq=False)
class Folder:
    """The names now, and those that a power cut leaves."""

    entries: dict[str, "Entry"] = field(default_factory=dict)
    durable: dict[str, "Entry"] = field(default_factory=dict)
    added: dict[str, Call] = field(default_factory=dict)
    syncs: list[Call] = field(default_factory=list)


Entry: TypeAlias = File | Folder
_BEFORE = Call("mkdir", "", 0, -1, -1, 0)


class Disk:
    """What lies below a folder.

    `folders` were there when the trace began, and durable; those in `unsynced`, below them, were there too, but whoever
    made them was killed before making their names durable.
    """

    def __init__(self, root: Path, folders: Iterable[str], unsynced: Iterable[str] = ()) -> None:
        self.root = root
        self.top = Folder()
        for name in folders:
            self.top.entries[name] = self.top.durable[name] = Folder()
        for name in unsynced:
            self._add(root / name, Folder(), _BEFORE)
        self.all_files: list[File] = []
        self._positions: dict[tuple[int, File], int] = {}
        # A file without a name is still written to by who has it open.
        self._unnamed: dict[Path, File] = {}
        self._seen_by_sync: dict[int, bytes | dict[str, Entry]] = {}

    def replay(self, calls: Iterable[Call]) -> None:
        """Let the calls have their effect; what a sync makes durable is what was there when it began."""
        moments = [(call.begun, False, call) for call in calls if call.name not in _ELSEWHERE]
        moments += [(call.ended, True, call) for _, _, call in moments]
        for _, is_end, call in sorted(moments, key=lambda moment: moment[0]):
            if call.name in _SYNCS:
                self._sync(call, is_end=is_end)
            elif is_end:
                self._apply(call)

    def file_at(self, path: Path) -> File | None:
        """The file that has this name now."""
        found = self._at(path)
        return found if isinstance(found, File) else None

    def contents(self) -> dict[Path, bytes]:
        """All that lies there now, synced or not."""
        return {path: bytes(file.content) for path, file in _files_below(self.root, self.top)}

    def durable_since(self, path: Path) -> float:
        """The moment since which a power cut leaves this name, and those of all folders above it; infinite if never."""
        since, folder = 0.0, self.top
        for part in path.relative_to(self.root).parts:
            added = folder.added.get(part)
            if added is not None:
                ends = (sync.ended for sync in folder.syncs if sync.begun > added.ended)
                since = max(since, min(ends, default=float("inf")))
            entry = folder.entries.get(part) or folder.durable.get(part)
            if isinstance(entry, Folder):
                folder = entry
        return since

    def lay_down(self, target: Path, *, keeps_names: bool) -> None:
        """Write what a power cut leaves into a folder.

        A file system may keep names that were not synced, with a file's length but not its bytes (`keeps_names`), or
        lose everything that was not synced.
        """
        _lay_down(self.top, target, keeps_names, {})

    def _at(self, path: Path) -> Entry | None:
        if not path.is_relative_to(self.root):
            return None
        found: Entry | None = self.top
        for part in path.relative_to(self.root).parts:
            found = found.entries.get(part) if isinstance(found, Folder) else None
        return found

    def _file_of(self, call: Call) -> File | None:
        if call.file is None or not call.file.is_relative_to(self.root):
            return None
        return self.file_at(call.file) or self._unnamed.get(call.file)

    def _parent(self, path: Path) -> Folder:
        parent = self._at(path.parent)
        assert isinstance(parent, Folder), f"the trace never made {path.parent}"
        return parent

    def _sync(self, call: Call, *, is_end: bool) -> None:
        entry: Entry | None = self._file_of(call) or (self._at(call.file) if call.file else None)
        if entry is None:
            return
        if not is_end:
            self._seen_by_sync[call.begun] = bytes(entry.content) if isinstance(entry, File) else dict(entry.entries)
            return
        seen = self._seen_by_sync.pop(call.begun)
        entry.syncs.append(call)
        if isinstance(entry, File) and isinstance(seen, bytes):
            entry.durable = seen
        if isinstance(entry, Folder) and isinstance(seen, dict):
            entry.durable = seen

    def _apply(self, call: Call) -> None:
        if call.name in _WRITES:
            self._write(call)
        elif call.name in {"openat", "open", "creat"}:
            self._open(call)
        elif call.name == "lseek":
            file = self._file_of(call)
            if file is not None:
                self._positions[call.descriptor, file] = call.result
        elif call.name in {"ftruncate", "fallocate"}:
            self._resize(call)
        elif any(path.is_relative_to(self.root) for path in [*call.paths, *filter(None, [call.file])]):
            assert call.name not in _NOT_UNDERSTOOD, f"not understood: {call}"
            self._name(call)

    def _open(self, call: Call) -> None:
        path = call.paths[0]
        if not path.is_relative_to(self.root) or "O_DIRECTORY" in call.arguments or "O_TMPFILE" in call.arguments:
            return
        file = self.file_at(path)
        if file is None and "O_CREAT" in call.arguments:
            file = File()
            self.all_files.append(file)
            self._add(path, file, call)
        if file is not None:
            if "O_TRUNC" in call.arguments:
                file.content.clear()
            self._positions[call.result, file] = len(file.content) if "O_APPEND" in call.arguments else 0

    def _write(self, call: Call) -> None:
        file = self._file_of(call)
        if file is None:
            return
        data, key = call.data, (call.descriptor, file)
        at_position = call.name in {"write", "writev"}
        start = self._positions[key] if at_position else call.offset
        file.content.extend(bytes(max(0, start - len(file.content))))
        file.content[start : start + len(data)] = data
        file.writes.append(call)
        if at_position:
            self._positions[key] = start + len(data)

    def _resize(self, call: Call) -> None:
        file = self._file_of(call)
        if file is None:
            return
        file.writes.append(call)
        if call.name == "ftruncate":
            del file.content[call.offset :]
            file.content.extend(bytes(call.offset - len(file.content)))
        else:
            _, mode, offset, length = call.arguments.rsplit(", ", 3)
            if "KEEP_SIZE" not in mode:
                file.content.extend(bytes(max(0, int(offset) + int(length) - len(file.content))))

    def _name(self, call: Call) -> None:
        paths = call.paths
        if call.name in {"mkdir", "mkdirat"}:
            self._add(paths[0], Folder(), call)
        elif call.name in {"rmdir", "unlink", "unlinkat"}:
            self._remove(paths[0], call)
        elif call.name in {"link", "linkat"}:
            self._add(paths[1], self._present(paths[0]), call)
        elif call.name in {"rename", "renameat", "renameat2"}:
            moved = self._present(paths[0])
            self._remove(paths[0], call)
            self._add(paths[1], moved, call)
        else:
            raise AssertionError(f"not understood: {call}")

    def _present(self, path: Path) -> Entry:
        found = self._at(path)
        assert found is not None, f"the trace never made {path}"
        return found

    def _add(self, path: Path, entry: Entry, call: Call) -> None:
        parent = self._parent(path)
        parent.entries[path.name] = entry
        parent.added[path.name] = call
        if isinstance(entry, File):
            entry.named[path] = call

    def _remove(self, path: Path, call: Call) -> None:
        gone = self._parent(path).entries.pop(path.name, None)
        if isinstance(gone, File):
            self._unnamed[path] = gone
            gone.unnamed[path] = call


def _files_below(path: Path, folder: Folder) -> Iterator[tuple[Path, File]]:
    for name, entry in folder.entries.items():
        if isinstance(entry, Folder):
            yield from _files_below(path / name, entry)
        else:
            yield path / name, entry


def _lay_down(folder: Folder, target: Path, keeps_names: bool, laid: dict[File, Path]) -> None:
    target.mkdir(mode=0o750, exist_ok=True)
    for name, entry in (folder.entries if keeps_names else folder.durable).items():
        path = target / name
        if isinstance(entry, Folder):
            _lay_down(entry, path, keeps_names, laid)
        elif entry in laid:
            path.hardlink_to(laid[entry])
        else:
            content = entry.durable or b""
            # Where there were bytes, zeros are left, as after a crash before delayed allocation.
            path.write_bytes(content.ljust(len(entry.content), b"\0") if keeps_names else content)
            laid[entry] = path

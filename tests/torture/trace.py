"""Reads what strace wrote: which system calls a server made on files and connections, in which order."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FILE_CALLS = (
    "openat,open,creat,write,pwrite64,writev,pwritev,pwritev2,lseek,ftruncate,truncate,fallocate,sendfile,copy_file_range,"
    "fsync,fdatasync,sync_file_range,syncfs,sync,link,linkat,symlink,symlinkat,rename,renameat,renameat2,"
    "unlink,unlinkat,mkdir,mkdirat,rmdir"
)
CONNECTION_CALLS = "sendto,sendmsg,recvfrom"
# All threads and children; descriptors with what they are; every byte, as hexadecimal digits.
STRACE = (
    "strace",
    "-f",
    "-yy",
    "-xx",
    "-s",
    "100000000",
    "--seccomp-bpf",
    "-e",
    f"trace={FILE_CALLS},{CONNECTION_CALLS}",
)

_LINE = re.compile(r"^(\d+) +(.*)$")
_RESUMED = re.compile(r"^<\.\.\. \w+ resumed>(.*)$")
_CALL = re.compile(r"^(\w+)\((.*)\) += (-?\d+)(?:<[^>]*>)?(?: .*)?$", re.DOTALL)
_HEX = r"(?:\\x[0-9a-f]{2})*"
_DESCRIPTOR = re.compile(rf"^(\d+)<(?:(TCP(?:v6)?:\[[^\]]*\])|({_HEX})|[^>]*)>")
_TEXT = re.compile(rf'"({_HEX})"')
_PATH = re.compile(rf'(?:(?:AT_FDCWD|\d+)<({_HEX})>(?:\(deleted\))?, )?"({_HEX})"')


@dataclass(frozen=True)
class Call:
    """One system call that succeeded; `begun` and `ended` are moments in the order of the whole trace."""

    name: str
    arguments: str
    result: int
    begun: int
    ended: int
    pid: int

    @property
    def descriptor(self) -> int:
        """The descriptor that is its first argument, -1 where that is none."""
        match = _DESCRIPTOR.match(self.arguments)
        return int(match[1]) if match else -1

    @property
    def connection(self) -> str:
        """The TCP connection of the descriptor, as «TCP:[ours->theirs]»; empty where it is none."""
        match = _DESCRIPTOR.match(self.arguments)
        return (match[2] or "") if match else ""

    @property
    def file(self) -> Path | None:
        """The path under which the descriptor's file was opened."""
        match = _DESCRIPTOR.match(self.arguments)
        return Path(_text(match[3])) if match and match[3] else None

    @property
    def data(self) -> bytes:
        """The bytes that were written or read."""
        return b"".join(_bytes(found) for found in _TEXT.findall(self.arguments))[: self.result]

    @property
    def paths(self) -> list[Path]:
        """The paths among the arguments, made absolute."""
        return [Path(_text(folder or "")) / _text(path) for folder, path in _PATH.findall(self.arguments)]

    @property
    def offset(self) -> int:
        """The offset of a pwrite, the length of a ftruncate."""
        words = self.arguments.rsplit(", ", 2)
        return int(words[-2] if self.name == "pwritev2" else words[-1])


def calls_of(trace: Path) -> Iterator[Call]:
    """The calls that succeeded, in the order in which they ended."""
    begun: dict[str, tuple[int, str]] = {}
    with trace.open(encoding="ascii") as lines:
        for number, line in enumerate(lines):
            match = _LINE.match(line.rstrip("\n"))
            if match is None:
                continue
            pid, text = match[1], match[2]
            moment = 2 * number
            if text.endswith("<unfinished ...>"):
                begun[pid] = (moment, text.removesuffix("<unfinished ...>").rstrip())
                continue
            resumed = _RESUMED.match(text)
            start = moment
            if resumed:
                start, before = begun.pop(pid)
                text = before + resumed[1]
            call = _CALL.match(text)
            if call and int(call[3]) >= 0:
                yield Call(call[1], call[2], int(call[3]), start, moment + 1, int(pid))


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def _text(text: str) -> str:
    return _bytes(text).decode()

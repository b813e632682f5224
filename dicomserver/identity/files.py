"""The identity folder: key.pem and server.json, readable by their owner only, replaced atomically."""

import hashlib
import os
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from pydantic import BaseModel, ConfigDict, ValidationError

from wire.heartbeats import PublicKey
from wire.keys import (
    InvalidKey,
    generate_key,
    generate_sealing_key,
    load_private_key,
    load_sealing_key,
    parse_public_key,
    private_key_pem,
    thumbprint,
)

FOLDER: Final = "identity"
KEY_FILE: Final = "key.pem"
# The key of an enrolment that is under way: it survives a crash, so that a code is not used up for nothing.
PENDING_KEY_FILES: Final = "pending-*.pem"
SERVER_FILE: Final = "server.json"
# Opens what tokens tell this server alone; a lost one is replaced, and the next heartbeat tells the portal.
SEALING_KEY_FILE: Final = "sealing.pem"
RELOAD_SECONDS: Final = 1.0


class IdentityError(Exception):
    """There is no usable identity; the message says the cure."""


class NotEnrolled(IdentityError):
    """This server has not been enrolled with a portal yet."""

    def __init__(self, home: Path) -> None:
        super().__init__(
            f"No identity in {home / FOLDER}: enrol this server first with "
            "`python -m dicomserver enrol --portal URL --code ONE-TIME-CODE`."
        )


class IdentityBroken(IdentityError):
    """The files of the identity cannot be used."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What enrolment made this server: `portal_keys` maps a `kid` to the key that checks viewer tokens.

    `sealing_key` is None until `ensure_sealing_key` was called.
    """

    server_id: UUID
    institution_code: str
    institution_name: str
    portal_url: str
    private_key: Ed25519PrivateKey = field(repr=False)
    portal_keys: Mapping[str, Ed25519PublicKey] = field(repr=False)
    sealing_key: X25519PrivateKey | None = field(repr=False, default=None)


class ServerFile(BaseModel):
    """The content of server.json."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    server_id: UUID
    institution_code: str
    institution_name: str
    portal_url: str
    # Thumbprint of the key that was enrolled: tells which of key.pem and pending-*.pem belongs to this file.
    key: str
    portal_keys: tuple[PublicKey, ...]


def load_identity(home: Path) -> Identity:
    """The identity kept under `home` (DICOM_SERVER_HOME). Raises NotEnrolled or IdentityBroken."""
    server = _read_server_file(home)
    return Identity(
        server_id=server.server_id,
        institution_code=server.institution_code,
        institution_name=server.institution_name,
        portal_url=server.portal_url,
        private_key=_key_of(home, server),
        portal_keys=MappingProxyType({key.kid: parse_public_key(key.public_key) for key in server.portal_keys}),
        sealing_key=_sealing_key_of(home),
    )


def ensure_sealing_key(home: Path) -> X25519PrivateKey:
    """The sealing key, made and kept first where there is none that is whole. Raises IdentityBroken and OSError."""
    known = _sealing_key_of(home)
    if known is not None:
        return known
    path = home / FOLDER / SEALING_KEY_FILE
    made = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.made")
    _replace(made, private_key_pem(generate_sealing_key()))
    try:
        # Of processes that make one at the same time, one wins.
        os.link(made, path)
    except FileExistsError:
        if _sealing_key_of(home) is None:
            made.replace(path)
    finally:
        made.unlink(missing_ok=True)
    _sync_folder(path.parent)
    return ensure_sealing_key(home)


def replace_portal_keys(home: Path, keys: Iterable[PublicKey]) -> bool:
    """Believe exactly `keys` from now on; True where that changed the file.

    No key at all is taken for a mistake of the portal and changes nothing: it would stop every viewer. Raises
    NotEnrolled or IdentityBroken.
    """
    new = tuple(sorted(keys, key=lambda key: key.kid))
    server = _read_server_file(home)
    if not new or new == server.portal_keys:
        return False
    write_server_file(home, server.model_copy(update={"portal_keys": new}))
    return True


def is_enrolled(home: Path) -> bool:
    """Whether an enrolment was ever finished."""
    return (home / FOLDER / SERVER_FILE).exists()


def pending_key(home: Path, code: str) -> Ed25519PrivateKey:
    """The key with which `code` is shown to the portal, made and kept first where there is none.

    The portal answers the same code with the same key again: so an answer that was lost can be asked for once more.
    Raises IdentityBroken.
    """
    path = _pending_path(home, code)
    if not path.exists():
        _replace(path, private_key_pem(generate_key()))
    return _read_key(path)


def write_server_file(home: Path, server: ServerFile) -> None:
    """Replace server.json."""
    _replace(home / FOLDER / SERVER_FILE, server.model_dump_json(indent=2).encode() + b"\n")


def finish_key(home: Path, code: str) -> None:
    """Make the code's key the key: the last step of an enrolment."""
    folder = home / FOLDER
    _pending_path(home, code).replace(folder / KEY_FILE)
    for left_over in folder.glob(PENDING_KEY_FILES):
        left_over.unlink(missing_ok=True)
    _sync_folder(folder)


class IdentityReader:
    """The identity for a process that lives long: read again when server.json has changed, looked at once a second."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._lock = threading.Lock()
        self._identity: Identity | None = None
        self._stamp: tuple[tuple[int, int, int] | None, ...] = ()
        self._checked = -RELOAD_SECONDS

    def current(self) -> Identity:
        """The identity as it is on disk, at most a second ago. Raises NotEnrolled or IdentityBroken."""
        with self._lock:
            now = time.monotonic()
            if self._identity is None or now - self._checked >= RELOAD_SECONDS:
                self._refresh()
                self._checked = now
            if self._identity is None:
                raise NotEnrolled(self._home)
            return self._identity

    def _refresh(self) -> None:
        stamp = tuple(_stamp_of(self._home / FOLDER / name) for name in (SERVER_FILE, SEALING_KEY_FILE))
        if stamp[0] is None:
            self._identity, self._stamp = None, ()
        elif self._identity is None or stamp != self._stamp:
            self._identity = load_identity(self._home)
            self._stamp = stamp


def _stamp_of(path: Path) -> tuple[int, int, int] | None:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


def _read_server_file(home: Path) -> ServerFile:
    path = home / FOLDER / SERVER_FILE
    try:
        return ServerFile.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise NotEnrolled(home) from error
    except OSError as error:
        raise IdentityBroken(f"{path} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        raise IdentityBroken(f"{path} is damaged: restore it, or enrol again with --force.") from error


def _key_of(home: Path, server: ServerFile) -> Ed25519PrivateKey:
    folder = home / FOLDER
    for path in (folder / KEY_FILE, *sorted(folder.glob(PENDING_KEY_FILES))):
        if path.exists():
            key = _read_key(path)
            if thumbprint(key) == server.key:
                return key
    raise IdentityBroken(f"{folder} does not hold the key that was enrolled: restore it, or enrol again with --force.")


def _sealing_key_of(home: Path) -> X25519PrivateKey | None:
    path = home / FOLDER / SEALING_KEY_FILE
    try:
        return load_sealing_key(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise IdentityBroken(f"{path} cannot be read: {error.strerror}.") from error
    except InvalidKey:
        return None


def _pending_path(home: Path, code: str) -> Path:
    digest = hashlib.sha256(code.encode()).hexdigest()[:16]
    return home / FOLDER / PENDING_KEY_FILES.replace("*", digest)


def _read_key(path: Path) -> Ed25519PrivateKey:
    try:
        return load_private_key(path.read_bytes())
    except OSError as error:
        raise IdentityBroken(f"{path} cannot be read: {error.strerror}.") from error
    except InvalidKey as error:
        raise IdentityBroken(f"{path} is damaged: restore it, or enrol again with --force.") from error


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""The portal's own Ed25519 key: it signs viewer tokens, and DICOM Servers know its public half."""

import os
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings

from wire.heartbeats import PublicKey
from wire.keys import InvalidKey, generate_key, load_private_key, private_key_pem, public_key_text, thumbprint


class SigningKeyUnusable(Exception):
    """The key file is missing or holds no key; the message names it and the cure."""


@dataclass(frozen=True)
class PortalKey:
    """The key with its `kid`."""

    kid: str
    private_key: Ed25519PrivateKey
    public_key: Ed25519PublicKey


def portal_key() -> PortalKey:
    """Return the key of PORTAL_SIGNING_KEY_FILE; one is made there where the settings allow it."""
    return _read(Path(settings.PORTAL_SIGNING_KEY_FILE))


def portal_keys() -> tuple[PublicKey, ...]:
    """Return the public keys that DICOM Servers are to believe, as they travel."""
    key = portal_key()
    return (PublicKey(kid=key.kid, public_key=public_key_text(key.public_key)),)


@lru_cache(maxsize=4)
def _read(path: Path) -> PortalKey:
    if settings.PORTAL_MAKES_SIGNING_KEY and not path.exists():
        _make(path)
    try:
        private_key = load_private_key(path.read_bytes())
    except (OSError, InvalidKey) as error:
        raise SigningKeyUnusable(
            f"The signing key {path} cannot be used. Put an Ed25519 key there, "
            "made by: openssl genpkey -algorithm ed25519"
        ) from error
    return PortalKey(thumbprint(private_key), private_key, private_key.public_key())


def _make(path: Path) -> None:
    """Write a new key, readable by its owner alone as mkstemp makes it; of several processes at once, one wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(private_key_pem(generate_key()))
            file.flush()
            os.fsync(file.fileno())
        # A link, unlike a rename, never replaces the key of whoever was first.
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink(missing_ok=True)

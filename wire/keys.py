"""Keys as text: how a public Ed25519 or X25519 key travels, and the thumbprint of the former, the `kid`."""

import base64
import binascii
import hashlib
import json
from typing import Annotated, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from pydantic import AfterValidator, Field

KEY_BYTES: Final = 32  # RFC 8032 5.1.5, RFC 7748 5


class InvalidKey(ValueError):
    """What was given is no key in the form that travels."""


def base64url(data: bytes) -> str:
    """`data` in base64url without padding (RFC 7515 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def generate_key() -> Ed25519PrivateKey:
    """A new private key."""
    return Ed25519PrivateKey.generate()


def public_key_text(key: Ed25519PrivateKey | Ed25519PublicKey) -> str:
    """The raw public key in base64url: 43 characters."""
    public_key = key.public_key() if isinstance(key, Ed25519PrivateKey) else key
    return base64url(public_key.public_bytes_raw())


def parse_public_key(text: str) -> Ed25519PublicKey:
    """The key that `public_key_text` wrote. Raises InvalidKey."""
    return Ed25519PublicKey.from_public_bytes(_raw_of(text))


def _raw_of(text: str) -> bytes:
    try:
        raw = base64.b64decode(text.encode("ascii") + b"=", altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise InvalidKey("The public key is not base64url.") from error
    if len(raw) != KEY_BYTES or base64url(raw) != text:
        raise InvalidKey(f"The public key is not {KEY_BYTES} bytes in base64url without padding.")
    return raw


def thumbprint(key: Ed25519PrivateKey | Ed25519PublicKey) -> str:
    """The `kid` of a key: its JWK thumbprint (RFC 7638, RFC 8037 2) in base64url."""
    jwk = {"crv": "Ed25519", "kty": "OKP", "x": public_key_text(key)}
    canonical = json.dumps(jwk, sort_keys=True, separators=(",", ":")).encode()
    return base64url(hashlib.sha256(canonical).digest())


def private_key_pem(key: Ed25519PrivateKey | X25519PrivateKey) -> bytes:
    """The private key as unencrypted PKCS #8 in PEM, for a file that only its owner reads."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def load_private_key(pem: bytes) -> Ed25519PrivateKey:
    """The key that `private_key_pem` wrote. Raises InvalidKey."""
    key = _load(pem)
    if not isinstance(key, Ed25519PrivateKey):
        raise InvalidKey("The private key is not an Ed25519 key.")
    return key


def generate_sealing_key() -> X25519PrivateKey:
    """A new private key for opening what was sealed with its public half."""
    return X25519PrivateKey.generate()


def sealing_key_text(key: X25519PrivateKey | X25519PublicKey) -> str:
    """The raw public key in base64url: 43 characters."""
    public_key = key.public_key() if isinstance(key, X25519PrivateKey) else key
    return base64url(public_key.public_bytes_raw())


def parse_sealing_key(text: str) -> X25519PublicKey:
    """The key that `sealing_key_text` wrote. Raises InvalidKey."""
    return X25519PublicKey.from_public_bytes(_raw_of(text))


def load_sealing_key(pem: bytes) -> X25519PrivateKey:
    """The X25519 key that `private_key_pem` wrote. Raises InvalidKey."""
    key = _load(pem)
    if not isinstance(key, X25519PrivateKey):
        raise InvalidKey("The private key is not an X25519 key.")
    return key


def _load(pem: bytes) -> object:
    try:
        return serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise InvalidKey("The private key is not an unencrypted PKCS #8 PEM.") from error


def _checked(text: str) -> str:
    _raw_of(text)
    return text


PublicKeyText = Annotated[
    str,
    Field(min_length=43, max_length=43, pattern=r"^[A-Za-z0-9_-]{43}$"),
    AfterValidator(_checked),
]

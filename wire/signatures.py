"""Compact JWS of EdDSA and nothing else: what tokens and credentials share."""

from collections.abc import Mapping
from typing import Final

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import BaseModel

ALGORITHM: Final = "EdDSA"
MAX_LENGTH: Final = 4096
_HEADERS: Final = frozenset({"alg", "kid", "typ"})

_jws: Final = jwt.PyJWS(algorithms=[ALGORITHM])


class SignatureInvalid(Exception):
    """The text is not signed as it must be; the message never repeats it."""


def sign(claims: BaseModel, private_key: Ed25519PrivateKey, *, kid: str, typ: str) -> str:
    """`claims` signed; `typ` keeps one kind of token from passing for another (RFC 8725 3.11)."""
    payload = claims.model_dump_json().encode()
    return _jws.encode(payload, private_key, algorithm=ALGORITHM, headers={"kid": kid, "typ": typ})


def verified_payload(text: str, keys: Mapping[str, Ed25519PublicKey], *, typ: str) -> bytes:
    """The signed bytes, after the signature fitted the key named by `kid`. Raises SignatureInvalid."""
    if len(text) > MAX_LENGTH:
        raise SignatureInvalid(f"The token has more than {MAX_LENGTH} characters.")
    try:
        header = _jws.get_unverified_header(text)
        if header.keys() != _HEADERS or header["alg"] != ALGORITHM or header["typ"] != typ:
            raise SignatureInvalid(f"The token's header is not that of an EdDSA {typ}.")
        key = keys.get(header["kid"])
        if key is None:
            raise SignatureInvalid("The token is signed with an unknown key.")
        payload = _jws.decode_complete(text, key, algorithms=[ALGORITHM])["payload"]
    # Deep nesting in a header ends the JSON parser with RecursionError, odd text with ValueError.
    except (jwt.PyJWTError, RecursionError, ValueError, TypeError) as error:
        raise SignatureInvalid("The token's form or signature is wrong.") from error
    if not isinstance(payload, bytes):
        raise SignatureInvalid("The token holds no bytes.")
    return payload

"""The secret of an invitation's link, and the digest by which it is found again."""

import hashlib
import secrets
from typing import Final

TOKEN_BYTES: Final = 32


def new_token() -> str:
    """32 random bytes, as text for an address."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def digest_of(token: str) -> str:
    """SHA-256 of the token, in hexadecimal."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()

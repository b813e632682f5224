"""Makes, writes and reads the secrets of share links: the token in the address, and the PIN that is told apart."""

import hashlib
import re
import secrets
from typing import Final

PIN_LENGTH: Final = 6
_BETWEEN_DIGITS: Final = re.compile(r"[\s\-.]+")
_LONGEST_TYPED: Final = 40


def new_token() -> str:
    """32 random bytes as they stand in an address."""
    return secrets.token_urlsafe(32)


def digest_of(token: str) -> str:
    """What is kept of a token: SHA-256 in hexadecimal. Nobody guesses 256 bits, so it needs neither salt nor time."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_pin() -> str:
    """Random digits, each as likely as any other."""
    return "".join(str(secrets.randbelow(10)) for _ in range(PIN_LENGTH))


def grouped(pin: str) -> str:
    """A PIN as it is read out: "4829 17".

    >>> grouped("482917")
    '4829 17'
    """
    return " ".join(pin[start : start + 4] for start in range(0, len(pin), 4))


def typed_pin(text: str) -> str | None:
    """The digits of a PIN however they were typed or pasted; None where it cannot be one, which is no guess.

    >>> typed_pin(" 4829-17 ")
    '482917'
    >>> typed_pin("4829") is None
    True
    """
    digits = _BETWEEN_DIGITS.sub("", text[:_LONGEST_TYPED])
    return digits if len(digits) == PIN_LENGTH and digits.isascii() and digits.isdigit() else None

"""How second factors are kept and named: secrets of apps are encrypted before they reach the database."""

import base64
from typing import Final

from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

ISSUER: Final = "DICOM Network"
_PURPOSE: Final = b"portal.accounts.mfa"


class EncryptingMfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """allauth's second factors under our name, with secrets at rest encrypted by MFA_KEY, else by SECRET_KEY."""

    def encrypt(self, text: str) -> str:
        """Return the secret as it is stored."""
        return _ciphers().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Return the secret. Raises InvalidToken where no key of the settings made it."""
        return _ciphers().decrypt(encrypted_text.encode()).decode()

    def get_totp_issuer(self) -> str:
        """The name above the code in an app."""
        return ISSUER

    def _get_site_name(self) -> str:
        return ISSUER


def _ciphers() -> MultiFernet:
    # The first encrypts; keys that were replaced still decrypt.
    return MultiFernet([_cipher(secret) for secret in (settings.MFA_KEY or settings.SECRET_KEY, *_replaced())])


def _replaced() -> list[str]:
    older = [str(secret) for secret in settings.SECRET_KEY_FALLBACKS]
    return [settings.SECRET_KEY, *older] if settings.MFA_KEY else older


def _cipher(secret: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(derived))

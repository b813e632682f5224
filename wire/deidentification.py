"""De-identification on the way out: what a grant asks for, sealed so that only the DICOM Server can open it."""

import base64
import binascii
import hashlib
import hmac
from enum import StrEnum
from typing import Annotated, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from pydantic import AfterValidator, Field, ValidationError

from wire.keys import InvalidKey, base64url, parse_sealing_key
from wire.messages import Message
from wire.uids import Uid

MAX_SEALED_LENGTH: Final = 2048
MIN_DAYS_SHIFTED: Final = 30
MAX_DAYS_SHIFTED: Final = 3650

# RFC 9180 7: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305.
_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
_PURPOSE: Final = b"DICOM Network deidentification 1"
_UID_LABEL: Final = b"uid\0"
_DAYS_LABEL: Final = b"days\0"

SealedText = Annotated[str, Field(min_length=1, max_length=MAX_SEALED_LENGTH, pattern=r"^[A-Za-z0-9_-]+$")]


class Option(StrEnum):
    """What is kept or cleaned beyond the Basic Application Level Confidentiality Profile (PS3.15 Table E.1-1)."""

    RETAIN_PATIENT_CHARACTERISTICS = "retain_patient_characteristics"
    SHIFT_DATES = "shift_dates"
    RETAIN_DEVICE_IDENTITY = "retain_device_identity"
    RETAIN_SAFE_PRIVATE = "retain_safe_private"


# PS3.16 CID 7050: what stands in De-identification Method Code Sequence, as code value and meaning of scheme DCM.
BASIC_PROFILE_CODE: Final = ("113100", "Basic Application Confidentiality Profile")
OPTION_CODES: Final[dict[Option, tuple[str, str]]] = {
    Option.SHIFT_DATES: ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    Option.RETAIN_PATIENT_CHARACTERISTICS: ("113108", "Retain Patient Characteristics Option"),
    Option.RETAIN_DEVICE_IDENTITY: ("113109", "Retain Device Identity Option"),
    Option.RETAIN_SAFE_PRIVATE: ("113111", "Retain Safe Private Option"),
}


def _in_order(given: tuple[Option, ...]) -> tuple[Option, ...]:
    return tuple(option for option in Option if option in given)


class Deidentification(Message):
    """Of which study, and how: what the DICOM Server finds in the sealed claim of a viewer token.

    `key` is the secret of the grant, from which mapped UIDs and shifted dates follow: the same grant always gives the
    same ones. `pseudonym` takes the place of the patient's name and ID.
    """

    study_instance_uid: Uid
    key: Annotated[str, Field(min_length=64, max_length=64, pattern=r"^[0-9a-f]{64}$", repr=False)]
    pseudonym: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9]([A-Za-z0-9 ._-]{0,62}[A-Za-z0-9])?$")]
    options: Annotated[tuple[Option, ...], Field(max_length=len(Option)), AfterValidator(_in_order)] = ()

    @property
    def mapped_study_instance_uid(self) -> str:
        """What the browser knows the study by."""
        return map_uid(self.key, self.study_instance_uid)


class SealBroken(ValueError):
    """What was sealed cannot be opened with this key, or was sealed for another server or study."""


def map_uid(key: str, uid: str) -> str:
    """The UID that stands for `uid` under the grant's key: a UUID-derived one (PS3.5 B.2) of 128 bits of an HMAC.

    UIDs that the standard defines, such as those of SOP classes and transfer syntaxes, are never to be mapped.
    """
    return f"2.25.{int.from_bytes(_derived(key, _UID_LABEL + uid.encode())[:16])}"


def days_shifted(key: str) -> int:
    """By how many days dates are moved into the past under the grant's key, so that intervals stay as they are."""
    span = MAX_DAYS_SHIFTED - MIN_DAYS_SHIFTED + 1
    return MIN_DAYS_SHIFTED + int.from_bytes(_derived(key, _DAYS_LABEL)[:16]) % span


def seal(deidentification: Deidentification, public_key: str, *, audience: str) -> str:
    """The text that goes into a token for the server `audience`, which alone opens it with its sealing key.

    `public_key` is the `sealing_key` of the server's heartbeat. Raises wire.keys.InvalidKey.
    """
    info = _info(audience, deidentification.mapped_study_instance_uid)
    plain = deidentification.model_dump_json().encode()
    try:
        return base64url(_SUITE.encrypt(plain, parse_sealing_key(public_key), info=info))
    except InvalidKey:
        raise
    except ValueError as error:
        raise InvalidKey("Nothing can be sealed with this public key.") from error


def unseal(sealed: str, private_key: X25519PrivateKey, *, audience: str, study_instance_uid: str) -> Deidentification:
    """What was sealed for the server `audience` in a token of the mapped `study_instance_uid`. Raises SealBroken."""
    try:
        data = base64.b64decode(sealed.encode("ascii") + b"=" * (-len(sealed) % 4), altchars=b"-_", validate=True)
        plain = _SUITE.decrypt(data, private_key, info=_info(audience, study_instance_uid))
        deidentification = Deidentification.model_validate_json(plain)
    except (InvalidTag, UnicodeEncodeError, binascii.Error) as error:
        raise SealBroken("What was sealed does not open with this key for this server and study.") from error
    except ValidationError as error:
        raise SealBroken("What was sealed is no de-identification.") from error
    if deidentification.mapped_study_instance_uid != study_instance_uid:
        raise SealBroken("What was sealed is of another study.")
    return deidentification


def _derived(key: str, message: bytes) -> bytes:
    return hmac.digest(bytes.fromhex(key), message, hashlib.sha256)


def _info(audience: str, study_instance_uid: str) -> bytes:
    """What both sides must agree on; no part can hold the separator."""
    return b"\0".join((_PURPOSE, audience.encode(), study_instance_uid.encode()))

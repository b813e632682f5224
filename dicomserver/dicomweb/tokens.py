"""Checks tokens with the portal's keys alone; a viewer token that was good is remembered until it expires."""

import hashlib
import threading
from collections import OrderedDict
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Final

from django.conf import settings

from dicomserver.dicomweb.deidentified.disguise import Disguise
from dicomserver.identity import Identity, IdentityReader
from wire import errands, tokens
from wire.claims import TokenInvalid
from wire.deidentification import SealBroken, unseal
from wire.errands import ErrandClaims
from wire.tokens import ViewerClaims

MAX_REMEMBERED: Final = 4096


class TokenGate:
    """The tokens that one server believes, for one process."""

    def __init__(self, home: Path) -> None:
        self._reader = IdentityReader(home)
        self._lock = threading.Lock()
        self._identity: Identity | None = None
        # By digest: looking up a secret must take no time that tells how much of it was right.
        self._good: OrderedDict[bytes, ViewerClaims] = OrderedDict()
        # By mapped study and what was sealed, which only a good token brings here.
        self._disguises: OrderedDict[tuple[str, str], Disguise] = OrderedDict()

    def identity(self) -> Identity:
        """Who this server is. Raises identity.IdentityError."""
        return self._reader.current()

    def verify(self, token: str) -> ViewerClaims:
        """The claims of a good token. Raises wire.claims.TokenRefused and identity.IdentityError."""
        identity = self._reader.current()
        digest = hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
        now = datetime.now(UTC)
        with self._lock:
            if identity is not self._identity:
                # Other keys may be believed now.
                self._good.clear()
                self._disguises.clear()
                self._identity = identity
            claims = self._good.get(digest)
        if claims is not None and claims.exp > now.timestamp():
            return claims
        claims = tokens.verify(token, identity.portal_keys, str(identity.server_id), now)
        with self._lock:
            if identity is self._identity:
                self._good[digest] = claims
                while len(self._good) > MAX_REMEMBERED:
                    self._good.popitem(last=False)
        return claims

    def verify_errand(self, token: str) -> ErrandClaims:
        """The claims of a good errand token. Raises wire.claims.TokenRefused and identity.IdentityError."""
        identity = self._reader.current()
        return errands.verify(token, identity.portal_keys, str(identity.server_id), datetime.now(UTC))

    def disguise(self, claims: ViewerClaims) -> Disguise | None:
        """How the answers to a good token are disguised; None where they are not.

        Raises wire.claims.TokenInvalid where what was sealed cannot be opened, and identity.IdentityError.
        """
        if claims.deidentification is None:
            return None
        identity = self._reader.current()
        key = claims.study_instance_uid, claims.deidentification
        with self._lock:
            known = self._disguises.get(key)
        if known is not None:
            return known
        disguise = _unsealed(claims, claims.deidentification, identity)
        with self._lock:
            if identity is self._identity:
                self._disguises[key] = disguise
                while len(self._disguises) > MAX_REMEMBERED:
                    self._disguises.popitem(last=False)
        return disguise


def _unsealed(claims: ViewerClaims, sealed: str, identity: Identity) -> Disguise:
    if identity.sealing_key is None:
        raise TokenInvalid("This server has no sealing key yet.", claims)
    try:
        opened = unseal(
            sealed,
            identity.sealing_key,
            audience=str(identity.server_id),
            study_instance_uid=claims.study_instance_uid,
        )
    except SealBroken as error:
        raise TokenInvalid("What the token has sealed cannot be opened.", claims) from error
    return Disguise(opened)


def token_gate() -> TokenGate:
    """The gate of this process."""
    return _gate_of(settings.DICOM_SERVER_HOME)


@lru_cache(maxsize=4)
def _gate_of(home: Path) -> TokenGate:
    return TokenGate(home)

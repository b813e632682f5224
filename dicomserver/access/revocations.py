"""Decides whether a token was revoked, from memory that is a few seconds old at most."""

import threading
import time
from datetime import datetime
from typing import Final

from django.utils import timezone

from dicomserver.access.models import EVERY_STUDY
from dicomserver.access.selectors import revocations_since
from wire.claims import CLOCK_SKEW, MAX_LIFETIME
from wire.errands import ErrandClaims
from wire.tokens import ViewerClaims

REFRESH_SECONDS: Final = 2.0
# A token that was issued before an older revocation has expired by itself, however the clocks differ.
RELEVANT: Final = MAX_LIFETIME + 10 * CLOCK_SKEW


class RevocationList:
    """The revocations in force, for one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._revoked: dict[tuple[str, str], datetime] = {}
        self._read_at: float | None = None

    def revokes(self, claims: ViewerClaims | ErrandClaims, original_study_instance_uid: str | None = None) -> bool:
        """Whether the token was issued before the access of its person, or theirs to its study, was revoked.

        Of a de-identified token, by the mapped UID that it names or by the original, which the portal revokes.
        """
        with self._lock:
            now = time.monotonic()
            if self._read_at is None or now - self._read_at >= REFRESH_SECONDS:
                self._revoked = revocations_since(timezone.now() - RELEVANT)
                self._read_at = now
            named = (claims.study_instance_uid, original_study_instance_uid)
            studies = {EVERY_STUDY, *(study for study in named if study)}
            revoked = [self._revoked[key] for study in studies if (key := (claims.sub, study)) in self._revoked]
        # `iat` is cut to the second: a token of the same second is refused, and the viewer fetches another.
        return any(claims.issued_at <= revoked_at for revoked_at in revoked)

    def forget(self) -> None:
        """Read the list again at the next question."""
        with self._lock:
            self._read_at = None

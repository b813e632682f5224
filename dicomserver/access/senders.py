"""Knows the machines that may store by STOW-RS: made and disabled by commands, recognised from memory."""

import hashlib
import re
import secrets
import threading
import time
from typing import Final

from django.db import transaction
from django.utils import timezone

from dicomserver.access.models import Sender

REFRESH_SECONDS: Final = 2.0
# Tells a person, and a scanner for leaked secrets, what it is.
TOKEN_PREFIX: Final = "stow_"  # noqa: S105 - the part that is not secret
TOKEN_BYTES: Final = 32

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,63}")
# PS3.5 Table 6.2-1, AE: no backslash, no control characters, not only spaces.
_AE_TITLE: Final = re.compile(r"(?! )[ -\[\]-~]{1,16}(?<! )")


class SenderError(ValueError):
    """The command cannot be carried out; the message says why."""


def add_sender(name: str, *, ae_title: str = "") -> str:
    """Let a machine store; returns its token, which nobody can show again. Raises SenderError.

    A name that was removed may be given again: with a new token, the old one stays refused.
    """
    if not _NAME.fullmatch(name):
        raise SenderError("A name has 1 to 64 letters, digits, spaces, dots, hyphens or underscores.")
    if ae_title and not _AE_TITLE.fullmatch(ae_title):
        raise SenderError("An AE title has 1 to 16 printable ASCII characters, without a backslash or spaces around.")
    token = TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    values = {"token_sha256": _digest(token), "ae_title": ae_title, "created_at": timezone.now(), "disabled_at": None}
    with transaction.atomic():
        sender, is_new = Sender.objects.select_for_update().get_or_create(name=name, defaults=values)
        if not is_new:
            if sender.disabled_at is None:
                raise SenderError(f"There is a sender {name!r} already. Remove it first to give it another token.")
            Sender.objects.filter(pk=sender.pk).update(**values)
    return token


def remove_sender(name: str) -> None:
    """Refuse a machine's token from now on, within seconds in all processes. Raises SenderError."""
    with transaction.atomic():
        if not Sender.objects.filter(name=name, disabled_at=None).update(disabled_at=timezone.now()):
            raise SenderError(f"There is no sender {name!r}.")


class SenderList:
    """The senders of this server, for one process, from memory that is a few seconds old at most."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_digest: dict[str, Sender] = {}
        self._read_at: float | None = None

    def find(self, token: str) -> Sender | None:
        """Whose token it is, also where that sender was disabled. Raises django.db.DatabaseError."""
        digest = _digest(token)
        with self._lock:
            now = time.monotonic()
            if self._read_at is None or now - self._read_at >= REFRESH_SECONDS:
                self._by_digest = {sender.token_sha256: sender for sender in Sender.objects.all()}
                self._read_at = now
            # By digest: the time that it takes tells nothing of the tokens that are good.
            return self._by_digest.get(digest)

    def forget(self) -> None:
        """Read the list again at the next question."""
        with self._lock:
            self._read_at = None


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()

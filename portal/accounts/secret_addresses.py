"""Keeps the secrets that stand in addresses of letters and share links out of the log, whatever writes the address."""

import logging
import re
from typing import Final

# The part of the address that whoever reads it could open: links to share, to join, and to set a password.
_SECRET: Final = re.compile(r"(/(?:share|invitations|accounts/password/reset/[^/\s]+)/)[^/\s?\"']{16,}")


class SecretAddressFilter(logging.Filter):
    """Leaves the secret out of the message of a record; every record passes."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return True."""
        message = record.getMessage()
        shown = without_secrets(message)
        if shown != message:
            record.msg, record.args = shown, ()
        return True


def without_secrets(text: str) -> str:
    """The text, in which addresses show where they lead but not what opens them."""
    return _SECRET.sub(r"\1(left out)", text)

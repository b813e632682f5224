"""What this server needs to do its work, looked at one by one."""

import os
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.db import DatabaseError

from dicomserver.archive import Archive, ArchiveError
from dicomserver.dicomweb.selectors import study_revision
from dicomserver.identity import IdentityError, load_identity

OK: Final = "ok"


def readiness() -> dict[str, str]:
    """Each check's outcome: "ok", or what is wrong and what to do."""
    return {name: check() for name, check in _CHECKS.items()}


def _database() -> str:
    try:
        study_revision("")
    except DatabaseError:
        return "The database does not answer, or lacks its tables: start it, or run `python -m dicomserver migrate`."
    return OK


def _archive() -> str:
    archive = Archive(settings.DICOM_SERVER_HOME)
    if all(os.access(folder, os.R_OK | os.W_OK | os.X_OK) for folder in (archive.root, archive.incoming)):
        return OK
    return "The archive's folders are missing or cannot be written: look at DICOM_SERVER_HOME and its owner."


def _disk() -> str:
    try:
        Archive(settings.DICOM_SERVER_HOME, settings.ARCHIVE_RESERVE_BYTES).require_space()
    except ArchiveError as error:
        return str(error)
    return OK


def _identity() -> str:
    try:
        load_identity(settings.DICOM_SERVER_HOME)
    except IdentityError as error:
        return str(error)
    return OK


_CHECKS: Final[dict[str, Callable[[], str]]] = {
    "database": _database,
    "archive": _archive,
    "disk": _disk,
    "identity": _identity,
}

"""What a DICOM Server says keeps it from storing, in the words of the console."""

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from wire.heartbeats import Trouble


@dataclass(frozen=True)
class TroubleWords:
    """Two words for the card, and the cause in a sentence."""

    short: str | Promise
    cause: str | Promise


_DATABASE: Final = gettext_lazy("Database")

WORDS: Final = {
    Trouble.ARCHIVE_FULL: TroubleWords(
        gettext_lazy("Disk full"), gettext_lazy("The archive's disk has no room beyond its reserve.")
    ),
    Trouble.ARCHIVE_NO_INODES: TroubleWords(
        gettext_lazy("Disk full"), gettext_lazy("The archive's disk can take no more files: it has no inodes left.")
    ),
    Trouble.ARCHIVE_READ_ONLY: TroubleWords(
        gettext_lazy("Disk read-only"),
        gettext_lazy("The archive is read-only. After an error of the disk the system does that by itself."),
    ),
    Trouble.ARCHIVE_NO_PERMISSION: TroubleWords(
        gettext_lazy("No permission"), gettext_lazy("The server may not write to the folders of its archive.")
    ),
    Trouble.ARCHIVE_MISSING: TroubleWords(
        gettext_lazy("Disk missing"), gettext_lazy("The folders of the archive are not there: is its disk mounted?")
    ),
    Trouble.ARCHIVE_FAILING: TroubleWords(
        gettext_lazy("Disk fails"), gettext_lazy("The archive's disk answers with errors.")
    ),
    Trouble.DATABASE_FULL: TroubleWords(_DATABASE, gettext_lazy("The disk of the server's database is full.")),
    Trouble.DATABASE_READ_ONLY: TroubleWords(_DATABASE, gettext_lazy("The server's database is read-only.")),
    Trouble.DATABASE_FAILING: TroubleWords(
        _DATABASE, gettext_lazy("The disk of the server's database answers with errors.")
    ),
    Trouble.INSTANCES_WAIT: TroubleWords(
        gettext_lazy("Images wait"), gettext_lazy("Images were received, but the server cannot add them to its index.")
    ),
}


def is_refusing(troubles: list[str]) -> bool:
    """Whether the server refuses new images; with trouble of its database it keeps them for later."""
    return any(trouble.startswith("archive_") for trouble in troubles)


def is_about_room(troubles: list[str]) -> bool:
    """Whether one of them says already that the archive's disk is full."""
    return Trouble.ARCHIVE_FULL.value in troubles


def words_of(troubles: list[str]) -> TroubleWords:
    """The words for the first of these troubles."""
    return WORDS[Trouble(troubles[0])]

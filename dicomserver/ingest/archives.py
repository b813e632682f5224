"""The archive of this server, as its settings name it."""

from django.conf import settings

from dicomserver.archive import Archive


def configured_archive() -> Archive:
    """The archive in DICOM_SERVER_HOME; cheap, so that a change of settings is followed."""
    return Archive(
        settings.DICOM_SERVER_HOME, settings.ARCHIVE_RESERVE_BYTES, direct_writes=settings.ARCHIVE_DIRECT_WRITES
    )

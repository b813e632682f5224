"""Runs the DIMSE server until it is told to stop."""

import logging
import signal
import threading
from types import FrameType
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from dicomserver.archive import ArchiveError
from dicomserver.ingest.archives import configured_archive
from dicomserver.scp.server import ScpOptions, ScpServer

logger = logging.getLogger(__name__)

GRACE_SECONDS: Final = 10.0


class Command(BaseCommand):
    """python -m dicomserver run_scp."""

    help = "Receive instances by DICOM (C-ECHO, C-STORE) until SIGTERM or SIGINT."
    # The server starts, and refuses for the time being, while its database is away.
    requires_system_checks = []

    def handle(self, *_arguments: Any, **_options: Any) -> None:
        """Listen, wait for a signal, stop."""
        stop = threading.Event()

        def on_signal(_number: int, _frame: FrameType | None) -> None:
            stop.set()

        archive = configured_archive()
        try:
            archive.prepare()
            server = ScpServer(options_from_settings(), archive)
        except ArchiveError as error:
            raise CommandError(f"{error} See DICOM_SERVER_HOME.") from error
        except OSError as error:
            raise CommandError(
                f"Cannot listen on {settings.DICOM_HOST}:{settings.DICOM_PORT}: {error.strerror}. "
                "Stop what uses the port, or set DICOM_PORT."
            ) from error
        signal.signal(signal.SIGTERM, on_signal)
        signal.signal(signal.SIGINT, on_signal)
        server.start()
        logger.info(
            "Listening for DICOM",
            extra={
                "ae_title": settings.DICOM_AE_TITLE,
                "host": settings.DICOM_HOST,
                "port": server.port,
            },
        )
        stop.wait()
        aborted = server.stop(GRACE_SECONDS)
        logger.info("Stopped listening for DICOM", extra={"aborted_associations": aborted})


def options_from_settings() -> ScpOptions:
    """The server's options as the operator set them."""
    return ScpOptions(
        ae_title=settings.DICOM_AE_TITLE,
        host=settings.DICOM_HOST,
        port=settings.DICOM_PORT,
        allowed_calling_ae_titles=tuple(settings.ALLOWED_CALLING_AE_TITLES),
        accept_any_called_ae_title=settings.ACCEPT_ANY_CALLED_AE_TITLE,
        maximum_associations=settings.MAXIMUM_ASSOCIATIONS,
        additional_storage_sop_classes=tuple(settings.ADDITIONAL_STORAGE_SOP_CLASSES),
    )

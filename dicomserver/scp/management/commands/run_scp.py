"""Runs the DIMSE server until it is told to stop."""

import logging
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from dicomserver.archive import ArchiveError
from dicomserver.ingest.archives import configured_archive
from dicomserver.scp.server import ScpOptions, open_doors
from dicomserver.scp.workers import Workers
from dicomserver.tls import TlsError

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    """python -m dicomserver run_scp."""

    help = "Receive instances by DICOM (C-ECHO, C-STORE) until SIGTERM or SIGINT."
    # The server starts, and refuses for the time being, while its database is away.
    requires_system_checks = []

    def handle(self, *_arguments: Any, **_options: Any) -> None:
        """Listen, hand connections to the workers, stop at a signal."""
        archive = configured_archive()
        options = options_from_settings()
        try:
            archive.prepare()
            if options.tls_port is not None:
                options.tls()
            doors = open_doors(options)
        except ArchiveError as error:
            raise CommandError(f"{error} See DICOM_SERVER_HOME.") from error
        except TlsError as error:
            raise CommandError(f"DICOM_TLS_PORT is set, but TLS cannot be spoken: {error}") from error
        except OSError as error:
            ports = " or ".join(str(port) for port in (options.port, options.tls_port) if port is not None)
            raise CommandError(
                f"Cannot listen on {options.host}:{ports}: {error.strerror}. "
                "Stop what uses the port, or set DICOM_PORT and DICOM_TLS_PORT."
            ) from error
        logger.info(
            "Listening for DICOM",
            extra={
                "ae_title": options.ae_title,
                "host": options.host,
                "port": next(door.port for door in doors if not door.is_tls),
                "tls_port": next((door.port for door in doors if door.is_tls), None),
                "processes": settings.DICOM_PROCESSES,
            },
        )
        Workers(doors, options, archive, settings.DICOM_PROCESSES).run()
        logger.info("Stopped listening for DICOM")


def options_from_settings() -> ScpOptions:
    """The server's options as the operator set them."""
    return ScpOptions(
        ae_title=settings.DICOM_AE_TITLE,
        host=settings.DICOM_HOST,
        port=settings.DICOM_PORT,
        tls_port=settings.DICOM_TLS_PORT or None,
        allowed_calling_ae_titles=tuple(settings.ALLOWED_CALLING_AE_TITLES),
        accept_any_called_ae_title=settings.ACCEPT_ANY_CALLED_AE_TITLE,
        maximum_associations=settings.MAXIMUM_ASSOCIATIONS,
        additional_storage_sop_classes=tuple(settings.ADDITIONAL_STORAGE_SOP_CLASSES),
    )

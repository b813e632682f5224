"""Listens for HL7 until it is told to stop."""

import logging
import signal
import threading
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from dicomserver.hl7.handling import handle
from dicomserver.hl7.listener import Listener

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    """python -m dicomserver run_hl7."""

    help = "Take orders and changes of patients by HL7 version 2 over MLLP until SIGTERM or SIGINT."
    # The server starts, and refuses for the time being, while its database is away.
    requires_system_checks = []

    def handle(self, *_arguments: Any, **_options: Any) -> None:
        """Listen, answer, stop at a signal."""
        if not settings.HL7_PORT:
            raise CommandError("HL7 is switched off. Set HL7_PORT, such as 2575.")
        try:
            ZoneInfo(settings.HL7_TIME_ZONE)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise CommandError("HL7_TIME_ZONE names no time zone. Set it to one such as Europe/Chisinau.") from error
        address = (settings.HL7_HOST, settings.HL7_PORT)
        try:
            listener = Listener(address, settings.HL7_ALLOWED_ADDRESSES, handle, on_end=connections.close_all)
        except ValueError as error:
            raise CommandError(f"HL7_ALLOWED_ADDRESSES holds what is no address or network: {error}.") from error
        except OSError as error:
            raise CommandError(
                f"Cannot listen on {settings.HL7_HOST}:{settings.HL7_PORT}: {error.strerror}. "
                "Stop what uses the port, or set HL7_PORT."
            ) from error
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        thread = threading.Thread(target=listener.run, name="hl7", daemon=True)
        thread.start()
        logger.info("Listening for HL7", extra={"host": settings.HL7_HOST, "port": listener.port})
        stopping.wait()
        listener.stop()
        thread.join(5)
        logger.info("Stopped listening for HL7")

"""Keeps what a process knows of the peers fresh, so that an association asks its memory and never the database."""

import logging
import threading
from typing import Final

from django.db import DatabaseError, connection

from dicomserver.access.peers import REFRESH_SECONDS, known_peers

logger = logging.getLogger(__name__)

WATCH_SECONDS: Final = REFRESH_SECONDS / 2


class PeerWatch:
    """A thread with a database connection of its own, which is kept while it works."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="peer-watch", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """End; harmless where it never began."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=WATCH_SECONDS)

    def _run(self) -> None:
        is_away = False
        while True:
            try:
                known_peers.refresh()
                is_away = False
            except DatabaseError as error:
                if not is_away:
                    logger.warning("The peers cannot be read: %s", type(error).__name__)
                is_away = True
                connection.close()
            except Exception:
                logger.exception("The peers cannot be read")
                connection.close()
            if self._stop.wait(WATCH_SECONDS):
                connection.close()
                return

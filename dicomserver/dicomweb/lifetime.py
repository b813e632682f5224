"""Ends a worker whose server was killed: left alone it would hold the port and serve an old state for ever."""

import os
import signal
import threading
import time
from typing import Final

LOOK_SECONDS: Final = 1.0
GRACE_SECONDS: Final = 5.0


def end_with_parent() -> None:
    """Watch the process that started this one, and end soon after it."""
    threading.Thread(target=_watch, args=(os.getppid(),), name="parent-watch", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)

"""Real processes of the server for tests: the same database, a home and Redis of the test's own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from django.conf import settings
from django.db import connection

from tests.dicomserver.objects import PROJECT


def database_url() -> str:
    """Where this test's database is, for another process."""
    values = connection.settings_dict
    address = f"{values['USER']}:{values['PASSWORD']}@:{values['PORT']}/{values['NAME']}"
    return f"postgresql://{address}?host={values['HOST']}"


class ServerProcess:
    """`python -m dicomserver COMMAND` with the settings of the demo; what it logs goes to a file."""

    def __init__(self, command: str, home: Path, **changes: str) -> None:
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "dicomserver.settings.development",
            "DATABASE_URL": database_url(),
            "REDIS_URL": settings.REDIS_URL,
            "STATE_DIR": str(home.parent / "state"),
            "DICOM_SERVER_HOME": str(home),
            "PORTAL_ORIGIN": ",".join(settings.PORTAL_ORIGINS),
            "PORTAL_URL": settings.PORTAL_URL,
            **changes,
        }
        self.log = home.parent / f"{command}.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "dicomserver", command], cwd=PROJECT, env=environment, stdout=log, stderr=log
            )

    def stop(self, number: int = signal.SIGTERM, seconds: float = 15) -> int:
        """Send the signal and wait; returns the exit status."""
        self.process.send_signal(number)
        try:
            return self.process.wait(seconds)
        finally:
            self.process.kill()
            self.process.wait()

"""The command line of the DICOM Server on a database without its tables."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from tests.dicomserver.objects import PROJECT
from tests.dicomserver.processes import database_url


@pytest.mark.django_db
@pytest.mark.parametrize("command", [["list_peers"], ["delete_study", "1.2.3", "--reason", "Wrong patient"]])
def test_a_command_on_a_database_without_tables_says_what_to_run(tmp_path: Path, command: list[str]) -> None:
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "dicomserver.settings.development",
        # Of this database what lies in a schema that nobody made: nothing.
        "DATABASE_URL": f"{database_url()}&options=-csearch_path%3Dnowhere",
        "REDIS_URL": settings.REDIS_URL,
        "STATE_DIR": str(tmp_path / "state"),
        "DICOM_SERVER_HOME": str(tmp_path / "home"),
    }
    line = [sys.executable, "-m", "dicomserver", *command]
    done = subprocess.run(line, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("The database is not of this version: relation ")
    assert done.stderr.endswith("Run `python -m dicomserver migrate`, then this again.\n")
    assert done.stderr.count("\n") == 1

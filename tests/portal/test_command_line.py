"""The command line of the portal on a database without its tables."""

import subprocess
import sys
from pathlib import Path

import pytest

from runtime import env

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "command", [["create_institution", "x", "Hospital X", "X"], ["create_enrolment_code", "x", "Server X"]]
)
def test_a_command_on_a_database_without_tables_says_what_to_run(tmp_path: Path, command: list[str]) -> None:
    url = env.text("DATABASE_URL")
    environment = env.inherited(
        {
            "DJANGO_SETTINGS_MODULE": "portal.settings.development",
            "STATE_DIR": str(tmp_path),
            # Of this database what lies in a schema that nobody made: nothing.
            "DATABASE_URL": f"{url}{'&' if '?' in url else '?'}options=-csearch_path%3Dnowhere",
            "REDIS_URL": env.text("REDIS_URL"),
        }
    )
    line = [sys.executable, "manage.py", *command]
    done = subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("The database is not of this version: relation ")
    assert done.stderr.endswith("Run `python manage.py migrate`, then this again.\n")

"""The commands of a DICOM Server for tests, without the second that Python and Django take to start for each.

Run as a program, it is the process that has loaded all of them: it forks for each command, so that each one still is a
process of its own that nothing before it has touched. It ends when its standard input does.
"""

import atexit
import json
import os
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import BinaryIO, NoReturn

import django
from django.core.management import call_command, get_commands, load_command_class
from django.db import connections

ROOT = Path(__file__).resolve().parents[1]
STOP_SECONDS = 20


class CommandLine:
    """`python -m dicomserver …` of one server, in its environment."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._lock = threading.Lock()
        # Linear algebra would have threads, and a process that forks should have no other.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.operating"],
            cwd=ROOT,
            env={**environment, "OPENBLAS_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        atexit.register(self.close)

    @property
    def is_open(self) -> bool:
        """Whether commands can be run."""
        return self._process.poll() is None

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """What the command printed, and how it ended."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        with self._lock:
            stdin.write(json.dumps(arguments) + "\n")
            stdin.flush()
            answer = stdout.readline()
        assert answer, "the process that runs the commands has ended"
        return subprocess.CompletedProcess(arguments, **json.loads(answer))

    def close(self) -> None:
        """End the process. Harmless where it has ended."""
        atexit.unregister(self.close)
        try:
            self._process.communicate(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()


def load() -> None:
    """Have in memory what the commands need, and no connection to anything."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dicomserver.settings.development")
    django.setup()
    for name, app in get_commands().items():
        if isinstance(app, str) and app.startswith("dicomserver"):
            load_command_class(app, name)
    # The checks that come before each command load the rest.
    call_command("check", stdout=StringIO())
    connections.close_all()


def become(arguments: list[str], stdout: BinaryIO, stderr: BinaryIO) -> NoReturn:
    """Run the command in this process, which ends with it."""
    # It brings the server's settings with it, which no test has.
    from dicomserver.__main__ import main

    with Path(os.devnull).open("rb") as nothing:
        for file, descriptor in ((nothing, 0), (stdout, 1), (stderr, 2)):
            os.dup2(file.fileno(), descriptor)
    status = 1
    try:
        sys.argv = ["dicomserver", *arguments]
        main()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - what the interpreter itself would do
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def run_forked(arguments: list[str]) -> dict[str, str | int]:
    """What a command printed in a process of its own, and how that ended."""
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        pid = os.fork()
        if pid == 0:
            become(arguments, stdout, stderr)
        _, status = os.waitpid(pid, 0)
        for file in (stdout, stderr):
            file.seek(0)
        return {
            "returncode": os.waitstatus_to_exitcode(status),
            "stdout": stdout.read().decode(errors="replace"),
            "stderr": stderr.read().decode(errors="replace"),
        }


def main() -> None:
    """Answer each line of arguments with a line of what came of it."""
    # The answers' own way out: nothing that a library prints is taken for one of them.
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)
        load()
        for line in sys.stdin:
            print(json.dumps(run_forked(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()

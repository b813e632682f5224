"""One whole DICOM Server as in production: its own PostgreSQL and Redis, and a supervisor that starts what died."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psycopg
import redis
import requests

from runtime.embedded import PostgresServer, RedisServer, foreground_command
from runtime.leftovers import processes_in, processes_marked
from runtime.processes import Program
from tests.demonstration import ROOT, wait_until
from tests.dicomserver.portal_double import CODE
from tests.torture.sender import CALLED_AE_TITLE
from tests.torture.storage_scu import Interrupted, StorageAssociation

DATABASE = "dicomserver"
PROGRAMS = ("scp", "web", "worker", "beat")
STORES = ("postgres", "redis")
VERIFICATION = ("1.2.840.10008.1.1", "1.2.840.10008.1.2")
QUIET_SECONDS = "2"
UP_SECONDS = 60
STOP_SECONDS = 60


class TorturedServer:
    """The server of a folder; `start` and `stop` are the operator's, `pids` is for whoever kills."""

    def __init__(self, directory: Path, portal_url: str) -> None:
        self.directory = directory
        self.home = directory / "home"
        self.dicom_port, self.web_port = free_ports(2)
        self.portal_url = portal_url
        self.stow_token = ""
        self._postgres, self._redis = PostgresServer(directory), RedisServer(directory)
        self._supervisor: subprocess.Popen[bytes] | None = None
        self.environment: dict[str, str] = {}

    def prepare(self) -> None:
        """Make the database, enrol with the portal, and let a sender in by STOW-RS."""
        with self.stores():
            self.environment = {
                "DJANGO_SETTINGS_MODULE": "dicomserver.settings.development",
                "STATE_DIR": str(self.directory / "state"),
                "DICOM_SERVER_HOME": str(self.home),
                "DICOM_AE_TITLE": CALLED_AE_TITLE,
                "DICOM_PORT": str(self.dicom_port),
                "DICOMWEB_PORT": str(self.web_port),
                "PORTAL_URL": self.portal_url,
                "PORTAL_ORIGIN": self.portal_url,
                "STUDY_QUIET_SECONDS": QUIET_SECONDS,
                "HEARTBEAT_SECONDS": "2",
                "DATABASE_URL": self._postgres.url(DATABASE),
                "REDIS_URL": self._redis.url(),
                "DEBUG": "false",
            }
            self.command("migrate", "--no-input")
            self.command("enrol", "--portal", self.portal_url, "--code", CODE)
            self.stow_token = self.command("add_sender", "torture").stdout.strip()

    @contextmanager
    def stores(self) -> Iterator[None]:
        """Run PostgreSQL and Redis alone."""
        with self._postgres, self._redis:
            yield

    def command(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command of the server to its end."""
        result = subprocess.run(
            [sys.executable, "-m", "dicomserver", *arguments],
            cwd=ROOT,
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert not check or result.returncode == 0, f"{arguments}: {result.stdout}{result.stderr}"
        return result

    def start(self) -> None:
        """Start everything, and wait until all of it answers."""
        configuration = self.directory / "programs.json"
        configuration.write_text(json.dumps([asdict(program) for program in self._programs()], default=str))
        with (self.directory / "supervisor.log").open("ab") as log:
            self._supervisor = subprocess.Popen(
                [sys.executable, "-m", "tests.torture.supervise", str(configuration)],
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )
        self.wait_until_up()

    def stop(self) -> None:
        """Stop everything as an operator does."""
        if self._supervisor is not None:
            self._supervisor.send_signal(signal.SIGTERM)
            assert self._supervisor.wait(STOP_SECONDS) == 0
            self._supervisor = None

    def remove(self) -> None:
        """Remove all that it wrote."""
        subprocess.run([sys.executable, "-m", "runtime.embedded", "forget", str(self.directory)], cwd=ROOT, check=True)
        shutil.rmtree(self.directory)

    def wait_until_up(self) -> None:
        """Wait until everything answers."""
        wait_until(self.is_up, UP_SECONDS, f"all of the server is up (see {self.directory / 'processes' / 'logs'})")

    def is_up(self) -> bool:
        """Whether everything answers."""
        return (
            all(self.pids(name) for name in (*PROGRAMS, *STORES))
            and self._redis_answers()
            and self._web_answers()
            and self._scp_answers()
        )

    def pids(self, name: str) -> list[int]:
        """The processes of a program, its first one first."""
        if name == "postgres":
            found = processes_in(self._postgres.data, "postgres")
        elif name == "redis":
            found = processes_in(self._redis.data, "redis-server")
        elif name in PROGRAMS:
            found = processes_marked(f"{self.directory / 'processes'}:{name}:")
        else:
            return []
        inside = set(found)
        return sorted(found, key=lambda pid: (parent_of(pid) in inside, pid))

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows that the statement finds."""
        with psycopg.connect(self.environment["DATABASE_URL"], connect_timeout=10) as connection:
            return connection.execute(statement.encode()).fetchall()

    def _programs(self) -> list[Program]:
        addresses = [f"127.0.0.1:{server.required_state()['port']}" for server in (self._postgres, self._redis)]
        kinds = (PostgresServer, RedisServer)
        programs = [
            Program(kind.kind, foreground_command(kind, self.directory), priority=10, stop_seconds=60) for kind in kinds
        ]
        for name in PROGRAMS:
            command = [sys.executable, "-m", "dicomserver", f"run_{name}"]
            programs.append(Program(name, command, self.environment, directory=ROOT, needs=addresses))
        return programs

    def _redis_answers(self) -> bool:
        client = redis.Redis.from_url(self.environment["REDIS_URL"], socket_timeout=2)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()

    def _web_answers(self) -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{self.web_port}/health/ready", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def _scp_answers(self) -> bool:
        address = ("127.0.0.1", self.dicom_port)
        try:
            with StorageAssociation(address, [VERIFICATION], calling="PROBE", called=CALLED_AE_TITLE) as assoc:
                assoc.release()
        except Interrupted:
            return False
        return True


def parent_of(pid: int) -> int:
    """The parent's process id, 0 where the process is gone."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def free_ports(count: int) -> list[int]:
    """Ports that nobody has, below those that the kernel gives to outgoing connections."""
    found: list[int] = []
    for port in range(20000 + os.getpid() % 8000, 32000):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                found.append(port)
        if len(found) == count:
            return found
    raise AssertionError("no free ports")

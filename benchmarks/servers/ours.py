"""Our DICOM Server as the product starts it: all its processes, in a fresh home, with durable stores."""

from __future__ import annotations

import http.client
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from benchmarks.plans import RoundVoid
from benchmarks.portal import CODE
from benchmarks.processes import ServerProcess, free_port, listens, stop_all, tree, wait_for_rest, wait_until
from benchmarks.workplace import Workplace
from runtime import env
from runtime.processes import PROJECT_ROOT

AE_TITLE = "BENCHMARK"
COMMAND_SECONDS = 120
PROCESSES = ("run_scp", "run_web", "run_worker", "run_beat")


class OurServer:
    """A running DICOM Server of ours, enrolled with the benchmark's portal; use it with `with`.

    `changes` are environment variables put over the defaults of the product.
    """

    def __init__(self, workplace: Workplace, place: Path, changes: Mapping[str, str] | None = None) -> None:
        self.workplace = workplace
        self.place = place
        self.home = place / "home"
        self.dicom_port, self.web_port = free_port(), free_port()
        self.database_url = ""
        self.changes = dict(changes or {})
        self.processes: list[ServerProcess] = []
        self.environment: dict[str, str] = {}

    @property
    def ae_title(self) -> str:
        """Its AE title."""
        return AE_TITLE

    @property
    def dicomweb_url(self) -> str:
        """Where it serves DICOMweb."""
        return f"http://127.0.0.1:{self.web_port}/dicomweb"

    def __enter__(self) -> Self:
        stores = self.workplace.stores
        if not stores.migrated:
            self.environment = self._environment(stores.template_url, stores.redis.url(0))
            self.command("migrate", "--no-input", "--verbosity", "0")
            stores.migrated = True
        self.database_url, redis_url = stores.fresh()
        self.environment = self._environment(self.database_url, redis_url)
        self._take_identity()
        try:
            self._start()
        except BaseException:
            stop_all(self.processes)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        stop_all(self.processes)

    def command(self, *arguments: str) -> str:
        """Run a command of the server to its end; returns what it printed. Raises RoundVoid."""
        result = subprocess.run(
            [sys.executable, "-m", "dicomserver", *arguments],
            cwd=PROJECT_ROOT,
            env=env.inherited(self.environment),
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_SECONDS,
        )
        if result.returncode:
            raise RoundVoid(f"{' '.join(arguments[:2])} failed: {result.stderr.strip()[-500:]}")
        return result.stdout

    def viewer_token(self, study_instance_uid: str) -> str:
        """A token with which a browser reads one study."""
        return self.workplace.portal.viewer_token(study_instance_uid)

    def rows(self, study_instance_uids: Sequence[str]) -> int:
        """How many instances of the studies the index has."""
        with psycopg.connect(self.database_url) as connection:
            return count_rows(connection, study_instance_uids)

    def files(self, study_instance_uids: Sequence[str]) -> tuple[int, int]:
        """How many files of the studies lie in the archive, and their bytes."""
        wanted = set(study_instance_uids)
        found = [
            path.stat().st_size
            for folder in (self.home / "archive").glob("*/*/*/*")
            if folder.name in wanted
            for path in folder.glob("*/*.dcm")
        ]
        return len(found), sum(found)

    def process_ids(self, name: str) -> list[int]:
        """A process by its command, such as run_web, and all below it."""
        return [found for one in self.processes if one.name == name for found in tree(one.process.pid)]

    def _environment(self, database_url: str, redis_url: str) -> dict[str, str]:
        return {
            "DJANGO_SETTINGS_MODULE": "dicomserver.settings.development",
            "DEBUG": "false",
            "STATE_DIR": str(self.place),
            "DICOM_SERVER_HOME": str(self.home),
            "DICOM_AE_TITLE": AE_TITLE,
            "DICOM_HOST": "127.0.0.1",
            "DICOM_PORT": str(self.dicom_port),
            "DICOMWEB_HOST": "127.0.0.1",
            "DICOMWEB_PORT": str(self.web_port),
            "DICOMWEB_PUBLIC_URL": self.dicomweb_url,
            "PORTAL_URL": self.workplace.portal.url,
            "PORTAL_ORIGIN": self.workplace.portal.url,
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            **self.changes,
        }

    def _take_identity(self) -> None:
        """Enrol once a run; later homes get a copy of the identity, as a restored server has it."""
        enrolled = self.workplace.turns / "identity"
        if enrolled.exists():
            shutil.copytree(enrolled, self.home / "identity")
            return
        self.command("enrol", "--portal", self.workplace.portal.url, "--code", CODE)
        shutil.copytree(self.home / "identity", enrolled)

    def _start(self) -> None:
        for name in PROCESSES:
            command = [sys.executable, "-m", "dicomserver", name]
            self.processes.append(ServerProcess(name, command, self.environment, self.place))
        wait_until(lambda: listens(self.dicom_port), "The start of run_scp", self.processes)
        wait_until(self._is_healthy, "The start of run_web", self.processes)
        wait_for_rest(self.processes)

    def _is_healthy(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.web_port, timeout=5)
        try:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def count_rows(connection: psycopg.Connection, study_instance_uids: Sequence[str]) -> int:
    """How many instances of the studies are in the index; the connection is left outside a transaction."""
    found = connection.execute(
        "SELECT count(*) FROM index_instance AS one JOIN index_series AS series ON series.id = one.series_id "
        "JOIN index_study AS study ON study.id = series.study_id WHERE study.study_instance_uid = ANY(%s)",
        [list(study_instance_uids)],
    ).fetchone()
    connection.rollback()
    return int(found[0]) if found else 0

"""Homes and databases for experiments: each one new and enrolled, and copied from another as a power cut leaves it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from dicomserver.archive import Archive
from tests.demonstration import ROOT, wait_until
from tests.torture.server import DATABASE, TorturedServer, free_ports
from tests.torture.traced import TracedRun

SECONDS = 20
RECOVER = (
    "from dicomserver.ingest.archives import configured_archive as archive\n"
    "from dicomserver.ingest.recovery import recover_left_over as recover\n"
    "print('recovered', recover(archive()))"
)


class Laboratory:
    """Experiments on one PostgreSQL; each has an environment with a home, ports and a database of its own."""

    def __init__(self, server: TorturedServer) -> None:
        self.server = server

    @property
    def database_port(self) -> int:
        """The port of PostgreSQL."""
        return urlsplit(self.server.environment["DATABASE_URL"]).port or 0

    def new(self, name: str) -> dict[str, str]:
        """The environment of a server that is enrolled and holds nothing."""
        home = self.server.directory / name / "home"
        home.mkdir(parents=True)
        shutil.copytree(self.server.home / "identity", home / "identity")
        Archive(home).prepare()
        dicom_port, web_port = free_ports(2)
        ports = {"DICOM_PORT": str(dicom_port), "DICOMWEB_PORT": str(web_port)}
        return {
            **self.server.environment,
            **ports,
            "DICOM_SERVER_HOME": str(home),
            "DATABASE_URL": self._copied_database(DATABASE, name.replace("-", "_")),
        }

    def after_power_cut(
        self, environment: Mapping[str, str], run: TracedRun, name: str, *, keeps_names: bool
    ) -> dict[str, str]:
        """The environment of the same server, with its database as it is and its disk as a power cut left it."""
        home = self.server.directory / name / "home"
        home.mkdir(parents=True)
        run.disk.lay_down(home, keeps_names=keeps_names)
        shutil.rmtree(home / "identity", ignore_errors=True)
        shutil.copytree(self.server.home / "identity", home / "identity")
        database = urlsplit(environment["DATABASE_URL"]).path.lstrip("/")
        url = self._copied_database(database, name.replace("-", "_"))
        return {**environment, "DICOM_SERVER_HOME": str(home), "DATABASE_URL": url}

    def recover(self, environment: Mapping[str, str]) -> int:
        """Do what a start does; returns how many instances were completed."""
        return int(self.run(environment, "shell", "-c", RECOVER).split()[-1])

    def run(self, environment: Mapping[str, str], *command: str) -> str:
        """Run a command of the server to its end; returns what it printed."""
        result = subprocess.run(
            [sys.executable, "-m", "dicomserver", *command],
            cwd=ROOT,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, f"{command}: {result.stdout}{result.stderr}"
        return result.stdout

    def _copied_database(self, source: str, name: str) -> str:
        """The URL of a new database like the source, which nobody may use meanwhile."""
        url = self.server.environment["DATABASE_URL"]
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(source))

        def is_copied() -> bool:
            try:
                with psycopg.connect(in_database(url, "postgres"), autocommit=True) as connection:
                    connection.execute(statement)
            except psycopg.errors.ObjectInUse:
                return False
            return True

        wait_until(is_copied, SECONDS, f"nobody uses the database {source} any more")
        return in_database(url, name)


def in_database(url: str, name: str) -> str:
    """The URL of another database of the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def stored_files(environment: Mapping[str, str]) -> dict[str, Path]:
    """The file of each instance that the index knows."""
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        rows = connection.execute("SELECT sop_instance_uid, relative_path FROM index_instance").fetchall()
    return {uid: Path(environment["DICOM_SERVER_HOME"]) / "archive" / path for uid, path in rows}

"""A migrated database and an identity made once, and for each test a volume with a server on it."""

import secrets
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from runtime import env
from tests.dicomserver.portal_double import PortalDouble
from tests.failures.server import SmallServer, Template, prepare, put_identity
from tests.failures.volumes import Volume, enter_own_mounts


def database_url(name: str) -> str:
    """The URL of another database on the PostgreSQL of this test run."""
    return urlunsplit(urlsplit(env.text("DATABASE_URL"))._replace(path=f"/{name}"))


def administer(statement: str) -> None:
    """Run a statement that no transaction may hold."""
    with psycopg.connect(env.text("DATABASE_URL"), autocommit=True) as connection:
        connection.execute(statement.encode())


@pytest.fixture(scope="session")
def portal() -> Iterator[PortalDouble]:
    """A portal that listens."""
    double = PortalDouble()
    double.start()
    yield double
    double.stop()


@pytest.fixture(scope="session")
def _own_mounts() -> None:
    enter_own_mounts()


@pytest.fixture(scope="session")
def template(portal: PortalDouble, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    """What each server starts from."""
    home = tmp_path_factory.mktemp("template") / "home"
    name = f"failures_{secrets.token_hex(4)}"
    administer(f"CREATE DATABASE {name}")
    token = prepare(database_url(name), home, portal)
    yield Template(name, home / "identity", token)
    administer(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def make_volume(_own_mounts: None) -> Iterator[Callable[..., Volume]]:
    """Mount volumes, which are gone after the test."""
    volumes: list[Volume] = []
    with tempfile.TemporaryDirectory(prefix="dicom-network-volume-") as folder:
        # PostgreSQL of root runs as another user, who passes through here.
        Path(folder).chmod(0o711)

        def make(mebibytes: int = 64, inodes: int = 4096) -> Volume:
            directory = Path(folder) / str(len(volumes))
            directory.mkdir(mode=0o711)
            volumes.append(Volume(directory, mebibytes, inodes))
            return volumes[-1]

        yield make
        for volume in volumes:
            volume.remove()


@pytest.fixture
def start_server(template: Template, portal: PortalDouble, tmp_path: Path) -> Iterator[Callable[..., SmallServer]]:
    """Start servers on volumes; they end with the test, before their volumes do."""
    servers: list[tuple[str, SmallServer]] = []

    def start(volume: Volume, **changes: str) -> SmallServer:
        name = f"failures_{secrets.token_hex(4)}"
        administer(f"CREATE DATABASE {name} TEMPLATE {template.database}")
        home = volume.path / "home"
        put_identity(template.identity, home)
        server = SmallServer(tmp_path, home, database_url(name), portal, template.stow_token, changes)
        servers.append((name, server))
        server.start()
        return server

    yield start
    for name, server in servers:
        server.stop()
        administer(f"DROP DATABASE {name} WITH (FORCE)")

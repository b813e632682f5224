"""A home of its own for each test of the DICOM Server, and a real server on an ephemeral port."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
from pytest_django.fixtures import Settings

from dicomserver.archive import Archive
from dicomserver.archive.intake import Intake
from tests.dicomserver.objects import SHARED_DATA

if TYPE_CHECKING:
    # Needs Django, which is set up after this file is read.
    from dicomserver.scp.server import ScpServer

# For a long search: pytest --hypothesis-profile=thorough --timeout=0 tests/dicomserver/ingest/test_walking.py
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=5000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """pydicom warns of each broken value that it reads; here broken values are the subject."""
    for item in items:
        item.add_marker(pytest.mark.filterwarnings("ignore::UserWarning:pydicom"))


@pytest.fixture(autouse=True)
def intakes_are_closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a test prepared for receiving goes with it: the open slots of many tests are more than `select` knows."""
    made: list[Intake] = []
    original = Intake.__init__

    def note(intake: Intake, incoming: Path, *, direct: bool = True) -> None:
        original(intake, incoming, direct=direct)
        made.append(intake)

    monkeypatch.setattr(Intake, "__init__", note)
    yield
    for intake in made:
        intake.close()


@pytest.fixture(autouse=True)
def peers_are_read_anew() -> None:
    """The peers of another test are not those of this one."""
    from dicomserver.access.peers import known_peers

    known_peers.forget()


@pytest.fixture
def home(tmp_path: Path, settings: Settings) -> Path:
    """The folder of this test's server."""
    settings.DICOM_SERVER_HOME = tmp_path / "home"
    return tmp_path / "home"


@pytest.fixture
def archive(home: Path) -> Archive:
    """The archive of this test's server, its folders made."""
    archive = Archive(home, reserve_bytes=0)
    archive.prepare()
    return archive


@pytest.fixture
def shared_data() -> Path:
    """The developers' set of real DICOM; skips where it is not laid beside the project."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the developers' DICOM set is not at ../shared/data")
    return SHARED_DATA


@pytest.fixture
def start_scp(archive: Archive, transactional_db: None) -> Iterator["Callable[..., ScpServer]"]:
    """Start servers that are stopped at the end of the test."""
    from dicomserver.scp.server import ScpOptions, ScpServer

    running: list[ScpServer] = []

    def start(**options: Any) -> "ScpServer":
        values: dict[str, Any] = {"ae_title": "SERVER_A", "host": "127.0.0.1", "port": 0} | options
        server = ScpServer(ScpOptions(**values), archive)
        server.start()
        running.append(server)
        return server

    yield start
    for server in running:
        server.stop(grace_seconds=2)


@pytest.fixture
def scp(start_scp: "Callable[..., ScpServer]") -> "ScpServer":
    """One server that takes everybody."""
    return start_scp()

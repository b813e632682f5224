"""The volume of PostgreSQL is full: what is acknowledged is kept and follows, what can be read is read."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from runtime.embedded import PostgresServer
from runtime.embedded.keeper import SHORT_LIVES
from tests.demonstration import wait_until
from tests.dicomserver.portal_double import PortalDouble
from tests.failures.server import SUCCESS, SmallServer, make_slice, prepare
from tests.failures.volumes import Volume

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

DATABASE = "dicomserver"


@pytest.fixture
def volume(make_volume: Callable[..., Volume]) -> Volume:
    """Room for a cluster, its log of changes, and little else."""
    return make_volume(mebibytes=160)


@pytest.fixture
def postgres(volume: Volume) -> Iterator[PostgresServer]:
    """A PostgreSQL whose data lies on the volume, durable as in production."""
    server = PostgresServer(volume.path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def server(postgres: PostgresServer, tmp_path: Path) -> Iterator[SmallServer]:
    """A server with its archive elsewhere."""
    portal = PortalDouble()
    portal.start()
    url, home = postgres.url(DATABASE), tmp_path / "home"
    token = prepare(url, home, portal)
    small = SmallServer(tmp_path, home, url, portal, token, {"ARCHIVE_RESERVE_BYTES": "0"})
    small.start()
    yield small
    small.stop()
    portal.stop()


def store_some(server: SmallServer) -> None:
    """Something by each way in, read once, so that the reader's session is open."""
    assert server.send(make_slice()) == (SUCCESS, "")
    assert server.post(make_slice()).status == 200
    server.assert_whole()
    for one in server.acknowledged:
        server.assert_readable(one)


def test_the_volume_of_the_database_is_full(server: SmallServer, volume: Volume) -> None:
    store_some(server)
    volume.fill(leave=0)
    server.wait_for_check("database", "full: ")
    assert server.metric('database_trouble{trouble="full"}') == 1
    answers = server.send_all([make_slice(side=16) for _ in range(100)])
    assert set(answers) == {(SUCCESS, "")}
    waiting = server.metric("instances_waiting")
    assert 0 < waiting <= 100
    assert len(server.received()) == waiting
    for one in server.acknowledged[:2]:
        server.assert_readable(one)
    volume.relieve()
    server.assert_whole()
    server.assert_takes_in()


def use_up_log_of_changes(url: str) -> None:
    """Change until PostgreSQL, which cannot write its log any more, ends."""
    with psycopg.connect(url) as connection:
        for _ in range(64):
            connection.execute("SELECT pg_logical_emit_message(false, 'ballast', repeat('x', 1000000), true)")


def test_the_database_goes_down_for_want_of_room_and_comes_back_with_it(
    server: SmallServer, postgres: PostgresServer, volume: Volume
) -> None:
    store_some(server)
    volume.fill(leave=0)
    with pytest.raises(psycopg.OperationalError):
        use_up_log_of_changes(server.database_url)
    # It cannot recover either, however often it is started.
    wait_until(lambda: postgres.log_file.read_text().count("ended with code") > SHORT_LIVES, 60, "it ended often")
    assert not postgres.answers()
    assert set(server.send_all([make_slice(side=16) for _ in range(20)])) == {(SUCCESS, "")}
    server.wait_for_check("database", "away: ")
    assert server.metric("instances_waiting") == 20
    volume.relieve()
    wait_until(postgres.answers, 20, "the database is back")
    server.assert_whole()
    server.assert_takes_in()

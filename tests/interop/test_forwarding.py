"""Forwarding to other people's machines: storescp, Orthanc, and one that is slow while our worker is killed."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

import pydicom
import pytest
from pydicom.uid import generate_uid
from pynetdicom import AE, evt

from tests.demonstration import Demonstration, Server, free_port, wait_until
from tests.dicom_files import data_set_bytes
from tests.interop.dcmtk import dcmtk, tool_path
from tests.interop.files import write_slice
from tests.interop.orthanc import make_orthanc

pytestmark = pytest.mark.timeout(240)

SECONDS = 90
CT = "1.2.840.10008.5.1.4.1.1.2"


class Route:
    """A sender of the test's own, whose instances go on to a destination of the test's own."""

    def __init__(self, demonstration: Demonstration, folder: Path) -> None:
        self.demonstration = demonstration
        self.server: Server = demonstration.server("A")
        self.mark = token_hex(3).upper()
        self.sender = f"MOD{self.mark}"
        self._folder = folder
        self._peers: list[str] = []
        self._rules: list[str] = []

    def manage(self, *arguments: str) -> str:
        return self.demonstration.manage(self.server, *arguments, waits=False)

    def wait(self) -> None:
        """Until every process knows the peers and the rules."""
        self.demonstration.wait_for_peers()

    def peer(self, port: int, *options: str, suffix: str = "", services: str = "store") -> str:
        """Make a machine known after `wait`; returns its name, which is its AE title too."""
        name = f"D{suffix}{self.mark}"
        where = ("--host", "127.0.0.1", "--port", str(port))
        self.manage("add_peer", name, "--ae-title", name, *where, "--services", services, *options)
        self._peers.append(name)
        return name

    def rule(self, peer: str, *conditions: str) -> None:
        """Send on to the machine what the sender sends, after `wait`."""
        name = f"{peer} {len(self._rules)}"
        self.manage("add_forward_rule", name, "--to", peer, "--calling-ae-title", self.sender, *conditions)
        self._rules.append(name)

    def send(self, count: int, *, sender: str | None = None, **changes: str) -> dict[str, Path]:
        """Send slices of one study by storescu; their files by SOP Instance UID."""
        folder = self._folder / f"sent-{token_hex(3)}"
        folder.mkdir()
        study = {"StudyInstanceUID": generate_uid(), "SeriesInstanceUID": generate_uid()} | changes
        files = {}
        for number in range(count):
            path = folder / f"{number}.dcm"
            files[str(write_slice(path, InstanceNumber=number + 1, **study).SOPInstanceUID)] = path
        target = (
            "-aet",
            sender or self.sender,
            "-aec",
            self.server.ae_title,
            self.server.host,
            str(self.server.dicom_port),
        )
        result = dcmtk("storescu", *target, "+sd", str(folder))
        assert result.returncode == 0, result.stderr
        return files

    def figures(self, peer: str) -> list[str]:
        """What the list of rules says of the destination."""
        lines = self.manage("list_forward_rules").splitlines()
        return next((line.split("\t")[1:] for line in lines if line.startswith(f"to {peer}\t")), [])

    def remove(self) -> None:
        for rule in self._rules:
            self.manage("remove_forward_rule", rule)
        for peer in self._peers:
            self.manage("remove_peer", peer)


@pytest.fixture
def route(demonstration: Demonstration, tmp_path: Path) -> Iterator[Route]:
    made = Route(demonstration, tmp_path)
    yield made
    made.remove()


@contextmanager
def storescp(folder: Path, ae_title: str, port: int) -> Iterator[Path]:
    """dcmtk's storescp, which keeps what it receives bit by bit."""
    received = folder / "received"
    received.mkdir(exist_ok=True)
    command = [tool_path("storescp"), "-aet", ae_title, "+xa", "--bit-preserving", "-od", str(received), str(port)]
    process = subprocess.Popen(command)
    try:
        yield received
    finally:
        process.terminate()
        process.wait(10)


def arrived(folder: Path) -> dict[str, Path]:
    """The files that are there in full, by SOP Instance UID."""
    found = {}
    for path in folder.iterdir():
        try:
            found[str(pydicom.dcmread(path).SOPInstanceUID)] = path
        except (pydicom.errors.InvalidDicomError, EOFError, AttributeError, OSError):
            continue
    return found


def test_what_a_rule_names_arrives_at_storescp_byte_for_byte_and_nothing_else(route: Route, tmp_path: Path) -> None:
    port = free_port()
    peer = route.peer(port)
    route.rule(peer, "--modality", "CT", "--series-description", "*axial*")
    route.wait()
    with storescp(tmp_path, peer, port) as received:
        sent = route.send(8, SeriesDescription="T1 Axial")
        route.send(1, SeriesDescription="Scout")
        wait_until(lambda: len(arrived(received)) == len(sent), SECONDS, "storescp has all")
        wait_until(lambda: route.figures(peer)[:2] == ["0 waiting", "0 parked"], SECONDS, "nothing waits")
        got = arrived(received)
    assert set(got) == set(sent)
    assert all(data_set_bytes(got[uid]) == data_set_bytes(sent[uid]) for uid in sent)


def test_a_destination_that_is_down_gets_all_when_it_is_up_and_others_do_not_wait(route: Route, tmp_path: Path) -> None:
    orthanc = make_orthanc(tmp_path / "orthanc", f"DO{route.mark}")
    port = free_port()
    down = route.peer(orthanc.dicom_port, suffix="O")
    other = route.peer(port, suffix="S")
    route.rule(down)
    route.rule(other)
    route.wait()
    with storescp(tmp_path, other, port) as received:
        sent = route.send(10)
        wait_until(lambda: len(arrived(received)) == len(sent), SECONDS, "the other destination has all")
    wait_until(lambda: route.figures(down)[3].startswith("takes nothing since"), SECONDS, "the first was tried")
    waiting = route.figures(down)
    assert waiting[0] == "10 waiting"
    assert "connection refused" in waiting[4]
    study = str(pydicom.dcmread(next(iter(sent.values()))).StudyInstanceUID)
    with orthanc.running():
        wait_until(lambda: set(orthanc.instances(study)) == set(sent), SECONDS, "Orthanc has all")
        wait_until(lambda: route.figures(down)[0] == "0 waiting", SECONDS, "nothing waits")
        assert route.figures(down)[3] == "-"


def test_a_complete_study_and_one_that_is_asked_for_go_to_orthanc(route: Route, tmp_path: Path) -> None:
    orthanc = make_orthanc(tmp_path / "orthanc", f"D{route.mark}")
    peer = route.peer(orthanc.dicom_port)
    route.rule(peer, "--when", "study")
    route.wait()
    with orthanc.running():
        # It takes a while until this is complete.
        complete = route.send(3)
        by_hand = route.send(2, sender=f"OTHER{route.mark}")
        study = str(pydicom.dcmread(next(iter(by_hand.values()))).StudyInstanceUID)
        route.manage("forward_study", study, "--to", peer)
        wait_until(lambda: set(orthanc.instances(study)) == set(by_hand), SECONDS, "Orthanc has what was asked for")
        study = str(pydicom.dcmread(next(iter(complete.values()))).StudyInstanceUID)
        wait_until(lambda: set(orthanc.instances(study)) == set(complete), SECONDS, "Orthanc has the complete study")


@dataclass(frozen=True)
class Pausing:
    """A machine that takes some instances, and then none until it is told to go on."""

    port: int
    received: list[str]
    is_pausing: threading.Event
    go_on: threading.Event


@contextmanager
def pausing_machine(ae_title: str, after: int) -> Iterator[Pausing]:
    """Such a machine, which listens."""
    received: list[str] = []
    is_pausing, go_on, lock = threading.Event(), threading.Event(), threading.Lock()

    def keep(event: evt.Event) -> int:
        with lock:
            received.append(str(event.request.AffectedSOPInstanceUID))
        if len(received) > after:
            is_pausing.set()
            go_on.wait(SECONDS)
        return 0

    ae = AE(ae_title=ae_title)
    ae.add_supported_context(CT)
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, keep)])
    try:
        yield Pausing(server.socket.getsockname()[1], received, is_pausing, go_on)
    finally:
        go_on.set()
        server.shutdown()


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_killed_worker_loses_nothing_and_repeats_next_to_nothing(route: Route) -> None:
    with pausing_machine(f"D{route.mark}", after=10) as machine:
        peer = route.peer(machine.port)
        route.rule(peer)
        route.wait()
        sent = route.send(40)
        assert machine.is_pausing.wait(SECONDS), "some have arrived"
        assert route.demonstration.kill(f"--queues dicomserver.{route.server.ae_title}.transfers") >= 1
        machine.go_on.set()
        wait_until(lambda: set(machine.received) == set(sent), SECONDS, "all have arrived")
        wait_until(lambda: route.figures(peer)[0] == "0 waiting", SECONDS, "nothing waits")
    # The one that was on its way may come twice: sent, and not noted.
    assert len(machine.received) <= len(sent) + 2

"""dcmtk as machines that a server knows, and does not: who is let in, and which services each is given."""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.demonstration import ROOT, Demonstration, Server
from tests.interop.dcmtk import dcmtk
from tests.interop.files import write_slice

pytestmark = pytest.mark.timeout(180)

PEERS = {
    "itp storer": ("--ae-title", "ITP_STORER", "--address", "127.0.0.0/8"),
    "itp asker": ("--ae-title", "ITP_ASKER", "--address", "127.0.0.1", "--services", "query"),
    "itp all": ("--ae-title", "ITP_ALL", "--address", "127.0.0.1", "--services", "store,query,retrieve,worklist"),
    "itp elsewhere": ("--ae-title", "ITP_ELSEWHERE", "--address", "192.0.2.0/24", "--services", "store,query"),
    "itp research": ("--ae-title", "ITP_RESEARCH", "--called-ae-title", "RESEARCH", "--services", "store"),
    "itp pinned": ("--ae-title", "ITP_PINNED", "--certificate", "ab" * 32, "--services", "store,query"),
}
NOT_RECOGNIZED = "Calling AE Title Not Recognized"
# dcmtk's words for a context that was not accepted.
NO_CONTEXT = "No (acceptable|valid)? ?presentation context"


@dataclass(frozen=True)
class Caller:
    """dcmtk as one machine."""

    server: Server
    calling: str
    called: str

    def echo(self) -> str:
        """What echoscu complains of; nothing where it is answered."""
        return self._run("echoscu")

    def store(self, folder: Path) -> str:
        """What storescu complains of."""
        path = folder / "slice.dcm"
        write_slice(path)
        return self._run("storescu", files=(str(path),))

    def find(self) -> str:
        """What findscu complains of."""
        keys = ("-S", "-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID=1.2.3")
        return self._run("findscu", *keys)

    def worklist(self) -> str:
        """What findscu complains of when it asks for the modality worklist."""
        return self._run("findscu", "-W", "-k", "PatientID=NOBODY")

    def move(self) -> str:
        """What movescu complains of."""
        keys = ("-S", "-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID=1.2.3", "-aem", "ITP_ALL")
        return self._run("movescu", *keys)

    def get(self, folder: Path) -> str:
        """What getscu complains of."""
        keys = ("-S", "-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID=1.2.3", "-od", str(folder))
        return self._run("getscu", *keys)

    def _run(self, tool: str, *options: str, files: tuple[str, ...] = ()) -> str:
        titles = ("-aet", self.calling, "-aec", self.called)
        result = dcmtk(tool, *options, *titles, self.server.host, str(self.server.dicom_port), *files)
        said = result.stdout + result.stderr
        # movescu says that it failed, and ends as if it had not.
        has_failed = result.returncode != 0 or re.search(r"^[EF]: ", said, re.MULTILINE)
        return said or "failed" if has_failed else ""


@pytest.fixture(scope="module")
def server(demonstration: Demonstration) -> Iterator[Server]:
    """A server that knows these peers."""
    server = demonstration.server("A")
    known = demonstration.manage(server, "list_peers")
    for name, values in PEERS.items():
        is_there = re.search(rf"^{name}\t.*\t-$", known, re.MULTILINE)
        demonstration.manage(server, "change_peer" if is_there else "add_peer", name, *values, waits=False)
    demonstration.wait_for_peers()
    yield server
    for name in PEERS:
        demonstration.manage(server, "remove_peer", name)


def caller(server: Server, calling: str, called: str | None = None) -> Caller:
    return Caller(server, calling, server.ae_title if called is None else called)


@pytest.mark.parametrize("calling", ["ITP_STORER", "ITP_ALL", "ITP_STRANGER"])
def test_who_may_store_may_echo_too(server: Server, tmp_path: Path, calling: str) -> None:
    machine = caller(server, calling)
    assert (machine.echo(), machine.store(tmp_path)) == ("", "")


@pytest.mark.parametrize("calling", ["ITP_ELSEWHERE", "ITP_PINNED", "ITP_RESEARCH"])
def test_a_known_title_from_elsewhere_is_refused(server: Server, tmp_path: Path, calling: str) -> None:
    machine = caller(server, calling)
    for complaint in (machine.echo(), machine.store(tmp_path), machine.find()):
        assert NOT_RECOGNIZED in complaint


def test_a_peer_may_have_a_title_of_its_own_for_the_server(server: Server, tmp_path: Path) -> None:
    machine = caller(server, "ITP_RESEARCH", "RESEARCH")
    assert (machine.echo(), machine.store(tmp_path)) == ("", "")
    assert "Called AE Title Not Recognized" in caller(server, "ITP_STRANGER", "RESEARCH").echo()


def test_who_was_given_nothing_but_queries_asks_and_does_nothing_else(server: Server, tmp_path: Path) -> None:
    machine = caller(server, "ITP_ASKER")
    assert (machine.echo(), machine.find()) == ("", "")
    for complaint in (machine.store(tmp_path), machine.worklist(), machine.move(), machine.get(tmp_path)):
        assert re.search(NO_CONTEXT, complaint, re.IGNORECASE), complaint


@pytest.mark.parametrize("calling", ["ITP_STORER", "ITP_STRANGER"])
def test_who_stores_cannot_ask_or_retrieve(server: Server, tmp_path: Path, calling: str) -> None:
    machine = caller(server, calling)
    for complaint in (machine.find(), machine.worklist(), machine.move(), machine.get(tmp_path)):
        assert re.search(NO_CONTEXT, complaint, re.IGNORECASE), complaint


def test_who_was_given_everything_gets_it(server: Server, tmp_path: Path) -> None:
    machine = caller(server, "ITP_ALL")
    assert (machine.find(), machine.worklist(), machine.get(tmp_path)) == ("", "", "")


def test_a_peer_that_is_removed_is_a_stranger_within_seconds(
    demonstration: Demonstration, server: Server, tmp_path: Path
) -> None:
    demonstration.manage(server, "add_peer", "itp leaving", "--ae-title", "ITP_LEAVING", "--services", "query")
    try:
        machine = caller(server, "ITP_LEAVING")
        assert machine.find() == ""
    finally:
        demonstration.manage(server, "remove_peer", "itp leaving")
    demonstration.wait_for_peers()
    assert machine.find() != ""
    assert machine.store(tmp_path) == ""


def test_a_visitor_makes_a_machine_known_as_the_readme_says(
    demonstration: Demonstration, server: Server, tmp_path: Path
) -> None:
    """`python -m demo.server A add_peer …`, with nothing in the environment but where the demonstration is."""

    def command(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "demo.server", "a", *arguments],
            cwd=ROOT,
            env={"PATH": "/usr/bin:/bin", "DEMO_DIR": str(demonstration.directory)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    command("add_peer", "itp visitor", "--ae-title", "ITP_VISITOR", "--services", "query")
    try:
        assert "itp visitor\tITP_VISITOR" in command("list_peers")
        demonstration.wait_for_peers()
        assert caller(server, "ITP_VISITOR").find() == ""
    finally:
        command("remove_peer", "itp visitor")

"""The real process: it is killed, stopped, and given large objects."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from dicomserver.archive import Archive
from dicomserver.index.models import Instance, Study
from dicomserver.scp.server import ScpServer
from runtime import env
from tests.dicomserver.objects import PROJECT, Sendable, files_below, sendable, small_ct, stored_data_set
from tests.dicomserver.scp.hostile import process_tree, wait_for
from tests.dicomserver.sender import send_all, sender

pytestmark = [pytest.mark.slow, pytest.mark.timeout(90)]


@dataclass
class ScpProcess:
    """`python -m dicomserver run_scp` and the port that it said it listens on."""

    process: subprocess.Popen[bytes]
    port: int

    def peaks(self) -> dict[int, int]:
        """The most memory in bytes that each of its processes had so far: the parent and those that receive."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        found = {}
        for process_id in (self.process.pid, *map(int, children)):
            status = Path(f"/proc/{process_id}/status").read_text()
            found[process_id] = int(status.partition("VmHWM:")[2].split()[0]) * 1024
        return found


def database_url() -> str:
    """The test's own database as a URL."""
    values = connection.settings_dict
    user = quote(values["USER"]) + (":" + quote(values["PASSWORD"]) if values["PASSWORD"] else "")
    query = urlencode({"host": values["HOST"], "port": values["PORT"] or 5432})
    return f"postgresql://{user}@/{values['NAME']}?{query}"


@pytest.fixture
def start_process(home: Path, transactional_db: None, tmp_path: Path) -> Iterator[Callable[[], ScpProcess]]:
    """Start server processes; those left at the end are killed."""
    running: list[subprocess.Popen[bytes]] = []

    def start() -> ScpProcess:
        log = tmp_path / f"log-{len(running)}"
        environment = {
            "DJANGO_SETTINGS_MODULE": "dicomserver.settings.test",
            "DICOM_SERVER_HOME": str(home),
            "DATABASE_URL": database_url(),
            "PYTHONUNBUFFERED": "1",
        }
        with log.open("wb") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-m", "dicomserver", "run_scp"],
                cwd=PROJECT,
                env=env.inherited(environment),
                stderr=stderr,
            )
        running.append(process)
        return ScpProcess(process, listening_port(process, log))

    yield start
    for process in running:
        with suppress(ProcessLookupError):
            process.kill()
        process.wait()


def listening_port(process: subprocess.Popen[bytes], log: Path) -> int:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for line in log.read_text().splitlines():
            with suppress(ValueError):
                said = json.loads(line)
                if said.get("message") == "Listening for DICOM":
                    return int(said["port"])
        assert process.poll() is None, log.read_text()
        time.sleep(0.05)
    raise AssertionError(log.read_text())


def test_what_was_acknowledged_survives_sigkill_and_a_second_send_completes(
    start_process: Callable[[], ScpProcess], home: Path
) -> None:
    study = small_ct()
    objects = [
        sendable(
            small_ct(
                StudyInstanceUID=study.StudyInstanceUID,
                SeriesInstanceUID=study.SeriesInstanceUID,
                PixelData=random.randbytes(300_000),
                Rows=300,
                Columns=500,
            )
        )
        for _ in range(40)
    ]
    archive = Archive(home)
    acknowledged: set[str] = set()
    for _ in range(3):
        server = start_process()
        assert wait_for(lambda: files_below(archive.incoming) == [])
        assert_all_there(archive, objects, acknowledged)
        kill_after = len(acknowledged) + 8
        with suppress(Exception), sender(server.port, *objects) as sending:
            for what in objects:
                if what.sop_instance_uid in acknowledged:
                    continue
                if len(acknowledged) == kill_after:
                    threading.Timer(random.uniform(0, 0.03), kill_all, (server.process.pid,)).start()
                if sending.exchange(sending.request(what), what, timeout=3).Status == 0x0000:
                    acknowledged.add(what.sop_instance_uid)
        server.process.wait(10)
        assert server.process.returncode == -signal.SIGKILL
    assert 24 <= len(acknowledged) < 40
    server = start_process()
    assert wait_for(lambda: files_below(archive.incoming) == [])
    assert_all_there(archive, objects, acknowledged)
    assert set(send_all(server.port, *objects)) == {0x0000}
    assert_all_there(archive, objects, {what.sop_instance_uid for what in objects})
    assert Study.objects.get().number_of_instances == Instance.objects.count() == 40
    assert len(files_below(archive.root)) == 40
    assert files_below(archive.incoming) == files_below(archive.quarantine_root) == []


def kill_all(pid: int) -> None:
    """Kill the process and its workers, which would otherwise finish what they have begun."""
    for process in process_tree(pid):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def assert_all_there(archive: Archive, objects: list[Sendable], acknowledged: set[str]) -> None:
    data = {what.sop_instance_uid: what.data for what in objects}
    paths = dict(Instance.objects.values_list("sop_instance_uid", "relative_path"))
    for uid in acknowledged:
        assert stored_data_set(archive.path_of(paths[uid])) == data[uid]


def test_nothing_that_the_process_writes_holds_patient_data(
    start_process: Callable[[], ScpProcess], tmp_path: Path
) -> None:
    server = start_process()
    ds = small_ct(PatientName="Secretname^Person", PatientID="SECRETID", PatientBirthDate="19010203")
    whole = sendable(ds)
    broken = Sendable(
        whole.data.replace(b"DA\x08\x0019010203", b"ZZ\x08\x0019010203").replace(b"IS\x02\x003 ", b"IS\x02\x00zz"),
        whole.sop_class_uid,
        whole.sop_instance_uid,
    )
    refused = sendable(small_ct(StudyInstanceUID="SECRETID/..", PatientName="Secretname^Person"))
    undecodable = Sendable(
        whole.data.replace(b"ISO_IR 192", b"ISO_IR 999"), whole.sop_class_uid, whole.sop_instance_uid
    )
    assert send_all(server.port, broken, refused, undecodable) == [0x0000, 0xC000, 0x0000]
    server.process.terminate()
    server.process.wait(15)
    written = (tmp_path / "log-0").read_text()
    assert "Secretname" not in written
    assert "SECRETID" not in written
    assert "19010203" not in written
    lines = [json.loads(line) for line in written.splitlines()]
    assert [line["reason"] for line in lines if "reason" in line] == ["malformed_uid"]


def test_sigterm_ends_the_process_cleanly(start_process: Callable[[], ScpProcess]) -> None:
    server = start_process()
    assert send_all(server.port, sendable(small_ct())) == [0x0000]
    server.process.terminate()
    assert server.process.wait(15) == 0


def test_a_large_object_needs_little_memory(start_process: Callable[[], ScpProcess], home: Path) -> None:
    server = start_process()
    assert send_all(server.port, sendable(small_ct())) == [0x0000]
    before = server.peaks()
    large = sendable(small_ct(PixelData=bytes(240_000_000), Rows=10_000, Columns=12_000))
    assert send_all(server.port, large) == [0x0000]
    after = server.peaks()
    assert len(after) > 1
    assert before.keys() == after.keys()
    assert max(after[process_id] - before[process_id] for process_id in after) < 40_000_000
    path = Archive(home).path_of(Instance.objects.get(sop_instance_uid=large.sop_instance_uid).relative_path)
    assert path.stat().st_size > 240_000_000


def test_a_port_that_is_taken_is_said_with_the_cure(
    home: Path, transactional_db: None, settings: Settings, start_scp: Callable[..., ScpServer]
) -> None:
    from django.core.management import CommandError, call_command

    settings.DICOM_PORT = start_scp().port
    settings.DICOM_HOST = "127.0.0.1"
    with pytest.raises(CommandError, match=r"Cannot listen on 127\.0\.0\.1:\d+: .*DICOM_PORT"):
        call_command("run_scp")

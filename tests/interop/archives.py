"""Remote archives of other people's making with studies in them, and a radiologist who asks our server about them."""

import os
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import requests
from pydicom.uid import generate_uid

from tests.demonstration import Demonstration, Server, free_port, wait_until
from tests.interop.dcmtk import dcmtk, tool_path
from tests.interop.files import write_slice
from tests.interop.orthanc import Orthanc, make_orthanc

ENDED = ("done", "failed", "stopped")


@dataclass(frozen=True)
class Archive:
    """A remote archive as our server knows it."""

    name: str
    ae_title: str
    port: int
    process: int = 0
    """Its process ID; 0 where none runs."""
    orthanc: Orthanc | None = None

    def store(self, folder: Path) -> None:
        """Fill it with the files of a folder."""
        if self.orthanc is not None:
            # As both are packaged, storescu and Orthanc wait 90 ms for each other at each instance.
            self.orthanc.upload_all(folder)
            return
        sent = dcmtk("storescu", "+sd", "-aec", self.ae_title, "127.0.0.1", str(self.port), str(folder))
        assert sent.returncode == 0, sent.stderr

    @contextmanager
    def holding_its_breath(self) -> Iterator[None]:
        """It neither sends nor listens for a while."""
        os.kill(self.process, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.process, signal.SIGCONT)


@dataclass(frozen=True)
class Desk:
    """A radiologist who finds elsewhere by the interface of the page, without a browser."""

    demonstration: Demonstration
    server: Server

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """What the server answers, None where it answers nothing."""
        reader = self.demonstration.person("radiologist", self.server.institution)
        errand = requests.post(
            f"{self.demonstration.portal_url}/api/v1/servers/{self.server.id}/errands/",
            json={"errand": "find_elsewhere"},
            headers={"Authorization": f"Token {reader.api_token}"},
            timeout=30,
        ).json()
        url = f"{errand['server']['base_url']}/elsewhere/{path}"
        answer = requests.request(
            method, url, json=body, headers={"Authorization": f"Bearer {errand['token']}"}, timeout=60
        )
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def search(self, **words: Any) -> dict[str, Any]:
        """A search that has ended."""
        begun = self.ask("POST", "searches", words)
        return self.when(f"searches/{begun['id']}", lambda search: not search["is_under_way"])

    def fetch(self, search: dict[str, Any], study_instance_uid: str, archive: str) -> dict[str, Any]:
        """A retrieval that was ordered."""
        order = {"search": search["id"], "study_instance_uid": study_instance_uid, "archive": archive}
        return self.ask("POST", "retrievals", order)

    def fetched(self, retrieval: dict[str, Any]) -> dict[str, Any]:
        """The retrieval when it has ended."""
        return self.when(f"retrievals/{retrieval['id']}", lambda now: now["state"] in ENDED)

    def when(self, path: str, is_so: Callable[[dict[str, Any]], bool], seconds: float = 90) -> dict[str, Any]:
        """The answer once it is so."""
        deadline = time.monotonic() + seconds
        while not is_so(answer := self.ask("GET", path)):
            assert time.monotonic() < deadline, answer
            time.sleep(0.3)
        return answer


def name_of_its_own() -> str:
    """A family name that no other test looks for."""
    # Letters alone: what has a digit in it is taken for a number.
    return "Zz" + uuid.uuid4().hex[:10].translate(str.maketrans("0123456789", "ghijklmnop"))


def write_study(folder: Path, family: str, slices: int, **changes: Any) -> str:
    """A study in a folder; its UID."""
    folder.mkdir(parents=True)
    uids = {"StudyInstanceUID": generate_uid(), "SeriesInstanceUID": generate_uid()}
    for number in range(slices):
        values = {"PatientName": f"{family}^Wanda", "InstanceNumber": number + 1, **uids, **changes}
        write_slice(folder / f"{number}.dcm", **values)
    return str(uids["StudyInstanceUID"])


def until_something_came(server: Server, study_instance_uid: str) -> None:
    """Until the first instance of a study is here."""
    while not list((server.home / "archive").glob(f"*/*/*/{study_instance_uid}")):
        time.sleep(0.01)


@contextmanager
def known_archive(
    demonstration: Demonstration, server: Server, ae_title: str, port: int, *said: str
) -> Iterator[Archive]:
    """Let the server know an archive for a while: it may store unless something else is said, and is asked.

    Every process of the server knows it after `wait_for_peers`.
    """
    name = f"archive-{uuid.uuid4().hex[:8]}"
    where = ["--ae-title", ae_title, "--host", "127.0.0.1", "--port", str(port)]
    demonstration.manage(server, "add_peer", name, *where, *(said or _MAY_STORE), "--archive", waits=False)
    try:
        yield Archive(name, ae_title, port)
    finally:
        demonstration.manage(server, "remove_peer", name)


_MAY_STORE = ("--services", "store")
BY_GET = ("--services", "none", "--retrieve-by", "get")
"""An archive that may not even store here: what it sends comes on our own association."""


@contextmanager
def orthanc_archive(demonstration: Demonstration, server: Server, folder: Path, *said: str) -> Iterator[Archive]:
    """An Orthanc of its own that knows our server as a destination."""
    orthanc: Orthanc = make_orthanc(folder, f"ORTHANC{uuid.uuid4().hex[:6].upper()}")
    with (
        orthanc.running(server, DefaultEncoding="Utf8"),
        known_archive(demonstration, server, orthanc.ae_title, orthanc.dicom_port, *said) as archive,
    ):
        yield replace(archive, process=orthanc.process, orthanc=orthanc)


@contextmanager
def dcmqrscp_archive(
    demonstration: Demonstration, server: Server, folder: Path, *said: str, knows_us: bool = True
) -> Iterator[Archive]:
    """A dcmqrscp of its own that knows our server as a destination, or does not."""
    ae_title, port = f"QRSCP{uuid.uuid4().hex[:6].upper()}", free_port()
    folder.mkdir(parents=True)
    configuration = folder / "dcmqrscp.cfg"
    known_as = server.ae_title if knows_us else "SOMEBODY_ELSE"
    configuration.write_text(
        f"NetworkTCPPort = {port}\nMaxPDUSize = 16384\nMaxAssociations = 16\n"
        f"HostTable BEGIN\nours = ({known_as}, {server.host}, {server.dicom_port})\nHostTable END\n"
        "VendorTable BEGIN\nVendorTable END\n"
        f"AETable BEGIN\n{ae_title} {folder} RW (200, 1024mb) ANY\nAETable END\n"
    )
    with (folder / "log.txt").open("ab") as log:
        process = subprocess.Popen(
            [tool_path("dcmqrscp"), "-c", str(configuration)], stdout=log, stderr=log, cwd=folder
        )
    try:
        wait_until(lambda: _answers(ae_title, port), 30, "dcmqrscp answers")
        with known_archive(demonstration, server, ae_title, port, *said) as archive:
            yield replace(archive, process=process.pid)
    finally:
        process.terminate()
        process.wait(10)


def _answers(ae_title: str, port: int) -> bool:
    return dcmtk("echoscu", "-aec", ae_title, "127.0.0.1", str(port)).returncode == 0

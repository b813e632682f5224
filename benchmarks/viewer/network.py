"""The network that both viewers read from: the demonstration with one long CT, its reader, and OHIF beside it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from benchmarks.data import StudyFiles
from benchmarks.plans import RoundVoid
from benchmarks.processes import listens
from benchmarks.senders import storescu
from benchmarks.viewer import chromium
from benchmarks.viewer.ohif import OhifServer, installed_site
from benchmarks.workplace import Workplace
from demo.state_files import read_json
from runtime import env
from runtime.processes import PROJECT_ROOT

START_SECONDS = 600.0
STOP_SECONDS = 60.0
ARRIVAL_SECONDS = 120.0
ANSWER_SECONDS = 30.0
POLL_SECONDS = 0.5
OFFSETS = (0, 1, 2, 12, 13, 21, 22)
OHIF_OFFSET = 30


class ViewerNetwork:
    """A running network with the long CT, and OHIF; use it with `with`.

    A network that runs already is taken where RUNNING_DEMO_DIR names its folder; its DICOM Servers must then allow
    OHIF's origin (DEMO_ALLOWED_ORIGINS), which is the portal's port + 30.
    """

    def __init__(self, workplace: Workplace) -> None:
        self.workplace = workplace
        running = env.text("RUNNING_DEMO_DIR", "")
        self.is_given = bool(running)
        self.directory = Path(running) if running else workplace.fresh_folder("network")
        self.study: StudyFiles = workplace.set("ct555").studies[0]
        self.stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            site = installed_site(self.workplace.directory)
            if not self.is_given:
                self._start(starting)
            self._send()
            place = self.workplace.fresh_folder("ohif")
            server = OhifServer(site, place, self.portal_port + OHIF_OFFSET, self.dicomweb_url)
            self.ohif = starting.enter_context(server)
            self.cookies = self._signed_in()
            self.stack = starting.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stack.close()

    @cached_property
    def content(self) -> dict[str, Any]:
        """What demo.json says."""
        found: dict[str, Any] = read_json(self.directory / "demo.json")
        return found

    @property
    def portal_url(self) -> str:
        """Address of the portal."""
        return str(self.content["portal"]["url"])

    @property
    def portal_port(self) -> int:
        """The port of the portal, from which the others are counted."""
        return int(self.portal_url.rsplit(":", 1)[1])

    @property
    def dicomweb_url(self) -> str:
        """Where the study is served."""
        return str(self.content["servers"][0]["dicomweb_url"])

    @property
    def reader(self) -> dict[str, str]:
        """The radiologist who reads."""
        institution = self.content["servers"][0]["institution"]
        people = self.content["people"]
        return next(one for one in people if (one["role"], one["institution"]) == ("radiologist", institution))

    @property
    def viewer_url(self) -> str:
        """Our viewer's page of the study."""
        server = self.content["servers"][0]["id"]
        return f"{self.portal_url}/viewer/{self.study.study_instance_uid}/?server={server}"

    def ohif_url(self) -> str:
        """OHIF's page of the study, with a fresh token."""
        return self.ohif.address(self.study.study_instance_uid, self._token())

    def _start(self, starting: ExitStack) -> None:
        base = free_base()
        environment = env.inherited(
            {
                "DEMO_DIR": str(self.directory),
                "DEMO_PORT_BASE": str(base),
                # Drawing the demonstration's own studies takes a minute, which need not be spent each time.
                "DEMO_PHANTOMS_DIR": str(self.workplace.directory / "phantoms"),
                "DEMO_STATIC_DIR": str(self.directory / "static"),
                "DEMO_ALLOWED_ORIGINS": f"http://127.0.0.1:{base + OHIF_OFFSET}",
            }
        )
        for name in ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "DATA"):
            environment.pop(name, None)
        with (self.directory / "output.txt").open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "demo"], cwd=PROJECT_ROOT, env=environment, stdout=output, stderr=output
            )
        starting.callback(stop, process)

        def is_ready() -> bool:
            if process.poll() is not None:
                raise RoundVoid(f"The network did not start: {end_of(self.directory / 'output.txt')}")
            found = read_json(self.directory / "demo.json")
            return bool(found and found.get("ready"))

        wait_for(is_ready, START_SECONDS, "The start of the network")

    def _send(self) -> None:
        """Send the study where it is not there yet, and let the server prepare what it prepares for readers."""
        if self._instances() < len(self.study.files):
            server = self.content["servers"][0]
            storescu.send(self.study.files, int(server["dicom_port"]), str(server["ae_title"]))
        wait_for(lambda: self._instances() == len(self.study.files), ARRIVAL_SECONDS, "The study's way to the portal")
        token = self._token()
        series = (
            f"{self.dicomweb_url}/studies/{self.study.study_instance_uid}/series/{self.study.series_instance_uids[0]}"
        )
        for path, accept in (("metadata", "application/dicom+json"), ("thumbnail", "image/jpeg")):
            headers = {"Authorization": f"Bearer {token}", "Accept": accept}
            requests.get(f"{series}/{path}", headers=headers, timeout=ANSWER_SECONDS).raise_for_status()

    def _instances(self) -> int:
        answer = self._api(f"studies/{self.study.study_instance_uid}/")
        return int(answer.json()["number_of_study_related_instances"]) if answer.ok else 0

    def _token(self) -> str:
        answer = self._api(f"studies/{self.study.study_instance_uid}/viewer-token/", "POST")
        answer.raise_for_status()
        return str(answer.json()["token"])

    def _api(self, path: str, method: str = "GET") -> requests.Response:
        headers = {"Authorization": f"Token {self.reader['api_token']}"}
        return requests.request(method, f"{self.portal_url}/api/v1/{path}", headers=headers, timeout=ANSWER_SECONDS)

    def _signed_in(self) -> dict[str, Any]:
        """The cookies of the reader, who signs in once."""
        with chromium.tab(chromium.Link()) as opened:
            page = opened.page
            page.goto(f"{self.portal_url}/accounts/login/")
            page.fill("#id_login", self.reader["username"])
            page.fill("#id_password", self.reader["password"])
            page.press("#id_password", "Enter")
            page.wait_for_url(lambda url: "/accounts/login/" not in url)
            return dict(page.context.storage_state())


def free_base() -> int:
    """A port base with whose ports nobody listens."""
    return next(
        base
        for base in range(30000, 40000, 50)
        if not any(listens(base + offset) for offset in (*OFFSETS, OHIF_OFFSET))
    )


def wait_for(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait until something is so. Raises RoundVoid."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise RoundVoid(f"{what} took more than {seconds:.0f} s")
        time.sleep(POLL_SECONDS)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the network as Ctrl-C does."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()


def end_of(log: Path) -> str:
    """The last of what a program said."""
    return log.read_text(encoding="utf-8", errors="replace")[-500:]

"""The peers: Orthanc with its default configuration, and dcmtk's storescp, each in a fresh folder."""

from __future__ import annotations

import http.client
import json
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.machine import program
from benchmarks.plans import RoundVoid
from benchmarks.processes import ServerProcess, free_port, listens, stop_all, tree, wait_for_rest, wait_until

# Else some 20 ms an answer are lost to delayed acknowledgements (dcmtk reads it, and with it Orthanc).
NO_DELAY = {"TCP_NODELAY": "1"}
AS_PACKAGED = {"TCP_NODELAY": "0"}
PLUGIN = "libOrthancDicomWeb.so"
PLUGIN_FOLDERS = ("/usr/share/orthanc/plugins", "/usr/local/share/orthanc/plugins", "/usr/lib/orthanc")
ORTHANC_AE_TITLE = "ORTHANC"
PDU_BYTES = 131072


def dicomweb_plugin() -> Path | None:
    """Where Orthanc's DICOMweb plugin is installed."""
    return next((path for folder in PLUGIN_FOLDERS if (path := Path(folder) / PLUGIN).exists()), None)


class Orthanc:
    """A running Orthanc; only ports, folders and AE title differ from the defaults, and what `settings` say more.

    Use it with `with`.
    """

    ae_title = ORTHANC_AE_TITLE

    def __init__(self, place: Path, *, no_delay: bool = True, settings: dict[str, Any] | None = None) -> None:
        self.place, self.no_delay, self.settings = place, no_delay, settings or {}
        self.dicom_port, self.web_port = free_port(), free_port()
        self.processes: list[ServerProcess] = []

    @staticmethod
    def missing(*, dicomweb: bool = False) -> str | None:
        """Why it cannot run here, or None."""
        if program("Orthanc") is None:
            return "Orthanc is not installed."
        if dicomweb and dicomweb_plugin() is None:
            return f"Orthanc's DICOMweb plugin ({PLUGIN}) is not installed."
        return None

    @property
    def dicomweb_url(self) -> str:
        """Where it serves DICOMweb."""
        return f"http://127.0.0.1:{self.web_port}/dicom-web"

    def __enter__(self) -> Self:
        plugin = dicomweb_plugin()
        configuration = {
            "StorageDirectory": str(self.place / "storage"),
            "IndexDirectory": str(self.place / "index"),
            "HttpPort": self.web_port,
            "DicomPort": self.dicom_port,
            "DicomAet": ORTHANC_AE_TITLE,
            "Plugins": [str(plugin)] if plugin else [],
            **self.settings,
        }
        file = self.place / "orthanc.json"
        file.write_text(json.dumps(configuration), encoding="utf-8")
        command = [program("Orthanc") or "Orthanc", str(file)]
        self.processes.append(ServerProcess("orthanc", command, NO_DELAY if self.no_delay else AS_PACKAGED, self.place))
        try:
            wait_until(lambda: listens(self.dicom_port) and listens(self.web_port), "Orthanc's start", self.processes)
            wait_for_rest(self.processes)
        except BaseException:
            stop_all(self.processes)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        stop_all(self.processes)

    def process_ids(self) -> list[int]:
        """Its process and all below it."""
        return [found for one in self.processes for found in tree(one.process.pid)]

    def instances(self, study_instance_uids: Sequence[str]) -> int:
        """How many instances of the studies it holds."""
        total = 0
        for uid in study_instance_uids:
            query = {"Level": "Study", "Query": {"StudyInstanceUID": uid}, "Expand": False}
            for study in self.ask("POST", "/tools/find", query):
                total += self.ask("GET", f"/studies/{study}/statistics")["CountInstances"]
        return total

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """A request of its own REST API. Raises RoundVoid."""
        connection = http.client.HTTPConnection("127.0.0.1", self.web_port, timeout=60)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status != 200:
            raise RoundVoid(f"Orthanc answers {answer.status} to {path}")
        return json.loads(content)


class Storescp:
    """A running storescp of dcmtk, a process an association; `ignore` lets it drop what it receives."""

    ae_title = "STORESCP"

    def __init__(self, place: Path, *, ignore: bool = False, no_delay: bool = True) -> None:
        self.folder = place / "received"
        self.place, self.ignore, self.no_delay = place, ignore, no_delay
        self.dicom_port = free_port()
        self.processes: list[ServerProcess] = []

    @staticmethod
    def missing() -> str | None:
        """Why it cannot run here, or None."""
        return None if program("storescp") else "dcmtk's storescp is not installed."

    def __enter__(self) -> Self:
        self.folder.mkdir()
        command = [program("storescp") or "storescp", "--fork", "-aet", self.ae_title, "+xa"]
        command += ["--ignore", "-pdu", str(PDU_BYTES)] if self.ignore else ["-od", str(self.folder)]
        environment = NO_DELAY if self.no_delay else AS_PACKAGED
        self.processes.append(ServerProcess("storescp", [*command, str(self.dicom_port)], environment, self.place))
        try:
            wait_until(lambda: listens(self.dicom_port), "storescp's start", self.processes)
        except BaseException:
            stop_all(self.processes)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        stop_all(self.processes)

    def instances(self) -> int:
        """How many files it wrote."""
        return sum(1 for _ in self.folder.iterdir())

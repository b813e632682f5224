"""Orthanc as another archive: its own process, folders and AE title for each test, asked by its REST API."""

import json
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.demonstration import Server, free_port, wait_until

START_SECONDS = 60
STOP_SECONDS = 20


@dataclass
class Orthanc:
    """A running Orthanc, or the place of one that is not running yet."""

    ae_title: str
    dicom_port: int
    web_port: int
    folder: Path
    process: int = 0
    """Its process ID while it runs."""

    @property
    def url(self) -> str:
        """Where its REST API is."""
        return f"http://127.0.0.1:{self.web_port}"

    def get(self, path: str) -> Any:
        """What it answers."""
        answer = requests.get(f"{self.url}/{path}", timeout=30)
        answer.raise_for_status()
        return answer.json()

    def post(self, path: str, body: Any) -> Any:
        """What it answers."""
        answer = requests.post(f"{self.url}/{path}", json=body, timeout=60)
        assert answer.ok, answer.text
        return answer.json()

    def upload(self, file: Path) -> str:
        """Give it a file; its own ID of the instance."""
        answer = requests.post(f"{self.url}/instances", data=file.read_bytes(), timeout=60)
        assert answer.ok, answer.text
        return str(answer.json()["ID"])

    def upload_all(self, folder: Path) -> None:
        """Give it all files of a folder at once."""
        packed = BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for file in sorted(folder.iterdir()):
                archive.write(file, file.name)
        answer = requests.post(f"{self.url}/instances", data=packed.getvalue(), timeout=120)
        assert answer.ok, answer.text

    def delete(self, path: str) -> None:
        """Delete something."""
        requests.delete(f"{self.url}/{path}", timeout=30).raise_for_status()

    def instances(self, study_instance_uid: str) -> dict[str, str]:
        """Its own IDs of a study's instances, by SOP Instance UID."""
        query = {"Level": "Instance", "Query": {"StudyInstanceUID": study_instance_uid}, "Expand": True}
        return {one["MainDicomTags"]["SOPInstanceUID"]: one["ID"] for one in self.post("tools/find", query)}

    @contextmanager
    def running(self, *modalities: Server, **configuration: Any) -> Iterator["Orthanc"]:
        """Run it; each of our servers is a modality of it, called as its AE title."""
        program = shutil.which("Orthanc", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
        if program is None:
            pytest.skip("Orthanc is not installed")
        file = self.folder / "orthanc.json"
        file.write_text(json.dumps(self._configuration(modalities) | configuration))
        with (self.folder / "orthanc.log").open("ab") as log:
            process = subprocess.Popen([program, str(file)], stdout=log, stderr=log)
        self.process = process.pid
        try:
            wait_until(self._answers, START_SECONDS, "Orthanc answers")
            yield self
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/system", timeout=5).ok
        except requests.RequestException:
            return False

    def _configuration(self, modalities: tuple[Server, ...]) -> dict[str, Any]:
        return {
            "Name": self.ae_title,
            "StorageDirectory": str(self.folder / "storage"),
            "IndexDirectory": str(self.folder / "storage"),
            "HttpPort": self.web_port,
            "DicomPort": self.dicom_port,
            "DicomAet": self.ae_title,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "DicomModalities": {
                one.ae_title: {"AET": one.ae_title, "Host": one.host, "Port": one.dicom_port} for one in modalities
            },
        }


def make_orthanc(folder: Path, ae_title: str, dicom_port: int | None = None) -> Orthanc:
    """A place for an Orthanc, with ports that nobody listens on."""
    folder.mkdir(parents=True, exist_ok=True)
    return Orthanc(ae_title, dicom_port or free_port(), free_port(), folder)

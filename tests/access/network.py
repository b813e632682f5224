"""Asks as one person from an address of the cell's own, so that the audit's events of a cell can be counted."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter

from tests.demonstration import ROOT, Demonstration

TIMEOUT: Final = 20
EVENTS_SECONDS: Final = 45
SEEDING: Final = "tests.access.seeding"


class FromAddress(HTTPAdapter):
    """Requests from one of the machine's many loopback addresses."""

    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        """Bind every connection to the address."""
        super().init_poolmanager(*arguments, source_address=(self.address, 0), **named)  # type: ignore[no-untyped-call]


def session_from(address: str, cookies: Any = None) -> requests.Session:
    """A browser at this address, with the cookies of another one."""
    session = requests.Session()
    session.mount("http://", FromAddress(address))
    if cookies is not None:
        session.cookies.update(cookies)
    return session


@dataclass
class Study:
    """What the matrix is about, as one subject knows it: the study, or its de-identified double."""

    study_instance_uid: str
    server_id: str
    dicomweb_url: str
    series_instance_uid: str = ""
    sop_instance_uid: str = ""


@dataclass
class Visitor:
    """A subject who has signed in, and the pass for the images that they hold, if any."""

    cookies: Any = None
    old_token: str = ""
    study: Study | None = None
    passes: dict[str, str] = field(default_factory=dict)


class Network:
    """The demonstration with the people of the matrix in it."""

    def __init__(self, demonstration: Demonstration) -> None:
        self.demonstration = demonstration
        self.portal_url = demonstration.portal_url
        self.seeded: dict[str, Any] = {}

    def seed(self, *arguments: str) -> str:
        """Run a part of the seeding as the portal's own processes run."""
        environment = self.demonstration.environment_of("granian", "portal.settings.development")
        command = [sys.executable, "-m", SEEDING, *arguments]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-4000:]
        return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""

    def begin(self, accession: str, other_accession: str) -> None:
        """Make the people."""
        self.seeded = json.loads(self.seed("begin", accession, other_accession))
        # The study is of one of the demonstration's own patients, whose national ID is nobody else's.
        for key, institution in (("patient", "A"), ("other_patient", "B")):
            person = self.demonstration.person("patient", institution)
            self.seeded["people"][key] = {"username": person.username, "password": person.password}

    def sign_in(self, key: str, address: str) -> Any:
        """The cookies of a person who has signed in; None for nobody."""
        person = self.seeded["people"].get(key)
        if person is None:
            return None
        session = session_from(address)
        if "share_token" in person:
            page, data = f"{self.portal_url}/share/{person['share_token']}/", {"pin": person["pin"]}
        else:
            page = f"{self.portal_url}/accounts/login/"
            data = {"login": person["username"], "password": person["password"]}
        session.get(page, timeout=TIMEOUT)
        data["csrfmiddlewaretoken"] = session.cookies.get("dicom_network_csrf", "")
        answer = session.post(page, data=data, headers={"Referer": page}, timeout=TIMEOUT, allow_redirects=False)
        assert answer.status_code == requests.codes.found, (
            f"{key} cannot sign in: {answer.status_code} {answer.text[:500]}"
        )
        return session.cookies

    def token(self, session: requests.Session, study_instance_uid: str) -> requests.Response:
        """Ask for a pass for the images, as the viewer does."""
        return session.post(
            f"{self.portal_url}/api/v1/studies/{study_instance_uid}/viewer-token/",
            headers={"X-CSRFToken": session.cookies.get("dicom_network_csrf", ""), "Referer": self.portal_url},
            timeout=TIMEOUT,
        )

    def events_from(self, addresses: list[str]) -> dict[str, int]:
        """How many events the audit holds of each address; those of the DICOM Servers come in their own time."""
        listed = ", ".join(f"'{address}'" for address in addresses)
        statement = (
            f"SELECT remote_address, count(*) FROM audit_auditevent WHERE remote_address IN ({listed}) GROUP BY 1"
        )
        result = self.demonstration.sql("portal", statement)
        assert result.returncode == 0, result.stderr
        return {address: int(number) for address, number in (line.split("|") for line in result.stdout.splitlines())}

    def wait_for_events(self, addresses: list[str]) -> dict[str, int]:
        """The events of each address, once there is one of each or the time is up."""
        deadline = time.monotonic() + EVENTS_SECONDS
        while True:
            counted = self.events_from(addresses)
            if len(counted) == len(set(addresses)) or time.monotonic() > deadline:
                return counted
            time.sleep(0.5)

"""Orders of tests with a running network: placed by REST, sent by HL7, and asked for with dcmtk's findscu."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pydicom
import requests
from pydicom.dataset import Dataset

from tests.demonstration import ROOT, Demonstration, Server, free_port, wait_until
from tests.interop.dcmtk import dcmtk

AE_TITLE = "ITW_CT"
# A heartbeat, and a machine that has much else to do.
PATIENCE = 90
KEYS = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "AccessionNumber",
    "StudyInstanceUID",
    "RequestedProcedureID",
    "RequestedProcedureDescription",
    "ReferringPhysicianName",
    "RequestingPhysician",
    "AdmissionID",
    "CurrentPatientLocation",
    "PatientWeight",
    "MedicalAlerts",
    "Allergies",
    "RequestedProcedureCodeSequence[0].CodeValue",
    "RequestedProcedureCodeSequence[0].CodingSchemeDesignator",
    "RequestedProcedureCodeSequence[0].CodeMeaning",
    *(
        f"ScheduledProcedureStepSequence[0].{key}"
        for key in (
            "ScheduledStationAETitle",
            "ScheduledProcedureStepStartDate",
            "ScheduledProcedureStepStartTime",
            "Modality",
            "ScheduledPerformingPhysicianName",
            "ScheduledProcedureStepDescription",
            "ScheduledStationName",
            "ScheduledProcedureStepLocation",
            "ScheduledProcedureStepID",
        )
    ),
)


def ordering_server(demonstration: Demonstration) -> Server:
    """A server of the network that knows the modality."""
    server = demonstration.server("A")
    if AE_TITLE not in demonstration.manage(server, "list_peers"):
        services = "store,worklist,procedure_step"
        known = ("--ae-title", AE_TITLE, "--address", "127.0.0.0/8", "--services", services)
        demonstration.manage(server, "add_peer", "itw modality", *known)
    return server


@contextmanager
def hl7_process(demonstration: Demonstration, server: Server, log_path: Path) -> Iterator[int]:
    """The server's HL7 process, on a port of its own."""
    port = free_port()
    environment = demonstration.environment_of("run_scp", f"DICOM_SERVER_HOME={server.home}") | {"HL7_PORT": str(port)}
    with log_path.open("ab") as log:
        command = [sys.executable, "-m", "dicomserver", "run_hl7"]
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ | environment, stdout=log, stderr=log)
    try:
        wait_until(lambda: answers(port), PATIENCE, "HL7 is listened for")
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def send_hl7(port: int, message: str, encoding: str = "utf-8") -> bytes:
    """The acknowledgement of one message."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(b"\x0b" + message.encode(encoding) + b"\x1c\r")
        return connection.recv(4096)


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def place(demonstration: Demonstration, station: str, **changes: Any) -> dict[str, Any]:
    """An order by REST, as a hospital's system places it."""
    step = changes.pop("step", {})
    patient = changes.pop("patient", {})
    body = {
        "requested_procedure_description": "CT chest",
        "requesting_physician_name": "Rusu^Elena",
        "patient": {
            "patient_id": f"ITW-{uuid4().hex[:12]}",
            "patient_name": "Țurcanu^Ștefan",
            "patient_birth_date": "1962-08-31",
            "patient_sex": "M",
            **patient,
        },
        "scheduled_procedure_steps": [
            {
                "modality": "CT",
                "scheduled_station_ae_titles": [station],
                "scheduled_procedure_step_start_date": "2031-03-04",
                "scheduled_procedure_step_start_time": "08:30:00",
                "scheduled_procedure_step_description": "CT chest with contrast",
                **step,
            }
        ],
        **changes,
    }
    person = demonstration.person("radiologist", "A")
    answer = requests.post(
        f"{demonstration.portal_url}/api/v1/orders/",
        json=body,
        headers={"Authorization": f"Token {person.api_token}"},
        timeout=60,
    )
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def asked_for(folder: Path, host: str, port: int, called: str, *keys: str, **options: str) -> list[Dataset]:
    """What dcmtk's findscu is answered on the worklist."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("rsp*.dcm"):
        old.unlink()
    arguments = [argument for key in (*KEYS, *keys) for argument in ("-k", key)]
    result = dcmtk(
        "findscu", "-W", "-aet", options.get("calling", AE_TITLE), "-aec", called, "-X", "-od", str(folder), *arguments,
        host, str(port),
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    return [pydicom.dcmread(path, force=True) for path in sorted(folder.glob("rsp*.dcm"))]


def listed(server: Server, folder: Path, *keys: str) -> list[Dataset]:
    """What our server answers."""
    return asked_for(folder, server.host, server.dicom_port, server.ae_title, *keys)


def station() -> str:
    """An AE title that no other test has."""
    return f"ITW{uuid4().hex[:10].upper()}"


def at(ae_title: str) -> str:
    return f"ScheduledProcedureStepSequence[0].ScheduledStationAETitle={ae_title}"


def order_state(demonstration: Demonstration, **wanted: str) -> str | None:
    """Where the one order stands at the portal."""
    person = demonstration.person("radiologist", "A")
    found = demonstration.api(person, "orders/", **wanted).json()["results"]
    return found[0]["state"] if found else None


def change_order(demonstration: Demonstration, order_id: str, **changes: Any) -> None:
    """The order is changed by REST."""
    person = demonstration.person("radiologist", "A")
    answer = requests.patch(
        f"{demonstration.portal_url}/api/v1/orders/{order_id}/",
        json=changes,
        headers={"Authorization": f"Token {person.api_token}"},
        timeout=60,
    )
    assert answer.status_code == 200, answer.text


def shown_order(demonstration: Demonstration, order_id: str) -> dict[str, Any]:
    """The order as the portal shows it."""
    return dict(demonstration.api(demonstration.person("radiologist", "A"), f"orders/{order_id}/").json())

"""Orders by REST and by HL7 stand in the modality worklist that dcmtk asks for; what modalities report comes back."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pydicom
import pytest
import requests
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from pynetdicom import AE
from pynetdicom.sop_class import ModalityPerformedProcedureStep, ModalityWorklistInformationFind

from demo import programs
from tests.demonstration import Demonstration, Server, free_port, wait_until
from tests.dicomserver.hl7.made_messages import adt, orm
from tests.dicomserver.orders.made_orders import begun_step, ended_step
from tests.interop.dcmtk import dcmtk, tool_path
from tests.interop.files import write_slice
from tests.interop.ordering import (
    AE_TITLE,
    PATIENCE,
    answers,
    asked_for,
    at,
    change_order,
    hl7_process,
    listed,
    order_state,
    ordering_server,
    place,
    send_hl7,
    shown_order,
    station,
)

pytestmark = pytest.mark.timeout(400)

# After which the servers of the demonstration call a study complete that nothing was announced of.
QUIET_SECONDS = float(programs.QUIET_SECONDS)


@pytest.fixture(scope="module")
def server(demonstration: Demonstration) -> Server:
    """A server of the network that knows the modality."""
    return ordering_server(demonstration)


def wait_for_items(server: Server, folder: Path, where: str, count: int) -> list[Dataset]:
    """What a station's worklist holds, once it is so many."""
    wait_until(lambda: len(listed(server, folder, at(where))) == count, PATIENCE, f"{count} stand in the worklist")
    return listed(server, folder, at(where))


def test_findscu_lists_what_was_ordered_by_rest(demonstration: Demonstration, server: Server, tmp_path: Path) -> None:
    # All at once: each news of orders comes with a heartbeat.
    names = {station(): name for name in ("Țurcanu^Ștefan", "Козлова^Анна", "Turcanu^Stefan")}
    orders = {where: place(demonstration, where, patient={"patient_name": name}) for where, name in names.items()}
    for where, name in names.items():
        order = orders[where]
        (item,) = wait_for_items(server, tmp_path, where, 1)
        assert (item.PatientName, item.AccessionNumber) == (name, order["accession_number"])
        assert item.StudyInstanceUID == order["study_instance_uid"]
        assert item.get("SpecificCharacterSet") == (None if name.isascii() else "ISO_IR 192")
        (step,) = item.ScheduledProcedureStepSequence
        assert (step.ScheduledStationAETitle, step.ScheduledProcedureStepStartDate) == (where, "20310304")
    person = demonstration.person("radiologist", "A")
    for order in orders.values():
        answer = requests.post(
            f"{demonstration.portal_url}/api/v1/orders/{order['id']}/cancel/",
            headers={"Authorization": f"Token {person.api_token}"},
            timeout=60,
        )
        assert answer.status_code == 200
    for where in orders:
        assert wait_for_items(server, tmp_path, where, 0) == []


@pytest.fixture
def hl7(demonstration: Demonstration, server: Server, tmp_path: Path) -> Iterator[int]:
    """The server's HL7 process, on a port of its own."""
    with hl7_process(demonstration, server, tmp_path / "hl7.log") as port:
        yield port


def test_findscu_lists_what_came_by_hl7(demonstration: Demonstration, server: Server, hl7: int, tmp_path: Path) -> None:
    number = uuid4().hex[:12]
    pid = f"PID|1||ITW-{number}^^^HOSPITAL^PI||Козлова^Анна||19810101|F"
    message = orm(number=f"P{number}", accession=f"H{number}", study=str(generate_uid()), pid=pid, charset="8859/5")
    # With a station: a step for any station would be listed to the other tests too.
    message += f"\rIPC||||S{number}|CT||||{station()}"
    assert b"MSA|AA|MSG1" in send_hl7(hl7, message, "iso8859_5")
    # Acknowledged is committed: it is there now.
    (item,) = listed(server, tmp_path, f"AccessionNumber=H{number}")
    assert (item.PatientName, item.PatientID) == ("Козлова^Анна", f"ITW-{number}")
    wait_until(
        lambda: order_state(demonstration, accession_number=f"H{number}") == "scheduled",
        PATIENCE,
        "the portal knows it",
    )


def as_values(items: list[Dataset]) -> list[str]:
    """The answers as text that can be compared, in no order; in which character set they are is another matter."""
    values = []
    for item in items:
        found = item.to_json_dict()
        for tag in ("00080005", "00080016", "00080018"):
            found.pop(tag, None)
        values.append(json.dumps(with_values(found), sort_keys=True, ensure_ascii=False))
    return sorted(values)


def with_values(found: dict[str, Any]) -> dict[str, Any]:
    """The attributes that have a value: dcmtk writes a sequence without one as an item of empty attributes."""
    kept = {}
    for tag, element in found.items():
        values = element.get("Value", [])
        if element["vr"] == "SQ":
            values = [item for item in map(with_values, values) if item]
        if values:
            kept[tag] = {"vr": element["vr"], "Value": values}
    return kept


QUERIES: tuple[tuple[str, ...], ...] = (
    (),
    ("PatientName=Alpha*",),
    ("PatientName=*^Beta",),
    ("PatientName=?lpha^Beta",),
    ("PatientID=ITWX-1",),
    ("PatientID=ITWX-9",),
    ("PatientSex=F",),
    ("ScheduledProcedureStepSequence[0].Modality=MR",),
    ("ScheduledProcedureStepSequence[0].ScheduledProcedureStepStartDate=20310304",),
    ("ScheduledProcedureStepSequence[0].ScheduledProcedureStepStartDate=20310304-20310305",),
    ("ScheduledProcedureStepSequence[0].ScheduledProcedureStepStartDate=-20310304",),
    ("ScheduledProcedureStepSequence[0].ScheduledProcedureStepStartDate=20310306-",),
    ("ScheduledProcedureStepSequence[0].ScheduledProcedureStepStartTime=080000-090000",),
    ("ScheduledProcedureStepSequence[0].ScheduledProcedureStepStartTime=120000-",),
    ("ScheduledProcedureStepSequence[0].ScheduledPerformingPhysicianName=Ivanova*",),
    ("RequestedProcedureID=ITWR2",),
)


@pytest.fixture(scope="module")
def both(
    demonstration: Demonstration, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, int]]:
    """The same four items at our server and at dcmtk's wlmscpfs; yields their station, and the port of the latter."""
    folder = tmp_path_factory.mktemp("worklist")
    where = station()
    people = (("Alpha^Beta", "M"), ("Alpha^Gamma", "F"), ("Delta^Beta", "F"), ("Epsilon^Zeta", "M"))
    for number, (name, sex) in enumerate(people, start=1):
        place(
            demonstration,
            where,
            requested_procedure_id=f"ITWR{number}",
            patient={"patient_id": f"ITWX-{number}", "patient_name": name, "patient_sex": sex},
            step={
                "modality": "MR" if number == 2 else "CT",
                "scheduled_procedure_step_start_date": f"2031-03-0{number + 2}",
                "scheduled_procedure_step_start_time": f"{6 + 2 * number:02}:30:00",
                "scheduled_performing_physician_name": "Ivanova^Olga" if number < 3 else "Petrov^Oleg",
            },
        )
    wait_until(lambda: len(listed(server, folder / "a", at(where))) == 4, PATIENCE, "all stand in the worklist")
    files = folder / "files" / "WLM"
    files.mkdir(parents=True)
    (files / "lockfile").touch()
    for number, item in enumerate(listed(server, folder / "a", at(where))):
        item.file_meta = FileMetaDataset()
        item.file_meta.MediaStorageSOPClassUID = ModalityWorklistInformationFind
        item.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        item.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        pydicom.dcmwrite(files / f"{number}.wl", item, enforce_file_format=True)
    port = free_port()
    command = [tool_path("wlmscpfs"), "-dfr", "-dfp", str(folder / "files"), str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: answers(port), 30, "wlmscpfs listens")
        yield where, port
    finally:
        process.terminate()
        process.wait(10)


@pytest.mark.parametrize("query", QUERIES, ids=" ".join)
def test_dcmtks_own_worklist_answers_the_same(
    server: Server, both: tuple[str, int], tmp_path: Path, query: tuple[str, ...]
) -> None:
    where, port = both
    ours = listed(server, tmp_path / "ours", at(where), *query)
    theirs = asked_for(tmp_path / "theirs", "127.0.0.1", port, "WLM", at(where), *query)
    assert as_values(ours) == as_values(theirs)


class Reporting:
    """A modality's association for performed procedure steps."""

    def __init__(self, server: Server) -> None:
        ae = AE(ae_title=AE_TITLE)
        ae.add_requested_context(ModalityPerformedProcedureStep)
        self.assoc = ae.associate(server.host, server.dicom_port, ae_title=server.ae_title)
        assert self.assoc.is_established

    def create(self, ds: Dataset, uid: str) -> int:
        return int(self.assoc.send_n_create(ds, ModalityPerformedProcedureStep, uid)[0].Status)

    def change(self, ds: Dataset, uid: str) -> int:
        return int(self.assoc.send_n_set(ds, ModalityPerformedProcedureStep, uid)[0].Status)


@pytest.fixture
def reporting(server: Server) -> Iterator[Reporting]:
    reporting = Reporting(server)
    yield reporting
    reporting.assoc.release()


def begun(item: Dataset) -> Dataset:
    """A step for an item of the worklist."""
    ds = begun_step()
    scheduled = ds.ScheduledStepAttributesSequence[0]
    scheduled.StudyInstanceUID = item.StudyInstanceUID
    scheduled.ScheduledProcedureStepID = item.ScheduledProcedureStepSequence[0].ScheduledProcedureStepID
    return ds


def test_a_study_is_complete_with_the_last_instance_that_its_modality_announced(
    demonstration: Demonstration, server: Server, reporting: Reporting, tmp_path: Path
) -> None:
    where = station()
    order = place(demonstration, where)
    (item,) = wait_for_items(server, tmp_path, where, 1)
    study, performed = str(item.StudyInstanceUID), str(generate_uid())
    assert reporting.create(begun(item), performed) == 0x0000
    paths = [tmp_path / f"{number}.dcm" for number in range(3)]
    uids = [str(write_slice(path, StudyInstanceUID=study).SOPInstanceUID) for path in paths]
    store(server, paths[0], paths[1])
    assert reporting.change(ended_step("COMPLETED", *uids), performed) == 0x0000
    number = {"accession_number": order["accession_number"]}
    wait_until(
        lambda: order_state(demonstration, **number) == "completed", PATIENCE, "the portal knows that it is done"
    )
    person = demonstration.person("radiologist", "A")
    wait_until(lambda: demonstration.instances_seen(person, study) == 2, PATIENCE, "the portal knows of two")
    assert not is_complete(demonstration, server, study)
    store(server, paths[2])
    wait_until(lambda: is_complete(demonstration, server, study), QUIET_SECONDS / 2, "the study is complete")


def store(server: Server, *paths: Path) -> None:
    target = ("-aet", AE_TITLE, "-aec", server.ae_title, server.host, str(server.dicom_port))
    result = dcmtk("storescu", *target, *map(str, paths))
    assert result.returncode == 0, result.stderr


def is_complete(demonstration: Demonstration, server: Server, study: str) -> bool:
    """Whether the server itself calls the study complete."""
    code = (
        "from dicomserver.index.models import Study; "
        f"print(Study.objects.get(study_instance_uid='{study}').completed_at is not None)"
    )
    return demonstration.manage(server, "shell", "-v", "0", "-c", code).strip().endswith("True")


def test_what_a_modality_reports_out_of_order_is_refused(reporting: Reporting) -> None:
    uid = str(generate_uid())
    assert reporting.change(ended_step("COMPLETED"), uid) == 0x0112
    assert reporting.create(begun_step(PerformedProcedureStepStatus="COMPLETED"), uid) == 0x0106
    assert reporting.create(begun_step(), uid) == 0x0000
    assert reporting.create(begun_step(), uid) == 0x0111
    assert reporting.change(ended_step("DISCONTINUED"), uid) == 0x0000
    assert reporting.change(ended_step("COMPLETED"), uid) == 0x0110


def test_a_name_corrected_by_hl7_outlives_the_next_change_by_rest(
    demonstration: Demonstration, server: Server, hl7: int, tmp_path: Path
) -> None:
    where = station()
    order = place(demonstration, where, patient={"patient_name": "Turcan^Stefan"})
    wait_for_items(server, tmp_path, where, 1)
    pid = f"PID|1||{order['patient']['patient_id']}^^^HOSPITAL^PI||Țurcanu^Ștefan"
    assert b"MSA|AA|MSG1" in send_hl7(hl7, adt("ADT^A08", pid))
    change_order(demonstration, order["id"], patient={"allergies": "Latex"})
    wait_until(
        lambda: [item.Allergies for item in listed(server, tmp_path, at(where))] == ["Latex"],
        PATIENCE,
        "the change stands in the worklist",
    )
    (item,) = listed(server, tmp_path, at(where))
    assert item.PatientName == "Țurcanu^Ștefan"
    wait_until(
        lambda: shown_order(demonstration, order["id"])["patient"]["patient_name"] == "Țurcanu^Ștefan",
        PATIENCE,
        "the portal knows the name",
    )
    assert shown_order(demonstration, order["id"])["patient"]["allergies"] == "Latex"

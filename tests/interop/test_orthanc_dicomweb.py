"""Orthanc's DICOMweb plugin as a client, with a machine's token in its HTTP headers."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from benchmarks.servers.peers import Orthanc
from tests.demonstration import Demonstration, Server
from tests.dicomserver.dicomweb.storing import part10
from tests.dicomserver.objects import small_ct
from tests.interop.peers import machine_token

pytestmark = pytest.mark.timeout(180)

OURS = "/dicom-web/servers/ours"


@pytest.fixture(scope="module")
def server(demonstration: Demonstration) -> Server:
    return demonstration.server("A")


@pytest.fixture(scope="module")
def token(demonstration: Demonstration, server: Server) -> str:
    return machine_token(demonstration, server, "orthanc-dicomweb", "query", "retrieve", "store")


@pytest.fixture(scope="module")
def orthanc(token: str, server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    """Orthanc that knows our server."""
    missing = Orthanc.missing(dicomweb=True)
    if missing:
        pytest.skip(missing)
    ours = {"Url": f"{server.dicomweb_url}/", "HttpHeaders": {"Authorization": f"Bearer {token}"}}
    settings = {"DicomWeb": {"Enable": True, "Servers": {"ours": ours}}, "RemoteAccessAllowed": False}
    with Orthanc(tmp_path_factory.mktemp("orthanc"), settings=settings) as running:
        yield running


def new_study() -> list[Dataset]:
    study, series, patient = generate_uid(), generate_uid(), f"ORTHANC-{os.getpid()}"
    return [
        small_ct(StudyInstanceUID=study, SeriesInstanceUID=series, InstanceNumber=number, PatientID=patient)
        for number in (1, 2, 3)
    ]


@pytest.fixture(scope="module")
def study(token: str, server: Server) -> list[Dataset]:
    """A study that our server holds."""
    made = new_study()
    for ds in made:
        stored = requests.post(
            f"{server.dicomweb_url}/studies",
            data=part10(ds),
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/dicom"},
            timeout=30,
        )
        assert stored.status_code == 200, stored.text
    return made


def upload(orthanc: Orthanc, ds: Dataset) -> str:
    answer = requests.post(f"http://127.0.0.1:{orthanc.web_port}/instances", data=part10(ds), timeout=30)
    return str(answer.json()["ID"])


def ask(orthanc: Orthanc, verb: str, body: dict[str, Any]) -> requests.Response:
    return requests.post(f"http://127.0.0.1:{orthanc.web_port}{OURS}/{verb}", json=body, timeout=60)


def test_orthanc_searches_ours(orthanc: Orthanc, study: list[Dataset]) -> None:
    uid = study[0].StudyInstanceUID
    found = ask(orthanc, "get", {"Uri": "/studies", "Arguments": {"StudyInstanceUID": uid}})
    assert found.status_code == 200, found.text
    assert [one["0020000D"]["Value"][0] for one in found.json()] == [uid]
    instances = ask(orthanc, "get", {"Uri": f"/studies/{uid}/instances", "Arguments": {}}).json()
    assert len(instances) == 3


def test_orthanc_reads_our_metadata(orthanc: Orthanc, study: list[Dataset]) -> None:
    found = ask(orthanc, "get", {"Uri": f"/studies/{study[0].StudyInstanceUID}/metadata", "Arguments": {}})
    assert {one["00080018"]["Value"][0] for one in found.json()} == {ds.SOPInstanceUID for ds in study}


def test_orthanc_retrieves_a_study_from_ours(orthanc: Orthanc, study: list[Dataset]) -> None:
    uid = study[0].StudyInstanceUID
    done = ask(orthanc, "retrieve", {"Resources": [{"Study": uid}], "Synchronous": True})
    assert done.status_code == 200, done.text
    assert orthanc.instances([uid]) == 3


def test_orthanc_retrieves_one_instance_from_ours(orthanc: Orthanc, token: str, server: Server) -> None:
    ds = new_study()[0]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/dicom"}
    requests.post(f"{server.dicomweb_url}/studies", data=part10(ds), headers=headers, timeout=30).raise_for_status()
    resource = {"Study": ds.StudyInstanceUID, "Series": ds.SeriesInstanceUID, "Instance": ds.SOPInstanceUID}
    done = ask(orthanc, "retrieve", {"Resources": [resource], "Synchronous": True})
    assert done.status_code == 200, done.text
    assert orthanc.instances([ds.StudyInstanceUID]) == 1


def test_orthanc_stores_into_ours(orthanc: Orthanc, token: str, server: Server) -> None:
    made = new_study()
    resources = [upload(orthanc, ds) for ds in made]
    done = ask(orthanc, "stow", {"Resources": resources, "Synchronous": True})
    assert done.status_code == 200, done.text
    found = requests.get(
        f"{server.dicomweb_url}/studies/{made[0].StudyInstanceUID}/instances",
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    ).json()
    assert {one["00080018"]["Value"][0] for one in found} == {ds.SOPInstanceUID for ds in made}


def test_orthanc_deletes_nothing_without_the_service(orthanc: Orthanc, study: list[Dataset]) -> None:
    uid = study[0].StudyInstanceUID
    assert ask(orthanc, "delete", {"Level": "Study", "StudyInstanceUID": uid}).status_code != 200
    still = ask(orthanc, "get", {"Uri": "/studies", "Arguments": {"StudyInstanceUID": uid}})
    assert len(still.json()) == 1

"""Attributes as XML: what dcmtk's dcm2xml makes of a file is what WADO-RS and QIDO-RS say of it; curl asks."""

import io
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from dicomweb_client.api import DICOMwebClient
from dicomweb_client.session_utils import create_session
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.demonstration import Demonstration, Server
from tests.dicomserver.objects import small_ct
from tests.interop.dcmtk import dcmtk
from tests.interop.peers import machine_token
from tests.interop.test_dicomweb_client import with_meta
from tests.interop.test_media import tool

pytestmark = pytest.mark.timeout(180)

XML = 'Accept: multipart/related; type="application/dicom+xml"'
NATIVE = "{http://dicom.nema.org/PS3.19/models/NativeDICOM}"
# What this server adds: the transfer syntax in which it keeps the instance.
ADDED = "00083002"
PIXEL_DATA = "7FE00010"


@pytest.fixture(scope="module")
def server(demonstration: Demonstration) -> Server:
    return demonstration.server("A")


@pytest.fixture(scope="module")
def token(demonstration: Demonstration, server: Server) -> str:
    return machine_token(demonstration, server, "xml-reader", "query", "retrieve", "store", "delete")


@pytest.fixture(scope="module")
def stored(server: Server, token: str) -> Iterator[Dataset]:
    """An instance with names in two scripts, sequences in sequences, several values, private and empty elements."""
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "CT1", "99LOCAL", "Chest <low> & dose"
    step = Dataset()
    step.ScheduledProcedureStepID = "S1"
    step.ScheduledProtocolCodeSequence = Sequence([code])
    ds = small_ct(
        SpecificCharacterSet="ISO_IR 192", PatientName="Козлова^Мария^^д-р=山田^花子", PatientComments="șase  ",
        ImageType=["ORIGINAL", "PRIMARY", "AXIAL"], RequestAttributesSequence=Sequence([step, Dataset()]),
        AccessionNumber="", FrameIncrementPointer=[0x00181063, 0x00181065], PixelSpacing=["0.5", "0.25"],
    )  # fmt: skip
    ds.add_new(0x00111010, "LO", ["first", "second"])
    ds.add_new(0x00110010, "LO", "A MAKER")
    session = create_session()
    session.headers["Authorization"] = f"Bearer {token}"
    client = DICOMwebClient(server.dicomweb_url, session=session)
    client.store_instances([with_meta(ds)])
    yield ds
    client.delete_study(ds.StudyInstanceUID)


def asked(token: str, url: str, *arguments: str) -> bytes:
    """What curl gets, head and body."""
    target = ["--silent", "--fail", "--include", "-H", f"Authorization: Bearer {token}", "-H", XML, *arguments, url]
    done = tool("curl", *target)
    assert done.returncode == 0, done.stderr
    return done.stdout.encode()


def documents(answer: bytes) -> list[ET.Element]:
    """The parts of an answer with its head."""
    parts = message_from_bytes(answer.partition(b"\n")[2]).get_payload()
    assert isinstance(parts, list)
    return [ET.parse(io.BytesIO(part.get_payload(decode=True))).getroot() for part in parts]


def told(parent: ET.Element, above: str = "") -> dict[str, tuple[str, list[str]]]:
    """VR, creator and texts by the way to each attribute."""
    found: dict[str, tuple[str, list[str]]] = {}
    for one in parent.iter():
        one.tag = one.tag.removeprefix(NATIVE)
    for attribute in parent.findall("DicomAttribute"):
        name = f"{above}{attribute.get('tag')}{attribute.get('privateCreator', '')}"
        texts = [
            f"{value.tag}{value.get('number', '')} {(value.text or '').strip()}".strip()
            for child in attribute
            if child.tag != "Item"
            for value in child.iter()
        ]
        found[name] = (str(attribute.get("vr")), texts)
        for item in attribute.findall("Item"):
            found |= told(item, f"{name}/{item.get('number')}/")
    return found


def test_metadata_are_what_dcm2xml_makes_of_the_file(
    server: Server, token: str, stored: Dataset, tmp_path: Path
) -> None:
    stored.save_as(tmp_path / "file.dcm", enforce_file_format=True)
    made = dcmtk("dcm2xml", "--native-format", str(tmp_path / "file.dcm"))
    assert made.returncode == 0, made.stderr
    (answer,) = documents(asked(token, f"{server.dicomweb_url}/studies/{stored.StudyInstanceUID}/metadata"))
    ours, theirs = told(answer), told(ET.fromstring(made.stdout))
    assert ours.pop(ADDED) == ("UI", ["Value1 1.2.840.10008.1.2.1"])
    assert (ours.pop(PIXEL_DATA)[0], theirs.pop(PIXEL_DATA)[0]) == ("OW", "OW")
    assert ours == theirs
    assert ours["00110010A MAKER"] == ("LO", ["Value1 first", "Value2 second"])


def test_curl_searches_and_reads_xml(server: Server, token: str, stored: Dataset) -> None:
    uid = str(stored.StudyInstanceUID)
    (study,) = documents(asked(token, f"{server.dicomweb_url}/studies?StudyInstanceUID={uid}"))
    found = told(study)
    assert found["0020000D"] == ("UI", [f"Value1 {uid}"])
    assert found["00081190"] == ("UR", [f"Value1 {server.dicomweb_url}/studies/{uid}"])
    assert found["00100010"][1][:3] == ["PersonName1", "Alphabetic", "FamilyName Козлова"]


def test_curl_is_told_what_the_service_can_do(server: Server) -> None:
    done = tool("curl", "--silent", "--fail", "-X", "OPTIONS", f"{server.dicomweb_url}/")
    assert done.returncode == 0, done.stderr
    root = ET.fromstring(done.stdout)
    assert root.tag == "{http://wadl.dev.java.net/2009/02}application"
    assert [one.get("base") for one in root] == [server.dicomweb_url]

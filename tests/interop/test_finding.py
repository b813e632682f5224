"""Other people's tools look for studies: dcmtk's findscu and gdcmscu by C-FIND, dicomweb-client by QIDO-RS."""

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pydicom
import pytest
import requests
from dicomweb_client.api import DICOMwebClient
from dicomweb_client.session_utils import create_session
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from tests.demonstration import Demonstration, Server, shared_data, wait_until
from tests.dicomserver.objects import small_ct
from tests.interop.dcmtk import dcmtk, tool_path
from tests.interop.peers import machine_token

pytestmark = pytest.mark.timeout(180)

# Own to this run: others use the same network.
NUMBER = generate_uid()[-10:]
AE_TITLE, PATIENT_ID = f"FIND{NUMBER}", f"FIND-{NUMBER}"
NAME = "Știrbu^Ana-Maria"
MODELS = {"-P": ("PATIENT", "STUDY", "SERIES", "IMAGE"), "-S": ("STUDY", "SERIES", "IMAGE"), "-O": ("PATIENT", "STUDY")}


@pytest.fixture(scope="module")
def server(demonstration: Demonstration) -> Server:
    return demonstration.server("A")


@pytest.fixture(scope="module")
def study(
    demonstration: Demonstration, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Dataset]]:
    """A CT series of two instances and an MR series of one, sent by dcmtk, and a peer that may look for them."""
    demonstration.manage(server, "add_peer", AE_TITLE, "--ae-title", AE_TITLE, "--services", "query")
    folder = tmp_path_factory.mktemp("finding")
    first = small_ct(PatientName=NAME, PatientID=PATIENT_ID, InstitutionName="Spitalul Sfânta Treime", SeriesNumber=1)
    same = {keyword: first[keyword].value for keyword in ("PatientName", "PatientID", "StudyInstanceUID")}
    made = [
        first,
        small_ct(**same, SeriesInstanceUID=first.SeriesInstanceUID, SeriesNumber=1, InstanceNumber=8),
        small_ct(
            **same, Modality="MR", SOPClassUID="1.2.840.10008.5.1.4.1.1.4", SeriesNumber=2,
            SeriesDescription="Axial T2", StationName="MR1", BodyPartExamined="BRAIN", ProtocolName="Head",
            PerformedProcedureStepStartDate="20260102", PerformedProcedureStepStartTime="101500",
        ),
    ]  # fmt: skip
    send(server, made, folder)
    wait_until(lambda: found(server, "-S", "STUDY", [f"PatientID={PATIENT_ID}"]) != [], 30, "the study is found")
    yield made
    demonstration.manage(server, "remove_peer", AE_TITLE)


def send(server: Server, instances: Sequence[Dataset], folder: Path) -> None:
    """Send instances with dcmtk's storescu."""
    for number, ds in enumerate(instances):
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
        pydicom.dcmwrite(folder / f"{number}.dcm", ds, enforce_file_format=True)
    target = ("-aec", server.ae_title, server.host, str(server.dicom_port))
    result = dcmtk("storescu", "+sd", *target, str(folder))
    assert result.returncode == 0, result.stderr


def findscu(server: Server, *options: str, files: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Run dcmtk's findscu against the server."""
    target = ("-aet", AE_TITLE, "-aec", server.ae_title, server.host, str(server.dicom_port))
    return dcmtk("findscu", "-d", *options, *target, *files)


def found(server: Server, model: str, level: str, keys: Sequence[str], folder: Path | None = None) -> list[Dataset]:
    """The matches, as findscu wrote them into files."""
    options = [option for key in (f"QueryRetrieveLevel={level}", *keys) for option in ("-k", key)]
    if folder is None:
        result = findscu(server, model, *options)
        assert result.returncode == 0, result.stderr
        # Each match begins with its number.
        return [
            Dataset()
            for line in result.stdout.splitlines() + result.stderr.splitlines()
            if "Received Find Response" in line
        ]
    folder.mkdir(exist_ok=True)
    result = findscu(server, model, *options, "-X", "-od", str(folder))
    assert result.returncode == 0, result.stderr
    return [pydicom.dcmread(path, force=True) for path in sorted(folder.iterdir())]


@pytest.mark.parametrize(("model", "level"), [(model, level) for model, levels in MODELS.items() for level in levels])
def test_findscu_walks_down_every_level_of_every_model(
    server: Server, study: list[Dataset], tmp_path: Path, model: str, level: str
) -> None:
    first = study[0]
    above = {
        "PATIENT": [],
        "STUDY": [f"PatientID={PATIENT_ID}"],
        "SERIES": [f"PatientID={PATIENT_ID}", f"StudyInstanceUID={first.StudyInstanceUID}"],
        "IMAGE": [
            f"PatientID={PATIENT_ID}",
            f"StudyInstanceUID={first.StudyInstanceUID}",
            f"SeriesInstanceUID={first.SeriesInstanceUID}",
        ],
    }[level]
    own = {
        "PATIENT": [f"PatientID={PATIENT_ID}", "PatientName", "NumberOfPatientRelatedInstances"],
        "STUDY": ["StudyInstanceUID", "ModalitiesInStudy", "NumberOfStudyRelatedInstances"],
        "SERIES": ["SeriesInstanceUID", "SeriesNumber", "Modality", "NumberOfSeriesRelatedInstances"],
        "IMAGE": ["SOPInstanceUID", "InstanceNumber", "SOPClassUID"],
    }[level]
    matches = found(server, model, level, [*above, *own], tmp_path / "found")
    told = {
        "PATIENT": [(PATIENT_ID, NAME, 3)],
        "STUDY": [(first.StudyInstanceUID, ["CT", "MR"], 3)],
        "SERIES": [(first.SeriesInstanceUID, 1, "CT", 2), (study[2].SeriesInstanceUID, 2, "MR", 1)],
        "IMAGE": [(ds.SOPInstanceUID, ds.InstanceNumber, ds.SOPClassUID) for ds in study[:2]],
    }[level]
    keywords = [key.partition("=")[0] for key in own]
    assert [tuple(match[keyword].value for keyword in keywords) for match in matches] == told
    assert {(match.QueryRetrieveLevel, match.RetrieveAETitle) for match in matches} == {(level, server.ae_title)}


@pytest.mark.parametrize(
    ("level", "keys", "count"),
    [
        # Universal, single value, list of UIDs, ranges, wildcards, names (PS3.4 C.2.2.2).
        ("STUDY", ["AccessionNumber", "StudyID=S1"], 1),
        ("STUDY", ["AccessionNumber=ACC1"], 1),
        ("STUDY", ["AccessionNumber=ACC2"], 0),
        ("STUDY", ["AccessionNumber=A?C*"], 1),
        ("STUDY", ["StudyInstanceUID={study}"], 1),
        ("STUDY", [r"StudyInstanceUID=1.2.3\{study}\1.2.4"], 1),
        ("STUDY", ["StudyDate=20260102"], 1),
        ("STUDY", ["StudyDate=20260101-20260103"], 1),
        ("STUDY", ["StudyDate=20260103-"], 0),
        ("STUDY", ["StudyDate=-20260102", "StudyTime=-1100"], 1),
        ("STUDY", ["StudyTime=11-12"], 0),
        ("STUDY", ["PatientName=STIRBU^ANA-MARIA"], 1),
        ("STUDY", ["PatientName=stirbu*"], 1),
        ("STUDY", ["PatientName=*ana*"], 1),
        ("STUDY", ["PatientName=ana*"], 0),
        ("STUDY", ["PatientBirthDate=19700101", "PatientSex=M"], 1),
        ("STUDY", ["PatientSex=F"], 0),
        ("STUDY", ["ModalitiesInStudy=MR"], 1),
        ("STUDY", ["ModalitiesInStudy=US"], 0),
        ("STUDY", ["SOPClassesInStudy=1.2.840.10008.5.1.4.1.1.4"], 1),
        ("STUDY", ["InstitutionName=spitalul sfanta*"], 1),
        ("STUDY", ["ReferringPhysicianName=REFERRER*", "StudyDescription=CHEST"], 1),
        ("STUDY", ["IssuerOfPatientID=HOSPITAL", "InstanceAvailability=ONLINE"], 1),
        ("STUDY", ["InstanceAvailability=OFFLINE"], 0),
        ("SERIES", ["StudyInstanceUID={study}", "Modality=MR"], 1),
        ("SERIES", ["StudyInstanceUID={study}", "SeriesNumber=2"], 1),
        ("SERIES", ["StudyInstanceUID={study}", "SeriesDescription=axial*"], 2),
        ("SERIES", ["StudyInstanceUID={study}", "StationName=MR1", "BodyPartExamined=BRAIN", "ProtocolName=HEAD"], 1),
        ("SERIES", ["StudyInstanceUID={study}", "PerformedProcedureStepStartDate=20260101-20260103"], 1),
        ("IMAGE", ["StudyInstanceUID={study}", "SeriesInstanceUID={series}", "InstanceNumber=8"], 1),
        ("IMAGE", ["StudyInstanceUID={study}", "SeriesInstanceUID={series}", "Rows=4"], 2),
    ],
)
def test_findscu_matches_by_each_kind_of_key(
    server: Server, study: list[Dataset], level: str, keys: list[str], count: int
) -> None:
    uids = {"study": study[0].StudyInstanceUID, "series": study[0].SeriesInstanceUID}
    wanted = [f"PatientID={PATIENT_ID}", *(key.format(**uids) for key in keys)]
    assert len(found(server, "-S", level, wanted)) == count


@pytest.mark.parametrize("file", ["chrGreek.dcm", "chrH31.dcm", "chrRuss.dcm", "chrX1.dcm", "chrArab.dcm"])
def test_findscu_asks_with_names_of_real_files_in_their_own_character_sets(
    server: Server, study: list[Dataset], tmp_path: Path, file: str
) -> None:
    folder = shared_data("charsets")
    if folder is None:
        pytest.skip("../shared is absent, so there are no files in these character sets")
    target = ("-aec", server.ae_title, server.host, str(server.dicom_port))
    assert dcmtk("storescu", *target, str(folder / file)).returncode == 0
    original = pydicom.dcmread(folder / file)
    query = Dataset()
    query.SpecificCharacterSet = original.SpecificCharacterSet
    query.QueryRetrieveLevel = "STUDY"
    query.PatientName = original.PatientName
    query.StudyInstanceUID = original.StudyInstanceUID
    query.file_meta = FileMetaDataset()
    query.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    query.file_meta.MediaStorageSOPClassUID = query.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    path = tmp_path / "query.dcm"
    pydicom.dcmwrite(path, query, enforce_file_format=True)

    def matches() -> list[Dataset]:
        found_folder = tmp_path / generate_uid()
        found_folder.mkdir()
        result = findscu(server, "-S", "-X", "-od", str(found_folder), files=(str(path),))
        assert result.returncode == 0, result.stderr
        return [pydicom.dcmread(one, force=True) for one in sorted(found_folder.iterdir())]

    wait_until(lambda: len(matches()) == 1, 20, "the file is found")
    (match,) = matches()
    assert str(match.PatientName) == str(original.PatientName)
    assert match.SpecificCharacterSet == original.SpecificCharacterSet


def test_findscu_is_told_what_is_wrong(server: Server, study: list[Dataset]) -> None:
    for keys, status in (
        (["QueryRetrieveLevel=EXAM"], "DataSetDoesNotMatchSOPClass"),
        (["QueryRetrieveLevel=SERIES", "SeriesInstanceUID"], "DataSetDoesNotMatchSOPClass"),
        (["QueryRetrieveLevel=STUDY", "StudyDate=yesterday"], "UnableToProcess"),
    ):
        result = findscu(server, "-S", *(option for key in keys for option in ("-k", key)))
        said = result.stdout + result.stderr
        assert status in said.replace(" ", "") or "0xa900" in said.lower() or "0xc000" in said.lower()
        assert "Received Find Response" not in said


def test_findscu_cancels(server: Server, study: list[Dataset]) -> None:
    result = findscu(server, "-S", "--cancel", "1", "-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID")
    assert result.returncode == 0, result.stderr
    assert "C-CANCEL" in result.stdout + result.stderr or "Cancel" in result.stdout + result.stderr


def test_whoever_is_no_peer_finds_nothing(server: Server, study: list[Dataset]) -> None:
    target = ("-aet", "STRANGER", "-aec", server.ae_title, server.host, str(server.dicom_port))
    result = dcmtk("findscu", "-S", *target, "-k", "QueryRetrieveLevel=STUDY", "-k", f"PatientID={PATIENT_ID}")
    assert result.returncode != 0
    assert "No Acceptable Presentation Contexts" in result.stderr


@pytest.mark.parametrize(
    ("root", "level", "keys", "matches"),
    [
        ("--patientroot", "--patient", {"10,20": PATIENT_ID, "10,10": ""}, 1),
        ("--patientroot", "--study", {"10,20": PATIENT_ID, "20,d": ""}, 1),
        ("--studyroot", "--study", {"10,20": PATIENT_ID, "10,10": "STIRBU*", "20,d": ""}, 1),
        ("--studyroot", "--study", {"10,20": PATIENT_ID, "10,10": "POPESCU*", "20,d": ""}, 0),
        ("--studyroot", "--series", {"20,d": "{study}", "20,e": ""}, 2),
        ("--studyroot", "--image", {"20,d": "{study}", "20,e": "{series}", "8,18": ""}, 2),
    ],
)
def test_gdcmscu_finds(
    server: Server, study: list[Dataset], root: str, level: str, keys: dict[str, str], matches: int
) -> None:
    uids = {"study": study[0].StudyInstanceUID, "series": study[0].SeriesInstanceUID}
    wanted = [option for key, value in keys.items() for option in ("--key", f"{key}={value.format(**uids)}")]
    command = [tool_path("gdcmscu"), "--debug", "--find", root, level, "--aetitle", AE_TITLE, "--call", server.ae_title]
    result = subprocess.run(
        [*command, *wanted, server.host, str(server.dicom_port)],
        capture_output=True, text=True, check=False, timeout=60, errors="replace",
    )  # fmt: skip
    said = result.stdout + result.stderr
    # Debian's gdcmscu dies of an exception after every release, whoever answered, before it shows what it was told.
    assert "C-Find was successful." in said
    # Each response's command set is printed twice: (0000,0900) Status, pending and success.
    assert said.count("(US) 65280 ") == 2 * matches
    assert said.count("(0000,0900) ?? (US) 0 ") == 2


@pytest.fixture(scope="module")
def client(demonstration: Demonstration, server: Server, study: list[Dataset]) -> Iterator[DICOMwebClient]:
    """A client that may only search."""
    session = create_session()
    session.headers["Authorization"] = "Bearer " + machine_token(demonstration, server, f"qido-{NUMBER}", "query")
    yield DICOMwebClient(server.dicomweb_url, session=session)
    session.close()
    demonstration.manage(server, "remove_peer", f"qido-{NUMBER}")


def values(found: Sequence[dict[str, Any]], tag: str) -> list[Any]:
    return [one[tag]["Value"][0] for one in found]


def test_dicomweb_client_searches_for_studies(client: DICOMwebClient, study: list[Dataset]) -> None:
    mine = {"PatientID": PATIENT_ID}
    uid = study[0].StudyInstanceUID
    assert values(client.search_for_studies(search_filters=mine), "0020000D") == [uid]
    assert values(client.search_for_studies(search_filters=mine | {"PatientName": "STIRBU*"}), "0020000D") == [uid]
    assert values(client.search_for_studies(search_filters=mine | {"00080020": "20260101-20260103"}), "0020000D") == [
        uid
    ]
    assert client.search_for_studies(search_filters=mine | {"ModalitiesInStudy": "US"}) == []
    fuzzy = client.search_for_studies(fuzzymatching=True, search_filters=mine | {"PatientName": "ana stirbu"})
    assert values(fuzzy, "0020000D") == [uid]
    strict = client.search_for_studies(fuzzymatching=False, search_filters=mine | {"PatientName": "ana stirbu"})
    assert strict == []
    (told,) = client.search_for_studies(fields=["InstitutionName", "00080062"], search_filters=mine)
    assert (told["00080080"]["Value"], len(told["00080062"]["Value"])) == (["Spitalul Sfânta Treime"], 2)
    assert client.search_for_studies(offset=1, search_filters=mine) == []


def test_dicomweb_client_searches_for_series(client: DICOMwebClient, study: list[Dataset]) -> None:
    uid = study[0].StudyInstanceUID
    assert values(client.search_for_series(uid), "00200011") == [1, 2]
    assert values(client.search_for_series(uid, search_filters={"Modality": "MR"}), "00200011") == [2]
    assert values(client.search_for_series(search_filters={"PatientID": PATIENT_ID}, limit=1), "0020000D") == [uid]
    (told,) = client.search_for_series(uid, offset=1, fields=["StationName"])
    assert told["00081010"]["Value"] == ["MR1"]
    everything = client.search_for_series(search_filters={"PatientID": PATIENT_ID}, limit=1, get_remaining=True)
    assert sorted(values(everything, "00200011")) == [1, 2]


def test_dicomweb_client_searches_for_instances(client: DICOMwebClient, study: list[Dataset]) -> None:
    uid, series = study[0].StudyInstanceUID, study[0].SeriesInstanceUID
    assert values(client.search_for_instances(uid, series), "00200013") == [7, 8]
    assert len(client.search_for_instances(uid)) == 3
    assert len(client.search_for_instances(search_filters={"PatientID": PATIENT_ID})) == 3
    (told,) = client.search_for_instances(uid, series, search_filters={"InstanceNumber": 8}, fields=["BitsStored"])
    assert told["00280101"]["Value"] == [12]
    assert values(client.search_for_instances(uid, series, limit=1, offset=1), "00200013") == [8]
    remaining = client.search_for_instances(uid, limit=2, get_remaining=True)
    assert len(remaining) == 3


def test_dicomweb_client_is_told_what_is_wrong(client: DICOMwebClient) -> None:
    for filters in ({"PatientWeight": "70"}, {"StudyDate": "yesterday"}):
        with pytest.raises(requests.HTTPError) as error:
            client.search_for_studies(search_filters=filters)
        assert error.value.response.status_code == 400

"""C-MOVE and C-GET by other people's tools: dcmtk, GDCM and Orthanc, to each of them."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
import requests
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import pixel_array
from pydicom.uid import generate_uid

from tests.demonstration import Demonstration, Server, free_port, shared_data, wait_until
from tests.dicom_files import data_set_bytes
from tests.dicomserver.objects import BIG_ENDIAN, CT, EXPLICIT, IMPLICIT, small_ct
from tests.dicomserver.scu.machines import storage
from tests.interop.dcmtk import dcmtk
from tests.interop.files import write_again, write_file, write_slice
from tests.interop.machines import Storescp, known, new_ae_title, storescp
from tests.interop.orthanc import make_orthanc

pytestmark = [pytest.mark.timeout(240), pytest.mark.filterwarnings("ignore::UserWarning:pydicom")]


@dataclass(frozen=True)
class Held:
    """A study of two series and three slices that server A holds, who may retrieve it, and where it may be sent."""

    server: Server
    retriever: str
    destination: str
    destination_port: int
    patient_id: str
    study: str
    series: tuple[str, str]
    instances: tuple[str, str, str]

    @property
    def address(self) -> tuple[str, ...]:
        """Where the server is, as dcmtk's tools want to know it."""
        return "-aec", self.server.ae_title, self.server.host, str(self.server.dicom_port)

    @property
    def data_sets(self) -> dict[str, bytes]:
        """What lies in the archive."""
        return {uid: data_set_bytes(archived(self.server, uid)) for uid in self.instances}

    def keys(self, level: str) -> tuple[str, ...]:
        """The keys of the first entity of a level."""
        values = {
            "PatientID": (self.patient_id, "PATIENT"),
            "StudyInstanceUID": (self.study, "STUDY"),
            "SeriesInstanceUID": (self.series[0], "SERIES"),
            "SOPInstanceUID": (self.instances[0], "IMAGE"),
        }
        wanted = [f"QueryRetrieveLevel={level}"]
        for keyword, (value, of_level) in values.items():
            wanted.append(f"{keyword}={value}")
            if of_level == level:
                break
        return tuple(option for one in wanted for option in ("-k", one))

    def of(self, level: str) -> set[str]:
        """The instances of it."""
        return set(self.instances[: {"PATIENT": 3, "STUDY": 3, "SERIES": 2, "IMAGE": 1}[level]])


def archived(server: Server, sop_instance_uid: str) -> Path:
    return next(file for file in server.archived_files if file.stem == sop_instance_uid)


def send(server: Server, *files: Path, option: str = "-R") -> None:
    """Send files by dcmtk's storescu."""
    done = dcmtk("storescu", option, "-aec", server.ae_title, server.host, str(server.dicom_port), *map(str, files))
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def held(demonstration: Demonstration, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held]:
    """The study, a machine that may retrieve, and one that is sent it: each test has another one listen there."""
    server, folder = demonstration.server("A"), tmp_path_factory.mktemp("held")
    study, series, patient_id = generate_uid(), (generate_uid(), generate_uid()), f"R-{generate_uid()[-8:]}"
    instances = []
    for number, of_series in enumerate((0, 0, 1)):
        ds = write_slice(
            folder / f"{number}.dcm",
            PatientID=patient_id,
            StudyInstanceUID=study,
            SeriesInstanceUID=series[of_series],
            SeriesNumber=of_series,
            InstanceNumber=number,
            Rows=32,
            Columns=32,
            PixelData=np.random.default_rng(number).integers(0, 4096, (32, 32), "<u2").tobytes(),
        )
        instances.append(str(ds.SOPInstanceUID))
    send(server, *sorted(folder.iterdir()))
    options, port = ("--address", "127.0.0.1", "--services", "query,retrieve"), free_port()
    where = (*options, "--host", "127.0.0.1", "--port", str(port))
    with (
        known(demonstration, server, new_ae_title("PACS"), *options, waits=False) as retriever,
        known(demonstration, server, new_ae_title("SINK"), *where) as sink,
    ):
        uids = (instances[0], instances[1], instances[2])
        yield Held(server, retriever, sink, port, patient_id, study, series, uids)


@contextmanager
def receiver_of(held: Held, folder: Path, *options: str) -> Iterator[Storescp]:
    """dcmtk's storescp at the destination."""
    with storescp(held.destination, held.destination_port, folder, *options) as receiver:
        yield receiver


def movescu(held: Held, destination: str, *options: str) -> subprocess.CompletedProcess[str]:
    return dcmtk("movescu", "-v", "-aet", held.retriever, "-aem", destination, *held.address, *options, seconds=120)


@pytest.mark.parametrize(
    ("model", "level"),
    [("-P", "PATIENT"), ("-P", "STUDY"), ("-P", "IMAGE"), ("-S", "STUDY"), ("-S", "SERIES"), ("-S", "IMAGE")],
)
def test_movescu_has_a_study_sent_to_storescp(held: Held, tmp_path: Path, model: str, level: str) -> None:
    with receiver_of(held, tmp_path / "got", "+xa") as receiver:
        done = movescu(held, receiver.ae_title, model, *held.keys(level))
        assert done.returncode == 0, done.stderr
        assert "Received Final Move Response (Success)" in done.stdout + done.stderr
        got = {uid: data_set_bytes(path) for uid, path in receiver.files.items()}
    assert got == {uid: held.data_sets[uid] for uid in held.of(level)}


@pytest.mark.parametrize(
    ("model", "level"),
    [("-P", "PATIENT"), ("-P", "STUDY"), ("-P", "SERIES"), ("-S", "STUDY"), ("-S", "SERIES"), ("-S", "IMAGE")],
)
def test_getscu_gets_a_study(held: Held, tmp_path: Path, model: str, level: str) -> None:
    done = dcmtk(
        "getscu", "-v", model, "+B", "-aet", held.retriever, "-od", str(tmp_path), *held.address, *held.keys(level)
    )
    assert done.returncode == 0, done.stderr
    # Bit by bit it names them by UID alone.
    got = {path.name: data_set_bytes(path) for path in tmp_path.iterdir()}
    assert got == {uid: held.data_sets[uid] for uid in held.of(level)}


def test_gdcmscu_has_a_study_sent_to_itself(demonstration: Demonstration, held: Held, tmp_path: Path) -> None:
    program = shutil.which("gdcmscu", path="/usr/bin:/usr/local/bin")
    if program is None:
        pytest.skip("GDCM's gdcmscu is not installed")
    # GDCM reads what it is sent as implicit VR, whatever it has accepted.
    ds = small_ct(Rows=32, Columns=32, PixelData=bytes(range(256)) * 8)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = IMPLICIT
    write_file(tmp_path / "implicit.dcm", ds)
    send(held.server, tmp_path / "implicit.dcm", option="-xi")
    # GDCM's own receiver fails now and then by an assertion of its own, whatever it was sent: then it asks again.
    tries = (_got_by_gdcmscu(demonstration, held, ds, program, tmp_path / f"got-{number}") for number in range(4))
    assert {ds.SOPInstanceUID: ds.PixelData} in tries


def _got_by_gdcmscu(
    demonstration: Demonstration, held: Held, ds: Dataset, program: str, folder: Path
) -> dict[str, bytes]:
    """What gdcmscu has had sent to itself, by SOP Instance UID."""
    folder.mkdir()
    ae_title, port = new_ae_title("GDCM"), free_port()
    options = ("--address", "127.0.0.1", "--services", "retrieve", "--host", "127.0.0.1", "--port", str(port))
    with known(demonstration, held.server, ae_title, *options):
        # GDCM 3.0 ends by an exception of its own when the association is released, with any server: what counts is
        # what it has by then.
        subprocess.run(
            [
                *(program, "--move", "--studyroot", "--study", "--key", f"20,d={ds.StudyInstanceUID}"),
                *("--aetitle", ae_title, "--call", held.server.ae_title, "--port-scp", str(port)),
                *("-o", str(folder), held.server.host, str(held.server.dicom_port)),
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    return {pydicom.dcmread(path).SOPInstanceUID: pydicom.dcmread(path).PixelData for path in folder.iterdir()}


def test_orthanc_is_sent_a_study(held: Held, tmp_path: Path) -> None:
    orthanc = make_orthanc(tmp_path / "orthanc", held.destination, held.destination_port)
    with orthanc.running():
        done = movescu(held, orthanc.ae_title, "-S", *held.keys("STUDY"))
        assert done.returncode == 0, done.stderr
        got = {}
        for uid, one in orthanc.instances(held.study).items():
            path = tmp_path / f"{uid}.dcm"
            path.write_bytes(requests.get(f"{orthanc.url}/instances/{one}/file", timeout=30).content)
            got[uid] = data_set_bytes(path)
    assert got == held.data_sets


def test_orthanc_finds_and_retrieves_a_study(held: Held, tmp_path: Path) -> None:
    orthanc = make_orthanc(tmp_path / "orthanc", held.destination, held.destination_port)
    with orthanc.running(held.server):
        modality = f"modalities/{held.server.ae_title}"
        wait_until(lambda: _echoes(f"{orthanc.url}/{modality}/echo"), 15, "the server lets Orthanc in")
        found = orthanc.post(f"{modality}/query", {"Level": "Study", "Query": {"StudyInstanceUID": held.study}})
        answers = orthanc.get(f"{found['Path'].lstrip('/')}/answers")
        assert len(answers) == 1
        orthanc.post(f"{found['Path'].lstrip('/')}/retrieve", {"TargetAet": orthanc.ae_title, "Synchronous": True})
        assert set(orthanc.instances(held.study)) == set(held.instances)


def _echoes(url: str) -> bool:
    return requests.post(url, json={}, timeout=30).ok


def test_cancelling_a_move_in_the_middle(held: Held, tmp_path: Path) -> None:
    study, series = generate_uid(), generate_uid()
    for number in range(12):
        write_slice(tmp_path / f"{number}.dcm", StudyInstanceUID=study, SeriesInstanceUID=series, InstanceNumber=number)
    send(held.server, *sorted(tmp_path.glob("*.dcm")))
    keys = ("-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={study}")
    with receiver_of(held, tmp_path / "got", "--sleep-after", "1") as receiver:
        done = movescu(held, receiver.ae_title, "-S", "--cancel", "2", *keys)
        said = done.stdout + done.stderr
        assert "Cancel" in said, said
        assert 0 < len(receiver.files) < 12


def test_instances_that_the_destination_refuses_are_told(demonstration: Demonstration, held: Held) -> None:
    refused = held.instances[1]
    with storage((CT, [EXPLICIT]), statuses={refused: 0xA700}) as (machine, received):
        options = ("--host", "127.0.0.1", "--port", str(machine.port))
        with known(demonstration, held.server, new_ae_title("PICKY"), *options) as ae_title:
            done = movescu(held, ae_title, "-d", "-S", *held.keys("STUDY"))
    said = done.stdout + done.stderr
    assert "SubOperationsCompleteOneOrMoreFailures" in said, said
    assert refused in said
    assert len(received) == 3


def test_a_destination_that_aborts_fails_everything(held: Held, tmp_path: Path) -> None:
    with receiver_of(held, tmp_path / "got", "--abort-after") as receiver:
        done = movescu(held, receiver.ae_title, "-S", *held.keys("STUDY"))
    assert "OutOfResourcesSubOperations" in done.stdout + done.stderr, done.stderr


def test_an_unknown_destination_is_told(held: Held) -> None:
    done = movescu(held, "NOBODY_KNOWS", "-S", *held.keys("STUDY"))
    assert "MoveDestinationUnknown" in done.stdout + done.stderr, done.stderr


def test_a_stranger_may_not_retrieve(held: Held, tmp_path: Path) -> None:
    done = dcmtk("getscu", "-S", "-aet", "STRANGER", "-od", str(tmp_path), *held.address, *held.keys("STUDY"))
    assert done.returncode != 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    # What is preferred uncompressed is taken in either byte order.
    ("option", "syntaxes"),
    [("+xi", {IMPLICIT}), ("+xe", {EXPLICIT, BIG_ENDIAN})],
)
def test_a_destination_without_the_stored_syntax_gets_the_right_pixels(
    demonstration: Demonstration, held: Held, tmp_path: Path, option: str, syntaxes: set[str]
) -> None:
    if shared_data("syntaxes/one-ct-in-all") is None:
        pytest.skip("../shared is absent, so there is no slice in all syntaxes")
    sources = {}
    for name in ("JPEGLSLossless", "RLE", "JPEG2000LosslessOnly", "JPEGProcess14SV1", "BigEndian"):
        source = next((shared_data("syntaxes/one-ct-in-all") or Path()).glob(f"*{name}*"))
        sources[str(write_again(source, tmp_path / f"{name}.dcm").SOPInstanceUID)] = tmp_path / f"{name}.dcm"
    environment = demonstration.environment_of("run_scp", f"DICOM_SERVER_HOME={held.server.home}")
    assert environment
    demonstration.manage(held.server, "import_dicom", str(tmp_path))
    uids = "\\".join(sources)
    keys = ("-k", "QueryRetrieveLevel=IMAGE", "-k", f"SOPInstanceUID={uids}")
    with receiver_of(held, tmp_path / "got", option) as receiver:
        done = movescu(held, receiver.ae_title, "-S", *keys)
        assert done.returncode == 0, done.stderr
        got = {uid: pydicom.dcmread(BytesIO(path.read_bytes())) for uid, path in receiver.files.items()}
    assert set(got) == set(sources)
    assert {str(ds.file_meta.TransferSyntaxUID) for ds in got.values()} == syntaxes
    for uid, ds in got.items():
        assert np.array_equal(pixel_array(ds, raw=True), pixel_array(sources[uid], raw=True)), sources[uid].name


def test_what_was_retrieved_stands_in_the_audit(demonstration: Demonstration, held: Held, tmp_path: Path) -> None:
    dcmtk("getscu", "-S", "-aet", held.retriever, "-od", str(tmp_path), *held.address, *held.keys("STUDY"))
    auditor = demonstration.person("auditor", "A")

    def told() -> bool:
        found = demonstration.api(auditor, "audit-events/", study_instance_uid=held.study, action="instances_sent")
        details = [event["details"] for event in found.json()["results"]]
        return any((one["peer"], one["way"], one["instances"]) == (held.retriever, "c_get", 3) for one in details)

    wait_until(told, 60, "the audit says who was sent the study")

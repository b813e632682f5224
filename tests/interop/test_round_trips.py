"""Every file of the developers' DICOM set goes in and comes back by each way; the table of it is kept in docs.

The table is written anew where ROUND_TRIPS=write is set, else it must be what is there.
"""

import subprocess
import sys
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from struct import unpack_from

import pydicom
import pytest
import requests
from pydicom.dataset import Dataset
from pynetdicom import AE, build_context, build_role, evt
from pynetdicom.service_class import StorageServiceClass
from pynetdicom.sop_class import register_uid

from runtime import env
from tests.demonstration import ROOT, SHARED_DATA, Demonstration, Server, wait_until
from tests.dicomserver.scu.machines import storage
from tests.e2e.shared_files import SharedFile, shared_files
from tests.interop.dcmtk import dcmtk
from tests.interop.machines import known, new_ae_title

pytestmark = [pytest.mark.timeout(900), pytest.mark.filterwarnings("ignore::UserWarning:pydicom")]

TABLE = ROOT / "docs" / "round-trips.md"
STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"
# A context a pair of SOP class and transfer syntax, and one for C-GET itself.
PAIRS_AN_ASSOCIATION = 120
FEW = 20
IDENTICAL = "identical"


@dataclass(frozen=True)
class Sent:
    """What went in: the files that were taken, and who may have them back."""

    server: Server
    files: list[SharedFile]
    refused: dict[str, str]
    data_sets: dict[str, bytes]
    classes: dict[str, str]
    ae_title: str
    token: str

    @property
    def studies(self) -> list[str]:
        return list(dict.fromkeys(file.study_instance_uid for file in self.files))


Way = Callable[[Demonstration, Sent], dict[str, bytes]]


def data_set_of(content: bytes) -> bytes:
    """The bytes behind preamble and file meta (PS3.10 7.1), which some files do not have."""
    offset = 132 if content[128:132] == b"DICM" else 0
    while content[offset : offset + 2] == b"\x02\x00":
        vr, length = content[offset + 4 : offset + 6], unpack_from("<H", content, offset + 6)[0]
        head = 8
        if vr in {b"OB", b"UN", b"OW", b"UT", b"SQ"}:
            head, length = 12, unpack_from("<L", content, offset + 8)[0]
        offset += head + length
    return content[offset:]


@pytest.fixture(scope="module")
def sent(demonstration: Demonstration, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sent]:
    """Import the files into server B, as one would a disk of them."""
    if not SHARED_DATA.is_dir():
        pytest.skip("../shared is absent, so there is no set of DICOM files")
    files = [file for file in shared_files(SHARED_DATA) if not file.name.startswith("broken/")]
    server, folder = demonstration.server("B"), tmp_path_factory.mktemp("shared")
    names = {f"{number:04d}.dcm": file for number, file in enumerate(files)}
    for name, file in names.items():
        (folder / name).write_bytes(file.content)
    environment = demonstration.environment_of("run_scp", f"DICOM_SERVER_HOME={server.home}")
    done = subprocess.run(
        [sys.executable, "-m", "dicomserver", "import_dicom", str(folder)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    refused = {}
    for line in done.stderr.splitlines():
        name = next((name for name in names if f"/{name}: " in line), None)
        if name:
            refused[names[name].name] = line.split(": ", 1)[1]
    taken = [file for file in files if file.name not in refused]
    classes = {file.sop_instance_uid: _sop_class(file.content) for file in taken}
    data_sets = {file.sop_instance_uid: data_set_of(file.content) for file in taken}
    ae_title, web = new_ae_title("ROUND"), new_ae_title("WEB").lower()
    options = ("--address", "127.0.0.1", "--services", "retrieve")
    with known(demonstration, server, ae_title, *options):
        token = demonstration.manage(server, "add_peer", web, "--http", "--services", "retrieve").strip().split()[-1]
        try:
            yield Sent(server, taken, refused, data_sets, classes, ae_title, token)
        finally:
            demonstration.manage(server, "remove_peer", web)


def _sop_class(content: bytes) -> str:
    ds = pydicom.dcmread(BytesIO(content), force=True, specific_tags=["SOPClassUID"])
    uid = str(ds.get("SOPClassUID") or ds.file_meta.get("MediaStorageSOPClassUID", ""))
    if uid.startswith("1.2.840.10008"):
        return uid
    register_uid(uid, f"Private_{uid.replace('.', '_')}", StorageServiceClass)
    return uid


def by_c_move(demonstration: Demonstration, sent: Sent) -> dict[str, bytes]:
    """dcmtk's movescu asks, a receiver of pynetdicom's takes whatever comes as it comes."""
    pairs = defaultdict(set)
    for file in sent.files:
        pairs[sent.classes[file.sop_instance_uid]].add(_syntax(file))
    with storage(*((uid, sorted(syntaxes)) for uid, syntaxes in pairs.items())) as (machine, received):
        options = ("--host", "127.0.0.1", "--port", str(machine.port))
        with known(demonstration, sent.server, new_ae_title("TAKER"), *options) as taker:
            address = ("-aec", sent.server.ae_title, sent.server.host, str(sent.server.dicom_port))
            keys = ("-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID=" + "\\".join(sent.studies))
            done = dcmtk("movescu", "-v", "-S", "-aet", sent.ae_title, "-aem", taker, *address, *keys, seconds=600)
            assert done.returncode == 0, done.stderr[-2000:]
    return {uid: data for uid, _, data, _ in received}


def by_c_get(_demonstration: Demonstration, sent: Sent) -> dict[str, bytes]:
    """pynetdicom's SCU, with a context for each kind in each syntax."""
    received: dict[str, bytes] = {}

    def handle(event: evt.Event) -> int:
        received[str(event.request.AffectedSOPInstanceUID)] = event.request.DataSet.getvalue()
        return 0

    for studies, pairs in _batches(sent):
        contexts = [build_context(STUDY_ROOT_GET), *(build_context(*pair) for pair in sorted(pairs))]
        roles = [build_role(uid, scp_role=True) for uid in sorted({uid for uid, _ in pairs})]
        assoc = AE(sent.ae_title).associate(
            sent.server.host,
            sent.server.dicom_port,
            contexts=contexts,
            ae_title=sent.server.ae_title,
            ext_neg=roles,
            evt_handlers=[(evt.EVT_C_STORE, handle)],
        )
        connection = assoc.dul.socket.socket
        try:
            assert assoc.is_established
            keys = Dataset()
            keys.QueryRetrieveLevel, keys.StudyInstanceUID = "STUDY", studies
            statuses = [status for status, _ in assoc.send_c_get(keys, STUDY_ROOT_GET)]
            assert statuses[-1].Status == 0, statuses[-1]
            assoc.release()
        finally:
            connection.close()
    return received


def _batches(sent: Sent) -> Iterator[tuple[list[str], set[tuple[str, str]]]]:
    """Studies together whose kinds and syntaxes one association has contexts for."""
    studies: list[str] = []
    pairs: set[tuple[str, str]] = set()
    for study in sent.studies:
        more = {
            (sent.classes[file.sop_instance_uid], _syntax(file))
            for file in sent.files
            if file.study_instance_uid == study
        }
        if studies and len(pairs | more) > PAIRS_AN_ASSOCIATION:
            yield studies, pairs
            studies, pairs = [], set()
        studies.append(study)
        pairs |= more
    if studies:
        yield studies, pairs


def by_wado_rs(_demonstration: Demonstration, sent: Sent) -> dict[str, bytes]:
    """Whole studies, each instance as it is stored."""
    received = {}
    accept = 'multipart/related; type="application/dicom"; transfer-syntax=*'
    headers = {"Authorization": f"Bearer {sent.token}", "Accept": accept}
    for study in sent.studies:
        answer = requests.get(f"{sent.server.dicomweb_url}/studies/{study}", headers=headers, timeout=120)
        answer.raise_for_status()
        boundary = answer.headers["Content-Type"].split("boundary=")[1].split(";")[0].strip('"').encode()
        for part in answer.content.split(b"--" + boundary)[1:-1]:
            content = part.split(b"\r\n\r\n", 1)[1].removesuffix(b"\r\n")
            received[_uid_of(content)] = data_set_of(content)
    return received


def by_zip(_demonstration: Demonstration, sent: Sent) -> dict[str, bytes]:
    """Each study as a ZIP with a DICOMDIR."""
    received = {}
    for study in sent.studies:
        url = f"{sent.server.dicomweb_url}/studies/{study}/archive"
        answer = requests.get(url, headers={"Authorization": f"Bearer {sent.token}"}, timeout=120)
        answer.raise_for_status()
        with zipfile.ZipFile(BytesIO(answer.content)) as archive:
            for name in archive.namelist():
                content = archive.read(name)
                # A note for people lies beside the instances and their directory.
                if name != "DICOMDIR" and content[128:132] == b"DICM":
                    received[_uid_of(content)] = data_set_of(content)
    return received


def _uid_of(content: bytes) -> str:
    found = pydicom.dcmread(BytesIO(content), stop_before_pixels=True, specific_tags=["SOPInstanceUID"])
    return str(found.SOPInstanceUID)


def _syntax(file: SharedFile) -> str:
    return file.transfer_syntax or "1.2.840.10008.1.2"


WAYS: dict[str, Way] = {"C-MOVE": by_c_move, "C-GET": by_c_get, "WADO-RS": by_wado_rs, "ZIP": by_zip}


def test_every_file_comes_back_by_every_way_as_it_went_in(demonstration: Demonstration, sent: Sent) -> None:
    wait_until(lambda: _is_indexed(sent), 60, "all that was sent is in the index")
    results: dict[str, dict[str, str]] = {file.name: {} for file in sent.files}
    for name, way in WAYS.items():
        received = way(demonstration, sent)
        for file in sent.files:
            came = received.get(file.sop_instance_uid)
            same = came == sent.data_sets[file.sop_instance_uid]
            results[file.name][name] = IDENTICAL if same else "missing" if came is None else "other bytes"
    table = table_of(results, sent)
    if env.text("ROUND_TRIPS", "") == "write":
        TABLE.write_text(table)
    different = {name: row for name, row in results.items() if set(row.values()) != {IDENTICAL}}
    assert different == {}
    assert table == TABLE.read_text()


def _is_indexed(sent: Sent) -> bool:
    url = f"{sent.server.dicomweb_url}/studies/{sent.studies[-1]}/metadata"
    return requests.get(url, headers={"Authorization": f"Bearer {sent.token}"}, timeout=60).ok


def table_of(results: dict[str, dict[str, str]], sent: Sent) -> str:
    """The table in Markdown; a folder of many files with the same result is one row."""
    folders: dict[str, list[str]] = defaultdict(list)
    for name in results:
        folders[str(Path(name).parent)].append(name)
    rows = []
    for folder, names in folders.items():
        if len(names) > FEW and len({str(results[name]) for name in names}) == 1:
            rows.append((f"{folder}/ ({len(names)} files)", list(results[names[0]].values())))
        else:
            rows += [(name, list(results[name].values())) for name in names]
    rows += [(name, [f"not taken in: {reason}", *["–"] * (len(WAYS) - 1)]) for name, reason in sent.refused.items()]
    lines = [
        "# What comes back of the developers' DICOM files",
        "",
        "Written by `tests/interop/test_round_trips.py` (with `ROUND_TRIPS=write`), which imports each file into a",
        "DICOM Server and has it back by each way. *Identical* are the bytes of the data set, in the transfer syntax",
        "in which it came. A file whose UID another one has already is sent under a UID of its own.",
        "",
        f"| file or folder | {' | '.join(WAYS)} |",
        f"|---|{'---|' * len(WAYS)}",
        *(f"| {name} | {' | '.join(result)} |" for name, result in sorted(rows)),
        "",
        f"{len(results)} files by {len(WAYS)} ways; {len(sent.refused)} not taken in.",
        "",
    ]
    return "\n".join(lines)

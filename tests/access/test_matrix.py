"""Every role goes every way to one study; what is denied yields nothing and leaves one event in the audit."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from pynetdicom import AE
from pynetdicom.sop_class import (
    PatientRootQueryRetrieveInformationModelFind,
    PatientRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
)

from tests.access.network import Network, Study, Visitor, session_from
from tests.access.subjects import SUBJECTS, Subject
from tests.access.table import is_allowed, table
from tests.access.ways import DICOM_JSON, SERVER_WAYS, WAYS, Way, go
from tests.demonstration import ROOT, Demonstration, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(420)]

ACCESSION, OTHER_ACCESSION = "04-41876", "04-54971"
REVOKED_SECONDS = 60.0
REFUSALS = {requests.codes.unauthorized, requests.codes.forbidden, requests.codes.not_found}


@dataclass(frozen=True)
class Cell:
    """One subject, one way, and what came of it."""

    subject: Subject
    way: Way
    address: str
    answer: requests.Response
    shown: bool

    @property
    def name(self) -> str:
        """As a failure names it."""
        return f"{self.subject.words} × {self.way.words}"


class Matrix:
    """All cells, tried once."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.visitors: dict[str, Visitor] = {}
        self.seconds_until_refused: dict[str, float] = {}
        self.cells: list[Cell] = []

    def prepare(self) -> None:
        """Sign everybody in while their access runs, and learn the UIDs that each of them knows."""
        self.network.begin(ACCESSION, OTHER_ACCESSION)
        seeded = self.network.seeded
        self.study = Study(seeded["study_instance_uid"], seeded["server_id"], seeded["dicomweb_url"])
        self.mapped = Study(seeded["mapped_uid"], seeded["server_id"], seeded["dicomweb_url"])
        # First those whose access does not last.
        for subject in sorted(SUBJECTS, key=lambda one: not one.access_ends):
            address = f"127.2.{SUBJECTS.index(subject)}.1"
            visitor = self.visitors[subject.key] = Visitor(self.network.sign_in(subject.key, address))
            visitor.study = self.mapped if subject.without_identity else self.study
            if subject.may or subject.access_ends:
                visitor.old_token = self.pass_of(subject, visitor.study.study_instance_uid)
                assert visitor.old_token, f"{subject.words} has no access to begin with"
            else:
                visitor.old_token = self.pass_of(subject, seeded["other_study_instance_uid"])
        self.learn(self.study, "radiologist")
        self.learn(self.mapped, "without_identity_mapped")

    def pass_of(self, subject: Subject, study_instance_uid: str) -> str:
        """A pass for the images of a study, empty where the subject gets none."""
        session = session_from(f"127.2.{SUBJECTS.index(subject)}.1", self.visitors[subject.key].cookies)
        answer = self.network.token(session, study_instance_uid)
        return str(answer.json()["token"]) if answer.ok else ""

    def learn(self, study: Study, key: str) -> None:
        """Find a series and an instance of the study, as this subject sees them."""
        headers = {**DICOM_JSON, "Authorization": f"Bearer {self.visitors[key].old_token}"}
        base = f"{study.dicomweb_url}/studies/{study.study_instance_uid}"
        series = requests.get(f"{base}/series", headers=headers, timeout=20).json()
        study.series_instance_uid = series[0]["0020000E"]["Value"][0]
        found = requests.get(f"{base}/series/{study.series_instance_uid}/instances", headers=headers, timeout=20).json()
        study.sop_instance_uid = found[0]["00080018"]["Value"][0]

    def end_access(self) -> None:
        """End the access of some, and measure how long their passes still open images."""
        self.network.seed("end", self.network.seeded["prefix"])
        ended = time.monotonic()
        # Last the one that ends by itself: it may take longer than the others, which are what is measured.
        for subject in sorted(SUBJECTS, key=lambda one: one.key == "expired"):
            if subject.access_ends:
                wait_until(lambda who=subject: self.is_refused(who), 90, f"{subject.words} is refused")
                self.seconds_until_refused[subject.key] = time.monotonic() - ended

    def is_refused(self, subject: Subject) -> bool:
        """True where the old pass opens no frame any more."""
        visitor = self.visitors[subject.key]
        frames = next(way for way in SERVER_WAYS if way.words == "WADO-RS frames")
        session = session_from(f"127.2.{SUBJECTS.index(subject)}.2")
        assert visitor.study is not None
        return not go(frames, session, self.network.portal_url, visitor.study, visitor.old_token).ok

    def try_all(self) -> None:
        """Go every way as everybody, each from an address of its own; one after the other for each of them."""
        with ThreadPoolExecutor(8) as pool:
            self.cells = [cell for cells in pool.map(self._try_as, range(len(SUBJECTS))) for cell in cells]

    def _try_as(self, number: int) -> list[Cell]:
        subject = SUBJECTS[number]
        visitor = self.visitors[subject.key]
        study = visitor.study
        assert study is not None
        cells = []
        for place, way in enumerate(WAYS):
            address = f"127.3.{number}.{place + 1}"
            session = session_from(address, visitor.cookies)
            # Whoever gets a pass uses a fresh one; whoever lost access, or never had it, tries with the one they have.
            token = (self.pass_of(subject, study.study_instance_uid) if subject.may else "") or visitor.old_token
            answer = go(way, session, self.network.portal_url, study, token)
            cells.append(Cell(subject, way, address, answer, answer.ok and way.shows(answer, study)))
        return cells


@pytest.fixture(scope="module")
def matrix(demonstration: Demonstration) -> Matrix:
    """The cells of all subjects and ways."""
    tried = Matrix(Network(demonstration))
    tried.prepare()
    tried.end_access()
    tried.try_all()
    return tried


def test_everybody_reaches_what_they_may_and_nothing_else(matrix: Matrix) -> None:
    wrong = [
        f"{cell.name}: {'shown' if cell.shown else 'not shown'}, {cell.answer.status_code} {cell.answer.text[:120]!r}"
        for cell in matrix.cells
        if cell.shown != is_allowed(cell.subject, cell.way)
    ]
    counted = Counter("allowed" if is_allowed(cell.subject, cell.way) else "denied" for cell in matrix.cells)
    print(
        f"access matrix: {len(SUBJECTS)} subjects x {len(WAYS)} ways = {len(matrix.cells)} cells, "
        f"{counted['allowed']} allowed, {counted['denied']} denied, {len(wrong)} wrong"
    )
    assert not wrong, "\n".join(wrong)
    assert len(matrix.cells) == len(SUBJECTS) * len(WAYS)


def test_what_is_denied_yields_no_byte_no_row_and_no_token(matrix: Matrix) -> None:
    name, patient_id = matrix.network.seeded["patient_markers"]
    for cell in denied(matrix):
        answer = cell.answer
        # The patient has studies elsewhere too, which stand in the lists of those who may see them.
        markers = [patient_id, ACCESSION, *([] if cell.way.lists else [name])]
        if cell.way.lists and answer.ok:
            assert matrix.study.study_instance_uid not in answer.text, cell.name
        elif answer.is_redirect:
            assert "/accounts/login/" in answer.headers["Location"], cell.name
        else:
            assert answer.status_code in REFUSALS, f"{cell.name}: {answer.status_code}"
        assert not [marker for marker in markers if marker.encode() in answer.content], cell.name
        assert b'"token"' not in answer.content, cell.name
        assert b"DICM" not in answer.content, cell.name


def test_what_is_denied_leaves_one_event(matrix: Matrix) -> None:
    cells = denied(matrix)
    counted = matrix.network.wait_for_events([cell.address for cell in cells])
    wrong = [f"{cell.name}: {counted.get(cell.address, 0)}" for cell in cells if counted.get(cell.address, 0) != 1]
    print(f"audit: one event for each of {len(cells) - len(wrong)} of {len(cells)} denied cells")
    assert not wrong, "\n".join(wrong)


def test_ended_access_stops_running_viewers_within_a_minute(matrix: Matrix) -> None:
    taken = {key: round(seconds, 1) for key, seconds in matrix.seconds_until_refused.items() if key != "expired"}
    print(f"seconds until images are refused: {taken}")
    assert max(taken.values()) <= REVOKED_SECONDS


def test_no_query_by_dimse_is_served_to_anybody(demonstration: Demonstration) -> None:
    server = demonstration.server("A")
    asking = AE(ae_title="ANYBODY")
    for model in (
        PatientRootQueryRetrieveInformationModelFind,
        PatientRootQueryRetrieveInformationModelGet,
        StudyRootQueryRetrieveInformationModelFind,
        StudyRootQueryRetrieveInformationModelGet,
        StudyRootQueryRetrieveInformationModelMove,
    ):
        asking.add_requested_context(model)
    association = asking.associate(server.host, server.dicom_port, ae_title=server.ae_title)
    accepted = [context.abstract_syntax for context in association.accepted_contexts]
    if association.is_established:
        association.release()
    assert accepted == []


def test_the_documented_matrix_is_the_tested_one() -> None:
    assert (Path(ROOT) / "docs" / "access.md").read_text(encoding="utf-8") == table()


def denied(matrix: Matrix) -> list[Cell]:
    """The cells in which nothing may come out."""
    return [cell for cell in matrix.cells if not is_allowed(cell.subject, cell.way)]

"""The modality worklist over an association: what is listed, in which character set, and how bad queries end."""

from collections.abc import Callable
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pynetdicom import AE, build_context

from dicomserver.access.peers import add_peer
from dicomserver.orders.services import apply_order
from dicomserver.scp.server import ScpServer
from dicomserver.scp.worklist import MODALITY_WORKLIST
from tests.dicomserver.objects import EXPLICIT, IMPLICIT
from tests.dicomserver.orders.made_orders import made_order, name
from tests.dicomserver.sender import established


@pytest.fixture
def port(scp: ScpServer) -> int:
    add_peer("ct", ae_title="CT_EAST", addresses=["127.0.0.1"], services=["worklist"])
    return scp.port


def entity(syntax: str = EXPLICIT, ae_title: str = "CT_EAST") -> AE:
    ae = AE(ae_title=ae_title)
    ae.requested_contexts = [build_context(MODALITY_WORKLIST, [syntax])]
    return ae


def identifier(**keys: Any) -> Dataset:
    ds = Dataset()
    for keyword in ("PatientName", "PatientID", "AccessionNumber", "StudyInstanceUID", "RequestedProcedureID"):
        setattr(ds, keyword, None)
    for keyword, value in keys.items():
        setattr(ds, keyword, value)
    item = Dataset()
    for keyword in ("Modality", "ScheduledStationAETitle", "ScheduledProcedureStepStartDate"):
        setattr(item, keyword, None)
    ds.ScheduledProcedureStepSequence = [item]
    return ds


def asked(port: int, ds: Dataset, syntax: str = EXPLICIT) -> tuple[list[int], list[Dataset]]:
    with established(entity(syntax), port) as assoc:
        answers = list(assoc.send_c_find(ds, MODALITY_WORKLIST))
    return [status.Status for status, _ in answers], [item for _, item in answers if item is not None]


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT])
def test_what_is_scheduled_is_listed_by_when_it_is_due(port: int, syntax: str) -> None:
    late = made_order(step={"scheduled_start_time": "100000"})
    early = made_order(step={"scheduled_start_time": "070000"})
    apply_order(late)
    apply_order(early)
    statuses, items = asked(port, identifier(PatientID=early.patient.patient_id), syntax)
    assert statuses == [0xFF00, 0xFF00, 0x0000]
    assert [item.AccessionNumber for item in items] == [early.accession_number, late.accession_number]
    assert [item.StudyInstanceUID for item in items] == [early.study_instance_uid, late.study_instance_uid]
    (step,) = items[0].ScheduledProcedureStepSequence
    assert (step.Modality, step.ScheduledStationAETitle) == ("CT", "CT_EAST")
    assert (items[0].PatientName, items[0].SpecificCharacterSet) == ("Țurcanu^Ștefan", "ISO_IR 192")


@pytest.mark.parametrize(
    ("patient_name", "query", "character_set"),
    [
        ("Козлова^Анна", "Козл*", "ISO_IR 144"),
        ("Козлова^Анна", "КОЗЛОВА^АННА", "ISO_IR 192"),
        ("Ţurcanu^Ştefan", "ţurcanu*", "ISO_IR 101"),
        ("Müller^Jürgen", "MÜLLER*", "ISO_IR 100"),
        ("Wang^XiaoDong=王^小东", "*=王*", "GB18030"),
    ],
)
def test_names_are_asked_for_and_answered_in_the_callers_character_set(
    port: int, patient_name: str, query: str, character_set: str
) -> None:
    alphabetic, _, ideographic = patient_name.partition("=")
    apply_order(made_order(patient={"patient_name": name(alphabetic, ideographic)}))
    apply_order(made_order(patient={"patient_name": name("Somebody^Else")}))
    statuses, items = asked(port, identifier(SpecificCharacterSet=character_set, PatientName=query))
    assert statuses == [0xFF00, 0x0000]
    assert (items[0].SpecificCharacterSet, items[0].PatientName) == (character_set, patient_name)


def test_a_key_that_is_not_kept_here_is_answered_with_a_warning(port: int) -> None:
    apply_order(made_order())
    statuses, items = asked(port, identifier(PatientReligiousPreference=None))
    assert statuses == [0xFF01, 0x0000]
    assert "PatientReligiousPreference" not in items[0]


def test_more_than_the_limit_is_said(port: int, settings: Any) -> None:
    settings.WORKLIST_LIMIT = 2
    for _ in range(3):
        apply_order(made_order())
    assert asked(port, identifier())[0] == [0xFF00, 0xFF00, 0xA700]


def test_a_cancelled_query_ends(port: int) -> None:
    for _ in range(30):
        apply_order(made_order())
    with established(entity(), port) as assoc:
        answers = assoc.send_c_find(identifier(), MODALITY_WORKLIST, msg_id=5)
        assert next(answers)[0].Status == 0xFF00
        assoc.send_c_cancel(5, query_model=MODALITY_WORKLIST)
        last = [status.Status for status, _ in answers][-1]
    # Where all was sent before the cancel came, the query had ended by itself.
    assert last in {0xFE00, 0x0000}


def two_items() -> Dataset:
    ds = identifier()
    ds.ScheduledProcedureStepSequence.append(Dataset())
    return ds


def many_uids() -> Dataset:
    return identifier(StudyInstanceUID=[f"1.2.{number}" for number in range(10_000)])


@pytest.mark.parametrize("make", [two_items, many_uids])
def test_a_query_that_is_none_is_refused_and_the_association_lives(port: int, make: Callable[[], Dataset]) -> None:
    with established(entity(), port) as assoc:
        answers = [status.Status for status, _ in assoc.send_c_find(make(), MODALITY_WORKLIST)]
        assert answers == [0xA900]
        assert [status.Status for status, _ in assoc.send_c_find(identifier(), MODALITY_WORKLIST)] == [0x0000]


def test_an_empty_query_lists_all(port: int) -> None:
    apply_order(made_order())
    ds = Dataset()
    ds.PatientName = ""
    statuses, items = asked(port, ds)
    assert statuses == [0xFF00, 0x0000]
    assert set(items[0].dir()) == {"PatientName", "SpecificCharacterSet"}


def test_who_was_not_given_the_worklist_cannot_ask(port: int) -> None:
    assoc = entity(ae_title="STRANGER").associate("127.0.0.1", port, ae_title="SERVER_A")
    assert not assoc.accepted_contexts
    if assoc.is_established:
        assoc.release()

"""Performed procedure steps over an association, in order and out of it."""

from collections.abc import Iterator

import pytest
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import generate_uid
from pynetdicom import AE, build_context
from pynetdicom.association import Association

from dicomserver.access.peers import add_peer
from dicomserver.orders.models import Order, PerformedProcedureStep
from dicomserver.orders.services import apply_order
from dicomserver.scp.procedure_steps import MODALITY_PERFORMED_PROCEDURE_STEP as MPPS
from dicomserver.scp.procedure_steps import MODALITY_PERFORMED_PROCEDURE_STEP_RETRIEVE as RETRIEVE
from dicomserver.scp.server import ScpServer
from tests.dicomserver.objects import EXPLICIT
from tests.dicomserver.orders.made_orders import begun_step, ended_step, made_order
from tests.dicomserver.sender import established


@pytest.fixture
def assoc(scp: ScpServer) -> Iterator[Association]:
    """A modality that may report what it does."""
    add_peer("ct", ae_title="CT_EAST", addresses=["127.0.0.1"], services=["procedure_step"])
    ae = AE(ae_title="CT_EAST")
    ae.requested_contexts = [build_context(MPPS, [EXPLICIT]), build_context(RETRIEVE, [EXPLICIT])]
    with established(ae, scp.port) as assoc:
        yield assoc


def create(assoc: Association, ds: Dataset, uid: str | None) -> Dataset:
    status, _ = assoc.send_n_create(ds, MPPS, uid)
    return status


def change(assoc: Association, ds: Dataset, uid: str) -> Dataset:
    status, _ = assoc.send_n_set(ds, MPPS, uid)
    return status


def read(assoc: Association, uid: str, *keywords: str | int) -> tuple[int, Dataset | None]:
    tags = [Tag(one) for one in keywords]
    status, ds = assoc.send_n_get(tags, RETRIEVE, uid)
    return int(status.Status), ds


def test_what_was_performed_is_read_as_it_was_reported(assoc: Association) -> None:
    uid = str(generate_uid())
    created, ended = begun_step(), ended_step("COMPLETED", "1.2.3", "1.2.4")
    create(assoc, created, uid)
    status, ds = read(assoc, uid)
    assert status == 0x0000
    assert ds is not None
    assert ds.to_json_dict() == created.to_json_dict()
    change(assoc, ended, uid)
    status, ds = read(assoc, uid)
    assert status == 0x0000
    assert ds is not None
    assert ds.to_json_dict() == created.to_json_dict() | ended.to_json_dict()


def test_only_what_is_asked_for_is_answered(assoc: Association) -> None:
    uid = str(generate_uid())
    create(assoc, begun_step(), uid)
    status, ds = read(assoc, uid, "PerformedProcedureStepStatus", "PerformedProcedureStepEndDate", "StudyID")
    assert status == 0x0000
    assert ds is not None
    assert [element.keyword for element in ds] == [
        "StudyID",
        "PerformedProcedureStepEndDate",
        "PerformedProcedureStepStatus",
    ]
    assert (ds.PerformedProcedureStepStatus, ds.PerformedProcedureStepEndDate) == ("IN PROGRESS", "")


def test_what_a_modality_never_said_is_empty_and_what_is_no_part_of_a_step_is_warned_of(assoc: Association) -> None:
    uid = str(generate_uid())
    create(assoc, begun_step(), uid)
    status, ds = read(assoc, uid, "CommentsOnThePerformedProcedureStep", "PatientID")
    assert status == 0x0000
    assert ds is not None
    assert (ds.CommentsOnThePerformedProcedureStep, ds.PatientID) == ("", "2980123456786")
    status, ds = read(assoc, uid, "PatientID", "WindowCenter", 0x00091001)
    assert status == 0x0001
    assert ds is not None
    assert [element.keyword for element in ds] == ["PatientID"]


def test_a_step_that_there_is_not_cannot_be_read(assoc: Association) -> None:
    assert read(assoc, str(generate_uid())) == (0x0112, None)
    assert read(assoc, "1.2.3.999999", "PatientID") == (0x0112, None)


@pytest.mark.parametrize("character_set", ["ISO_IR 144", "ISO_IR 192", ["", "ISO 2022 IR 144"]])
def test_names_are_read_in_the_character_set_in_which_they_came(
    assoc: Association, character_set: str | list[str]
) -> None:
    uid = str(generate_uid())
    create(assoc, begun_step(SpecificCharacterSet=character_set, PatientName="Козлова^Анна"), uid)
    status, ds = read(assoc, uid, "PatientName")
    assert status == 0x0000
    assert ds is not None
    assert (ds.PatientName, ds.SpecificCharacterSet) == ("Козлова^Анна", character_set)


def test_an_end_in_another_character_set_is_read_in_unicode(assoc: Association) -> None:
    uid = str(generate_uid())
    create(assoc, begun_step(SpecificCharacterSet="ISO_IR 144", PatientName="Козлова^Анна"), uid)
    said = ended_step("DISCONTINUED", SpecificCharacterSet="ISO_IR 100", PerformedProcedureStepDescription="Schädel")
    assert change(assoc, said, uid).Status == 0x0000
    _, ds = read(assoc, uid)
    assert ds is not None
    assert (ds.PatientName, ds.PerformedProcedureStepDescription) == ("Козлова^Анна", "Schädel")
    assert ds.SpecificCharacterSet == "ISO_IR 192"


def test_steps_are_read_in_their_own_sop_class_alone(assoc: Association) -> None:
    uid = str(generate_uid())
    create(assoc, begun_step(), uid)
    assert assoc.send_n_get([], MPPS, uid)[0].Status == 0x0211
    assert assoc.send_n_create(begun_step(), RETRIEVE, uid)[0].Status == 0x0211


def test_a_modality_reports_a_step_from_its_begin_to_its_end(assoc: Association) -> None:
    order = made_order()
    apply_order(order)
    uid = str(generate_uid())
    assert create(assoc, begun_step(order), uid).Status == 0x0000
    assert Order.objects.get().state == "in_progress"
    assert change(assoc, ended_step("COMPLETED", "1.2.3"), uid).Status == 0x0000
    assert Order.objects.get().state == "completed"
    row = PerformedProcedureStep.objects.get()
    assert (row.sop_instance_uid, row.state, row.calling_ae_title) == (uid, "completed", "CT_EAST")


def test_what_is_out_of_order_gets_its_status(assoc: Association) -> None:
    uid = str(generate_uid())
    assert change(assoc, ended_step("COMPLETED"), uid).Status == 0x0112
    assert create(assoc, begun_step(PerformedProcedureStepStatus="COMPLETED"), uid).Status == 0x0106
    assert create(assoc, begun_step(PerformedProcedureStepID=None), uid).Status == 0x0120
    assert create(assoc, begun_step(PerformedStationAETitle=""), uid).Status == 0x0121
    assert create(assoc, begun_step(), uid).Status == 0x0000
    assert create(assoc, begun_step(), uid).Status == 0x0111
    assert change(assoc, ended_step("WHATEVER"), uid).Status == 0x0106
    assert change(assoc, ended_step("DISCONTINUED"), uid).Status == 0x0000
    refused = change(assoc, ended_step("COMPLETED"), uid)
    assert (refused.Status, refused.ErrorID) == (0x0110, 0xA710)
    assert refused.ErrorComment == "Performed Procedure Step Object may no longer be updated"
    assert PerformedProcedureStep.objects.get().state == "discontinued"


def test_a_step_without_a_uid_gets_one(assoc: Association) -> None:
    status = create(assoc, begun_step(), None)
    assert status.Status == 0x0000
    assert PerformedProcedureStep.objects.get().sop_instance_uid.startswith("1.2.826.")


def test_names_of_a_step_are_read_in_their_character_set(assoc: Association) -> None:
    ds = begun_step(SpecificCharacterSet="ISO_IR 144", PatientName="Козлова^Анна")
    assert create(assoc, ds, str(generate_uid())).Status == 0x0000
    kept = Dataset.from_json(PerformedProcedureStep.objects.get().data_set)
    assert str(kept.PatientName) == "Козлова^Анна"

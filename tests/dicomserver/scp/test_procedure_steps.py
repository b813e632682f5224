"""Performed procedure steps over an association, in order and out of it."""

from collections.abc import Iterator

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import AE, build_context
from pynetdicom.association import Association

from dicomserver.access.peers import add_peer
from dicomserver.orders.models import Order, PerformedProcedureStep
from dicomserver.orders.services import apply_order
from dicomserver.scp.procedure_steps import MODALITY_PERFORMED_PROCEDURE_STEP as MPPS
from dicomserver.scp.server import ScpServer
from tests.dicomserver.objects import EXPLICIT
from tests.dicomserver.orders.made_orders import begun_step, ended_step, made_order
from tests.dicomserver.sender import established


@pytest.fixture
def assoc(scp: ScpServer) -> Iterator[Association]:
    """A modality that may report what it does."""
    add_peer("ct", ae_title="CT_EAST", addresses=["127.0.0.1"], services=["procedure_step"])
    ae = AE(ae_title="CT_EAST")
    ae.requested_contexts = [build_context(MPPS, [EXPLICIT])]
    with established(ae, scp.port) as assoc:
        yield assoc


def create(assoc: Association, ds: Dataset, uid: str | None) -> Dataset:
    status, _ = assoc.send_n_create(ds, MPPS, uid)
    return status


def change(assoc: Association, ds: Dataset, uid: str) -> Dataset:
    status, _ = assoc.send_n_set(ds, MPPS, uid)
    return status


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

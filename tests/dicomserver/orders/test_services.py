"""Orders of the portal become this server's, whatever the order in which they come; each change is reported."""

from uuid import UUID

import pytest
from django.utils import timezone

from dicomserver.identity import Identity
from dicomserver.orders.models import Order, ScheduledProcedureStep, State
from dicomserver.orders.services import apply_order, cancel_order, move_patient, update_patient
from dicomserver.orders.states import order_state, step_state
from dicomserver.outbox.services import deliver_due_messages
from tests.dicomserver.orders.made_orders import made_order, name
from tests.dicomserver.portal_double import PortalDouble
from wire import orders as wire
from wire.patient_facts import PatientFacts
from wire.studies import PersonName

pytestmark = pytest.mark.django_db


def states() -> list[str]:
    return list(ScheduledProcedureStep.objects.order_by("order__pk", "position").values_list("state", flat=True))


def test_an_order_is_kept_once_and_reported(enrolled: Identity, portal: PortalDouble) -> None:
    order = made_order(revision=4)
    assert apply_order(order)
    assert not apply_order(order)
    row = Order.objects.get()
    assert (row.order_id, row.origin, row.state, row.portal_revision) == (order.order_id, "portal", "scheduled", 4)
    deliver_due_messages()
    (report,) = portal.order_reports
    assert (report.order_id, report.revision, report.state.value) == (order.order_id, row.revision, "scheduled")
    assert report.accession_number == order.accession_number
    assert [step.state.value for step in report.steps] == ["scheduled"]
    assert report.server_id == portal.server_id
    assert report.server_id != UUID(int=0)


def test_an_older_revision_changes_nothing(enrolled: Identity) -> None:
    order = made_order(revision=7)
    apply_order(order)
    assert not apply_order(order.model_copy(update={"revision": 6, "accession_number": "OLD"}))
    assert Order.objects.get().accession_number == order.accession_number


def test_a_newer_revision_replaces_steps_that_nobody_has_begun(enrolled: Identity) -> None:
    order = made_order(revision=1)
    apply_order(order)
    moved = order.steps[0].model_copy(
        update={"scheduled_procedure_step_id": "OTHER", "scheduled_start_date": "20270102"}
    )
    apply_order(order.model_copy(update={"revision": 2, "steps": (moved,)}))
    step = ScheduledProcedureStep.objects.get()
    assert (step.scheduled_procedure_step_id, step.start_date) == ("OTHER", "20270102")


def test_a_cancelled_order_has_cancelled_steps(enrolled: Identity) -> None:
    order = made_order(revision=1)
    apply_order(order)
    apply_order(order.model_copy(update={"revision": 2, "is_cancelled": True}))
    assert states() == [State.CANCELLED]
    assert Order.objects.get().state == State.CANCELLED


def test_cancelling_here_is_reported(enrolled: Identity, portal: PortalDouble) -> None:
    apply_order(made_order())
    cancel_order(Order.objects.get())
    deliver_due_messages()
    assert [report.state.value for report in portal.order_reports] == ["scheduled", "cancelled"]


def test_a_patients_changed_name_stands_in_open_orders_alone(enrolled: Identity) -> None:
    mine, done, other = made_order(), made_order(), made_order(patient={"patient_id": "OTHER"})
    for order in (mine, done, other):
        apply_order(order)
    Order.objects.filter(order_id=done.order_id).update(state=State.COMPLETED)
    assert update_patient(mine.patient.patient_id, {"patient_name": name("Țurcanu^Ștefan^Ion")}) == 1
    names = {row.order_id: row.content["patient"]["patient_name"]["alphabetic"] for row in Order.objects.order_by("pk")}
    assert names == {
        mine.order_id: "Țurcanu^Ștefan^Ion",
        done.order_id: "Țurcanu^Ștefan",
        other.order_id: "Țurcanu^Ștefan",
    }


def test_a_merged_patients_orders_are_those_of_the_other(enrolled: Identity) -> None:
    order = made_order(patient={"patient_id": "TEMPORARY"})
    apply_order(order)
    assert move_patient("TEMPORARY", "P-77", {}) == 1
    row = Order.objects.get()
    assert (row.patient_id, row.content["patient"]["patient_id"]) == ("P-77", "P-77")


@pytest.mark.parametrize(
    ("is_cancelled", "performed", "expected"),
    [
        (False, [], "scheduled"),
        (True, [], "cancelled"),
        (True, [("in_progress", False)], "in_progress"),
        (False, [("completed", False)], "completed"),
        (False, [("completed", False), ("in_progress", False)], "in_progress"),
        (False, [("discontinued", False)], "discontinued"),
        (False, [("discontinued", False), ("completed", False)], "completed"),
        (False, [("discontinued", True)], "scheduled"),
        (False, [("completed", True)], "completed"),
    ],
)
def test_a_step_stands_where_what_was_done_of_it_stands(
    is_cancelled: bool, performed: list[tuple[str, bool]], expected: str
) -> None:
    assert step_state(is_cancelled=is_cancelled, performed=performed) == expected


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (["scheduled", "scheduled"], "scheduled"),
        (["scheduled", "cancelled"], "scheduled"),
        (["cancelled"], "cancelled"),
        (["completed", "scheduled"], "in_progress"),
        (["in_progress", "completed"], "in_progress"),
        (["completed", "cancelled"], "completed"),
        (["discontinued", "completed"], "completed"),
        (["discontinued", "cancelled"], "discontinued"),
    ],
)
def test_an_order_stands_where_its_steps_stand(steps: list[str], expected: str) -> None:
    assert order_state(steps) == expected


def patient_of(order: wire.Order) -> dict[str, object]:
    row = Order.objects.get(order_id=order.order_id)
    return dict(row.content["patient"])


def test_a_corrected_name_outlives_the_portals_next_push_and_is_told_to_it(
    enrolled: Identity, portal: PortalDouble
) -> None:
    order = made_order(revision=1)
    apply_order(order)
    update_patient(order.patient.patient_id, {"patient_name": name("Țurcan^Ștefan")})
    pushed = order.model_copy(
        update={"revision": 2, "patient": order.patient.model_copy(update={"allergies": "Latex"})}
    )
    assert apply_order(pushed)
    patient = patient_of(order)
    assert (patient["patient_name"], patient["allergies"]) == (name("Țurcan^Ștefan"), "Latex")
    deliver_due_messages()
    told = portal.order_reports[-1]
    assert (told.patient.patient_name.alphabetic, told.patient.allergies) == ("Țurcan^Ștefan", "Latex")
    assert told.patient_changed_at["patient_name"] > order.patient_changed_at["patient_name"]


def test_a_merged_patients_order_stays_with_the_one_that_stays(enrolled: Identity) -> None:
    order = made_order(revision=1, patient={"patient_id": "TEMPORARY"})
    apply_order(order)
    move_patient("TEMPORARY", "P-78", {})
    apply_order(order.model_copy(update={"revision": 2, "accession_number": "NEW"}))
    row = Order.objects.get()
    assert (row.patient_id, row.content["patient"]["patient_id"], row.accession_number) == ("P-78", "P-78", "NEW")


def test_a_name_that_the_portal_changed_later_stands(enrolled: Identity) -> None:
    order = made_order(revision=1)
    apply_order(order)
    update_patient(order.patient.patient_id, {"patient_name": name("Țurcan^Ștefan")})
    seen = PatientFacts.of(Order.objects.get().content)
    later = seen.changed({"patient_name": name("Țurcanu^Ștefan^Ion")}, timezone.now()).changed_at["patient_name"]
    patient = order.patient.model_copy(update={"patient_name": PersonName(alphabetic="Țurcanu^Ștefan^Ion")})
    apply_order(
        order.model_copy(update={"revision": 2, "patient": patient, "patient_changed_at": {"patient_name": later}})
    )
    assert patient_of(order)["patient_name"] == name("Țurcanu^Ștefan^Ion")


def test_a_portal_of_before_cannot_take_a_correction_back(enrolled: Identity) -> None:
    order = made_order(revision=1, patient_changed_at={})
    apply_order(order)
    update_patient(order.patient.patient_id, {"patient_name": name("Țurcan^Ștefan")})
    apply_order(order.model_copy(update={"revision": 2}))
    assert patient_of(order)["patient_name"] == name("Țurcan^Ștefan")

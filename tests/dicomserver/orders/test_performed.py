"""Performed procedure steps: the rules of PS3.4 Annex F, and what follows for orders."""

from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from dicomserver.identity import Identity
from dicomserver.orders.models import Order, PerformedProcedureStep, ScheduledProcedureStep
from dicomserver.orders.performed import (
    DUPLICATE_SOP_INSTANCE,
    INVALID_ATTRIBUTE_VALUE,
    INVALID_SOP_INSTANCE,
    MAY_NO_LONGER_BE_UPDATED,
    MISSING_ATTRIBUTE,
    MISSING_ATTRIBUTE_VALUE,
    NO_SUCH_SOP_INSTANCE,
    PROCESSING_FAILURE,
    StepRefused,
    change_performed_step,
    create_performed_step,
)
from dicomserver.orders.services import apply_order
from dicomserver.outbox.services import deliver_due_messages
from tests.dicomserver.orders.made_orders import begun_step, ended_step, made_order
from tests.dicomserver.portal_double import PortalDouble

pytestmark = pytest.mark.django_db


def begin(ds: Dataset, uid: str = "") -> str:
    uid = uid or str(generate_uid())
    create_performed_step(sop_instance_uid=uid, ds=ds, calling_ae_title="CT_EAST")
    return uid


def change(uid: str, ds: Dataset) -> None:
    change_performed_step(sop_instance_uid=uid, ds=ds)


def states() -> tuple[str, list[str]]:
    return Order.objects.get().state, list(ScheduledProcedureStep.objects.values_list("state", flat=True))


def test_a_step_goes_from_scheduled_to_completed_and_the_portal_hears_of_it(
    enrolled: Identity, portal: PortalDouble
) -> None:
    order = made_order()
    apply_order(order)
    uid = begin(begun_step(order))
    assert states() == ("in_progress", ["in_progress"])
    change(uid, ended_step("COMPLETED", "1.2.3"))
    assert states() == ("completed", ["completed"])
    deliver_due_messages()
    reports = portal.order_reports
    assert [report.state.value for report in reports] == ["scheduled", "in_progress", "completed"]
    (performed,) = reports[-1].performed_steps
    assert (performed.sop_instance_uid, performed.started_at, performed.ended_at) == (
        uid,
        "20261121084112",
        "20261121085903",
    )
    assert performed.performed_station_ae_title == "CT_EAST"


@pytest.mark.parametrize(
    ("reason", "expected"), [("110514", ("scheduled", ["scheduled"])), ("110513", ("discontinued", ["discontinued"]))]
)
def test_a_discontinued_step_is_scheduled_again_where_the_wrong_entry_was_chosen(
    enrolled: Identity, reason: str, expected: tuple[str, list[str]]
) -> None:
    order = made_order()
    apply_order(order)
    uid = begin(begun_step(order))
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = reason, "DCM", "Reason"
    change(uid, ended_step("DISCONTINUED", PerformedProcedureStepDiscontinuationReasonCodeSequence=[code]))
    assert states() == expected


def test_what_was_cancelled_is_completed_where_it_was_done(enrolled: Identity) -> None:
    order = made_order(revision=1)
    apply_order(order)
    uid = begin(begun_step(order))
    apply_order(order.model_copy(update={"revision": 2, "is_cancelled": True}))
    assert states() == ("in_progress", ["in_progress"])
    change(uid, ended_step("COMPLETED"))
    assert states() == ("completed", ["completed"])


def test_an_unscheduled_step_belongs_to_no_order(enrolled: Identity) -> None:
    apply_order(made_order())
    begin(begun_step())
    assert states() == ("scheduled", ["scheduled"])
    assert not PerformedProcedureStep.objects.get().steps.exists()


def test_a_step_for_several_scheduled_ones_belongs_to_all(enrolled: Identity) -> None:
    first, second = made_order(), made_order()
    apply_order(first)
    apply_order(second)
    ds = begun_step(first)
    ds.ScheduledStepAttributesSequence.extend(begun_step(second).ScheduledStepAttributesSequence)
    begin(ds)
    assert list(Order.objects.values_list("state", flat=True)) == ["in_progress", "in_progress"]


def test_a_step_that_names_only_its_study_belongs_to_the_only_step_of_it(enrolled: Identity) -> None:
    order = made_order()
    apply_order(order)
    ds = begun_step(order)
    ds.ScheduledStepAttributesSequence[0].ScheduledProcedureStepID = ""
    begin(ds)
    assert states() == ("in_progress", ["in_progress"])


def refusal(act: Any, *arguments: Any) -> StepRefused:
    with pytest.raises(StepRefused) as caught:
        act(*arguments)
    return caught.value


def test_the_same_step_is_not_created_twice(enrolled: Identity) -> None:
    uid = begin(begun_step())
    assert refusal(begin, begun_step(), uid).status == DUPLICATE_SOP_INSTANCE
    assert PerformedProcedureStep.objects.count() == 1


@pytest.mark.parametrize("status", ["COMPLETED", "DISCONTINUED", "SCHEDULED", "in progress"])
def test_a_step_is_created_in_progress_only(enrolled: Identity, status: str) -> None:
    refused = refusal(begin, begun_step(PerformedProcedureStepStatus=status))
    assert refused.status == INVALID_ATTRIBUTE_VALUE
    assert not PerformedProcedureStep.objects.exists()


@pytest.mark.parametrize(
    "keyword",
    [
        "ScheduledStepAttributesSequence",
        "PerformedProcedureStepID",
        "PerformedStationAETitle",
        "PerformedProcedureStepStartDate",
        "PerformedProcedureStepStartTime",
        "PerformedProcedureStepStatus",
        "Modality",
    ],
)
def test_what_must_be_there_is_missed_or_found_empty(enrolled: Identity, keyword: str) -> None:
    missing = refusal(begin, begun_step(**{keyword: None}))
    assert (missing.status, missing.comment) == (MISSING_ATTRIBUTE, f"{keyword} is missing.")
    empty = refusal(begin, begun_step(**{keyword: [] if keyword.endswith("Sequence") else ""}))
    assert (empty.status, empty.comment) == (MISSING_ATTRIBUTE_VALUE, f"{keyword} is empty.")
    assert not PerformedProcedureStep.objects.exists()


@pytest.mark.parametrize("uid", ["1.2.", "../../etc/passwd", "a", "1" * 65])
def test_a_step_under_no_uid_is_refused(enrolled: Identity, uid: str) -> None:
    assert refusal(begin, begun_step(), uid).status == INVALID_SOP_INSTANCE
    assert refusal(change, uid, ended_step("COMPLETED")).status == INVALID_SOP_INSTANCE


def test_a_change_before_the_step_was_created_is_refused(enrolled: Identity) -> None:
    refused = refusal(change, str(generate_uid()), ended_step("COMPLETED"))
    assert refused.status == NO_SUCH_SOP_INSTANCE


@pytest.mark.parametrize("ended", ["COMPLETED", "DISCONTINUED"])
@pytest.mark.parametrize("then", ["IN PROGRESS", "COMPLETED", "DISCONTINUED"])
def test_what_has_ended_is_never_changed(enrolled: Identity, ended: str, then: str) -> None:
    uid = begin(begun_step())
    change(uid, ended_step(ended, "1.2.3"))
    before = PerformedProcedureStep.objects.values().get()
    refused = refusal(change, uid, ended_step(then, "1.2.4"))
    assert (refused.status, refused.error_id) == (PROCESSING_FAILURE, MAY_NO_LONGER_BE_UPDATED)
    assert refused.comment == "Performed Procedure Step Object may no longer be updated"
    assert PerformedProcedureStep.objects.values().get() == before


def test_a_status_that_there_is_not_is_refused(enrolled: Identity) -> None:
    uid = begin(begun_step())
    assert refusal(change, uid, ended_step("DONE")).status == INVALID_ATTRIBUTE_VALUE
    assert PerformedProcedureStep.objects.get().state == "in_progress"


def test_what_was_created_for_good_may_be_repeated_and_not_changed(enrolled: Identity) -> None:
    order = made_order()
    apply_order(order)
    created = begun_step(order)
    uid = begin(created)
    ds = ended_step("IN PROGRESS")
    for keyword in ("PatientName", "PatientID", "ScheduledStepAttributesSequence", "PerformedStationAETitle"):
        setattr(ds, keyword, created[keyword].value)
    change(uid, ds)
    ds.PatientID = "SOMEBODY"
    refused = refusal(change, uid, ds)
    assert (refused.status, refused.comment) == (INVALID_ATTRIBUTE_VALUE, "PatientID cannot be changed.")


def test_a_series_that_refers_to_no_uid_is_refused(enrolled: Identity) -> None:
    uid = begin(begun_step())
    refused = refusal(change, uid, ended_step("COMPLETED", "1.2..3"))
    assert (refused.status, refused.comment) == (INVALID_ATTRIBUTE_VALUE, "A ReferencedSOPInstanceUID is none.")
    assert PerformedProcedureStep.objects.get().state == "in_progress"


def test_more_of_a_step_is_added_and_kept(enrolled: Identity) -> None:
    uid = begin(begun_step())
    more = Dataset()
    more.SpecificCharacterSet = "ISO_IR 192"
    more.PerformedProcedureStepDescription = "Торакс"
    change(uid, more)
    ds = Dataset.from_json(PerformedProcedureStep.objects.get().data_set)
    assert ds.PerformedProcedureStepDescription == "Торакс"
    assert ds.PerformedProcedureStepStatus == "IN PROGRESS"


def test_a_step_that_does_not_say_when_it_ended_has_ended_now(enrolled: Identity) -> None:
    uid = begin(begun_step())
    ds = Dataset()
    ds.PerformedProcedureStepStatus = "COMPLETED"
    change(uid, ds)
    row = PerformedProcedureStep.objects.get()
    assert (row.state, len(row.ended_at)) == ("completed", 14)

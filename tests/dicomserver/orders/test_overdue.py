"""What nobody did leaves the worklist after some days, and is found by who names its day or its accession number."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pydicom.dataset import Dataset

from dicomserver.identity import Identity
from dicomserver.orders.items import KNOWN
from dicomserver.orders.matching import Keys
from dicomserver.orders.models import ScheduledProcedureStep
from dicomserver.orders.performed import create_performed_step
from dicomserver.orders.services import apply_order
from dicomserver.orders.worklist import matching_items, steps_to_compare
from tests.dicomserver.orders.made_orders import begun_step, made_order
from wire.orders import Order

pytestmark = pytest.mark.django_db


def day(ago: int) -> str:
    return f"{timezone.now() - timedelta(days=ago):%Y%m%d}"


def placed(ago: int, **changes: Any) -> Order:
    """An order that was due so many days ago."""
    order = made_order(step={"scheduled_start_date": day(ago)}, **changes)
    apply_order(order)
    return order


def asking(step: dict[str, Any] | None = None, **keys: Any) -> Keys:
    ds, item = Dataset(), Dataset()
    ds.AccessionNumber = item.ScheduledProcedureStepStartDate = None
    for target, values in ((ds, keys), (item, step or {})):
        for keyword, value in values.items():
            setattr(target, keyword, value)
    ds.ScheduledProcedureStepSequence = [item]
    return Keys(ds, KNOWN)


def numbers(keys: Keys) -> list[str]:
    return [item["AccessionNumber"] for item in matching_items(keys, "CT_EAST")]


def test_a_step_that_nobody_did_leaves_the_worklist_after_a_week(enrolled: Identity, settings: Any) -> None:
    assert settings.WORKLIST_OVERDUE_DAYS == 7
    placed(8)
    last, next_week = placed(7), placed(-7)
    assert numbers(asking()) == [last.accession_number, next_week.accession_number]
    assert numbers(asking({"Modality": "CT", "ScheduledProcedureStepStartDate": "*"})) == numbers(asking())


def test_how_long_is_a_setting(enrolled: Identity, settings: Any) -> None:
    yesterday = placed(1)
    settings.WORKLIST_OVERDUE_DAYS = 0
    assert numbers(asking()) == []
    settings.WORKLIST_OVERDUE_DAYS = 1
    assert numbers(asking()) == [yesterday.accession_number]


def test_an_overdue_step_is_found_by_its_day_and_by_its_accession_number(enrolled: Identity) -> None:
    old = placed(40)
    for keys in (
        asking({"ScheduledProcedureStepStartDate": day(40)}),
        asking({"ScheduledProcedureStepStartDate": f"{day(41)}-{day(39)}"}),
        asking({"ScheduledProcedureStepStartDate": f"-{day(39)}"}),
        asking(AccessionNumber=old.accession_number),
        asking(AccessionNumber=f"{old.accession_number}*"),
    ):
        assert numbers(keys) == [old.accession_number]
    assert numbers(asking(PatientID=old.patient.patient_id)) == []
    assert numbers(asking(AccessionNumber="*")) == []


def test_a_step_without_a_day_is_never_overdue(enrolled: Identity) -> None:
    undated = made_order(step={"scheduled_start_date": "", "scheduled_start_time": ""})
    apply_order(undated)
    today = placed(0)
    assert numbers(asking()) == [undated.accession_number, today.accession_number]


def test_a_step_that_was_begun_and_forgotten_leaves_too(enrolled: Identity) -> None:
    old, now = placed(30), placed(0)
    for number, order in enumerate((old, now)):
        create_performed_step(sop_instance_uid=f"1.2.{number}", ds=begun_step(order), calling_ae_title="CT_EAST")
    assert numbers(asking()) == [now.accession_number]


def test_a_hundred_thousand_overdue_steps_are_not_read(enrolled: Identity) -> None:
    old, now = placed(30), placed(0)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO orders_scheduledprocedurestep (order_id, position, scheduled_procedure_step_id, modality,
                station_ae_titles, start_date, start_time, content, is_cancelled, state)
            SELECT order_id, 0, 'X' || number, modality, station_ae_titles, start_date, start_time, content,
                is_cancelled, state
            FROM orders_scheduledprocedurestep, generate_series(1, 100000) AS number WHERE start_date = %s
            """,
            [day(30)],
        )
        cursor.execute("ANALYZE orders_scheduledprocedurestep")
    assert ScheduledProcedureStep.objects.filter(start_date=day(30)).count() == 100_001
    assert numbers(asking()) == [now.accession_number]
    assert sum(map(rows_read, steps_to_compare(asking()))) == 1
    assert sum(map(rows_read, steps_to_compare(asking({"ScheduledProcedureStepStartDate": day(0)})))) == 1
    assert old.accession_number != now.accession_number


def rows_read(steps: Any) -> int:
    """How many rows of steps the database looked at."""
    (plan,) = json.loads(steps.explain(format="json", analyze=True))
    return sum(
        node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
        for node in nodes(plan["Plan"])
        if node.get("Relation Name") == "orders_scheduledprocedurestep"
    )


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for below in plan.get("Plans", []) for node in nodes(below))]

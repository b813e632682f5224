"""Orders and performed steps of a test's own making."""

import json
from typing import Any
from uuid import uuid4

from django.utils import timezone
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from wire.examples import example
from wire.messages import parse
from wire.orders import Order, OrdersAnswer


def made_order(*, step: dict[str, Any] | None = None, patient: dict[str, Any] | None = None, **changes: Any) -> Order:
    """An order of one step at CT_EAST today, with other numbers than any other's."""
    values = json.loads(example("orders_answer"))["orders"][0]
    number = str(uuid4().int)[:10]
    values |= {
        "order_id": str(uuid4()),
        "placer_order_number": f"RIS-{number}",
        "accession_number": f"A{number}",
        "study_instance_uid": str(generate_uid()),
    }
    # What is long overdue stands in no worklist.
    today = f"{timezone.now():%Y%m%d}"
    values["steps"][0] |= {"scheduled_procedure_step_id": f"S{number}", "scheduled_start_date": today} | (step or {})
    values["patient"] |= patient or {}
    values |= changes
    body = json.dumps({"orders": [values], "revision": 1, "has_more": False}).encode()
    return parse(OrdersAnswer, body).orders[0]


def name(alphabetic: str, ideographic: str = "", phonetic: str = "") -> dict[str, str]:
    """A person's name of the wire."""
    return {"alphabetic": alphabetic, "ideographic": ideographic, "phonetic": phonetic}


def begun_step(order: Order | None = None, **changes: Any) -> Dataset:
    """What a modality creates a performed step with: for the order's steps, or unscheduled."""
    ds = Dataset()
    ds.ScheduledStepAttributesSequence = []
    for step in order.steps if order else (None,):
        item = Dataset()
        item.StudyInstanceUID = order.study_instance_uid if order else str(generate_uid())
        item.ReferencedStudySequence = []
        item.AccessionNumber = order.accession_number if order else None
        item.RequestedProcedureID = order.requested_procedure_id if order else None
        item.RequestedProcedureDescription = None
        item.ScheduledProcedureStepID = step.scheduled_procedure_step_id if step else None
        item.ScheduledProcedureStepDescription = None
        item.ScheduledProtocolCodeSequence = []
        ds.ScheduledStepAttributesSequence.append(item)
    ds.PatientName = "Turcanu^Stefan"
    ds.PatientID = "2980123456786"
    ds.PatientBirthDate = "19620831"
    ds.PatientSex = "M"
    ds.ReferencedPatientSequence = []
    ds.PerformedProcedureStepID = "PPS1"
    ds.PerformedStationAETitle = "CT_EAST"
    ds.PerformedStationName = None
    ds.PerformedLocation = None
    ds.PerformedProcedureStepStartDate = "20261121"
    ds.PerformedProcedureStepStartTime = "084112"
    ds.PerformedProcedureStepStatus = "IN PROGRESS"
    ds.PerformedProcedureStepDescription = None
    ds.PerformedProcedureTypeDescription = None
    ds.ProcedureCodeSequence = []
    ds.PerformedProcedureStepEndDate = None
    ds.PerformedProcedureStepEndTime = None
    ds.Modality = "CT"
    ds.StudyID = None
    ds.PerformedProtocolCodeSequence = []
    ds.PerformedSeriesSequence = []
    for keyword, value in changes.items():
        if value is None:
            delattr(ds, keyword)
        else:
            setattr(ds, keyword, value)
    return ds


def ended_step(status: str, *sop_instance_uids: str, **changes: Any) -> Dataset:
    """What a modality ends a performed step with: one series of these instances."""
    ds = Dataset()
    ds.PerformedProcedureStepStatus = status
    ds.PerformedProcedureStepEndDate = "20261121"
    ds.PerformedProcedureStepEndTime = "085903"
    series = Dataset()
    series.SeriesInstanceUID = str(generate_uid())
    series.SeriesDescription = None
    series.RetrieveAETitle = None
    series.PerformingPhysicianName = None
    series.OperatorsName = None
    series.ProtocolName = "CHEST"
    series.ReferencedImageSequence = []
    series.ReferencedNonImageCompositeSOPInstanceSequence = []
    for uid in sop_instance_uids:
        reference = Dataset()
        reference.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
        reference.ReferencedSOPInstanceUID = uid
        series.ReferencedImageSequence.append(reference)
    ds.PerformedSeriesSequence = [series] if sop_instance_uids else []
    for keyword, value in changes.items():
        setattr(ds, keyword, value)
    return ds

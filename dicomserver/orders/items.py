"""A scheduled step as an item of the modality worklist: its attributes by keyword, as PS3.4 Table K.6-1 names them.

An item is a dictionary of DICOM keywords; a value is text, a list of texts (several values) or a list of items (SQ).
An attribute that is known to have no value is an empty text or list; one that is not in the dictionary is not kept
here at all.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from dicomserver.orders.models import Order, ScheduledProcedureStep, State
from wire import orders as wire
from wire.studies import PatientIdentifier, PersonName

Item = dict[str, Any]

# PS3.3 C.4.10, Scheduled Procedure Step Status.
STATUSES: Final = {State.SCHEDULED: "SCHEDULED", State.IN_PROGRESS: "STARTED"}


def worklist_item(step: ScheduledProcedureStep, station_ae_title: str = "") -> Item:
    """The item of the step; a step for any station is one for the station that asks, where that is named."""
    order: Mapping[str, Any] = step.order.content
    return {
        **_request(order),
        **_visit(order),
        **_patient(order["patient"]),
        "ScheduledProcedureStepSequence": [_step(step, station_ae_title)],
    }


def _step(step: ScheduledProcedureStep, station_ae_title: str) -> Item:
    content = step.content
    return {
        "ScheduledStationAETitle": step.station_ae_titles or ([station_ae_title] if station_ae_title else []),
        "ScheduledStationName": content["scheduled_station_name"],
        "ScheduledProcedureStepLocation": content["scheduled_procedure_step_location"],
        "ScheduledProcedureStepStartDate": step.start_date,
        "ScheduledProcedureStepStartTime": step.start_time,
        "ScheduledProcedureStepEndDate": content["scheduled_end_date"],
        "ScheduledProcedureStepEndTime": content["scheduled_end_time"],
        "ScheduledPerformingPhysicianName": person_name(content["scheduled_performing_physician_name"]),
        "ScheduledProcedureStepDescription": content["scheduled_procedure_step_description"],
        "ScheduledProtocolCodeSequence": [_code(code) for code in content["scheduled_protocol_codes"]],
        "ScheduledProcedureStepID": step.scheduled_procedure_step_id,
        "ScheduledProcedureStepStatus": STATUSES.get(State(step.state), ""),
        "Modality": step.modality,
        "PreMedication": content["pre_medication"],
        "RequestedContrastAgent": content["requested_contrast_agent"],
    }


def _request(order: Mapping[str, Any]) -> Item:
    code = order["requested_procedure_code"]
    return {
        "RequestedProcedureID": order["requested_procedure_id"],
        "RequestedProcedureDescription": order["requested_procedure_description"],
        "RequestedProcedureCodeSequence": [_code(code)] if code else [],
        "RequestedProcedurePriority": order["requested_procedure_priority"],
        "RequestedProcedureComments": order["requested_procedure_comments"],
        "ReasonForTheRequestedProcedure": order["reason_for_the_requested_procedure"],
        "PatientTransportArrangements": order["patient_transport_arrangements"],
        "StudyInstanceUID": order["study_instance_uid"],
        "ReferencedStudySequence": [],
        "AccessionNumber": order["accession_number"],
        "PlacerOrderNumberImagingServiceRequest": order["placer_order_number"],
        "FillerOrderNumberImagingServiceRequest": order["filler_order_number"],
        "ImagingServiceRequestComments": order["imaging_service_request_comments"],
        "RequestingPhysician": person_name(order["requesting_physician_name"]),
        "ReferringPhysicianName": person_name(order["referring_physician_name"]),
        "RequestingService": order["requesting_service"],
    }


def _visit(order: Mapping[str, Any]) -> Item:
    return {
        "AdmissionID": order["admission_id"],
        "CurrentPatientLocation": order["current_patient_location"],
        "ReferencedPatientSequence": [],
    }


def _patient(patient: Mapping[str, Any]) -> Item:
    others = patient["other_patient_ids"]
    pregnancy = patient["pregnancy_status"]
    return {
        "PatientName": person_name(patient["patient_name"]),
        "PatientID": patient["patient_id"],
        "IssuerOfPatientID": patient["issuer_of_patient_id"],
        "OtherPatientIDsSequence": [
            {"PatientID": other["identifier"], "IssuerOfPatientID": other["issuer"]} for other in others
        ],
        "PatientBirthDate": patient["patient_birth_date"],
        "PatientSex": patient["patient_sex"],
        "PatientWeight": patient["patient_weight"],
        "PatientSize": patient["patient_size"],
        "MedicalAlerts": patient["medical_alerts"],
        "Allergies": patient["allergies"],
        "PregnancyStatus": "" if pregnancy is None else str(pregnancy),
        "SpecialNeeds": patient["special_needs"],
        "PatientState": patient["patient_state"],
        "ConfidentialityConstraintOnPatientDataDescription": patient["confidentiality_constraint"],
    }


def person_name(name: Mapping[str, str]) -> str:
    """A PN (PS3.5 6.2.1) of its component groups."""
    groups: Sequence[str] = (name["alphabetic"], name["ideographic"], name["phonetic"])
    return "=".join(groups).rstrip("=")


def _code(code: Mapping[str, str]) -> Item:
    version = {"CodingSchemeVersion": code["version"]} if code["version"] else {}
    return {
        "CodeValue": code["value"],
        "CodingSchemeDesignator": code["scheme"],
        **version,
        "CodeMeaning": code["meaning"],
    }


def _known() -> Item:
    """An item with one of everything."""
    nobody, code = PersonName(alphabetic=""), wire.Code(value="0", scheme="0", version="0", meaning="")
    other = PatientIdentifier(identifier="0", kind="other")
    patient = wire.OrderPatient(patient_id="", patient_name=nobody, other_patient_ids=(other,))
    step = wire.ScheduledStep(
        scheduled_procedure_step_id="",
        modality="",
        scheduled_start_date="",
        scheduled_start_time="",
        scheduled_protocol_codes=(code,),
    )
    order = wire.Order(
        order_id=UUID(int=0),
        revision=1,
        study_instance_uid="0",
        requested_procedure_id="",
        requested_procedure_code=code,
        is_cancelled=False,
        patient=patient,
        steps=(step,),
    )
    row = Order(content=order.model_dump(mode="json"))
    item = worklist_item(ScheduledProcedureStep(order=row, content=step.model_dump(mode="json")))
    reference = {"ReferencedSOPClassUID": "", "ReferencedSOPInstanceUID": ""}
    return item | {"ReferencedStudySequence": [reference], "ReferencedPatientSequence": [reference]}


KNOWN: Final = _known()
"""What is kept here of a worklist item: all keywords, and those of the items in its sequences."""

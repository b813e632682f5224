"""Orders: what is to be done for a patient and when; from the portal to a DICOM Server, and what became of it back.

An order is an imaging service request with one requested procedure and its scheduled procedure steps (PS3.3 C.4.10 to
C.4.12). The portal answers an `OrdersRequest` with what is newer than the revision that the server has; a server sends
an `OrderReport` for each order whose state changed, and for those that came to it by HL7.
"""

from enum import StrEnum
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from wire.messages import MAX_LARGE_INTEGER, Answer, Message, UtcDatetime
from wire.studies import PatientIdentifier, PersonName
from wire.text import CodeText, IdentifierText, ShortText, Text
from wire.uids import Uid

MAX_STEPS: Final = 16
MAX_CODES: Final = 8
MAX_STATIONS: Final = 16
MAX_PERFORMED: Final = 64
MAX_OTHER_PATIENT_IDS: Final = 16
MAX_ORDERS: Final = 100
MAX_PATIENT_FACTS: Final = 64
# PS3.5 6.2: DA and TM as they are written, without ranges; an empty text is not known.
DATE_PATTERN: Final = r"^([0-9]{8})?$"
TIME_PATTERN: Final = r"^([0-9]{6})?$"
AE_TITLE_PATTERN: Final = r"^[ -\[\]-~]*[!-\[\]-~][ -\[\]-~]*$"

DateText = Annotated[str, Field(pattern=DATE_PATTERN)]
TimeText = Annotated[str, Field(pattern=TIME_PATTERN)]
AeTitleText = Annotated[str, Field(min_length=1, max_length=16, pattern=AE_TITLE_PATTERN)]
Revision = Annotated[int, Field(ge=1, le=MAX_LARGE_INTEGER)]
RevisionOrNone = Annotated[int, Field(ge=0, le=MAX_LARGE_INTEGER)]
FactName = Annotated[str, Field(max_length=64, pattern=r"^[a-z_]+$")]


class State(StrEnum):
    """Where a step stands, or an order with all its steps."""

    SCHEDULED = "scheduled"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    DISCONTINUED = "discontinued"
    CANCELLED = "cancelled"


class Code(Message):
    """A coded entry (PS3.3 8): what a procedure or a protocol is."""

    value: Annotated[ShortText, Field(min_length=1)]
    scheme: Annotated[ShortText, Field(min_length=1)]
    version: ShortText = ""
    meaning: Text


class _PatientFields(BaseModel):
    patient_id: IdentifierText
    issuer_of_patient_id: IdentifierText = ""
    other_patient_ids: Annotated[tuple[PatientIdentifier, ...], Field(max_length=MAX_OTHER_PATIENT_IDS)] = ()
    patient_name: PersonName
    patient_birth_date: DateText = ""
    patient_sex: CodeText = ""
    patient_weight: CodeText = ""
    patient_size: CodeText = ""
    medical_alerts: Text = ""
    allergies: Text = ""
    pregnancy_status: Annotated[int, Field(ge=1, le=4)] | None = None
    special_needs: Text = ""
    patient_state: Text = ""
    confidentiality_constraint: Text = ""


class _StepFields(BaseModel):
    scheduled_procedure_step_id: CodeText
    modality: CodeText
    # Empty: any station of the modality.
    scheduled_station_ae_titles: Annotated[tuple[AeTitleText, ...], Field(max_length=MAX_STATIONS)] = ()
    scheduled_station_name: CodeText = ""
    scheduled_start_date: DateText
    scheduled_start_time: TimeText
    scheduled_end_date: DateText = ""
    scheduled_end_time: TimeText = ""
    scheduled_performing_physician_name: PersonName = PersonName(alphabetic="")
    scheduled_procedure_step_description: Text = ""
    scheduled_protocol_codes: Annotated[tuple[Code, ...], Field(max_length=MAX_CODES)] = ()
    scheduled_procedure_step_location: CodeText = ""
    pre_medication: Text = ""
    requested_contrast_agent: Text = ""


class _OrderFields(BaseModel):
    order_id: UUID
    revision: Revision
    placer_order_number: IdentifierText = ""
    filler_order_number: IdentifierText = ""
    accession_number: CodeText = ""
    study_instance_uid: Uid
    requested_procedure_id: CodeText
    requested_procedure_description: Text = ""
    requested_procedure_code: Code | None = None
    requested_procedure_priority: Literal["STAT", "HIGH", "ROUTINE", "MEDIUM", "LOW", ""] = ""
    reason_for_the_requested_procedure: Text = ""
    requested_procedure_comments: Text = ""
    imaging_service_request_comments: Text = ""
    requesting_physician_name: PersonName = PersonName(alphabetic="")
    referring_physician_name: PersonName = PersonName(alphabetic="")
    requesting_service: ShortText = ""
    admission_id: ShortText = ""
    current_patient_location: ShortText = ""
    patient_transport_arrangements: ShortText = ""
    # When the facts of the patient were said, or changed since, by their names: of each the newest stands, at either
    # side (wire.patient_facts). A side that does not say is older than any that does.
    patient_changed_at: Annotated[dict[FactName, UtcDatetime], Field(max_length=MAX_PATIENT_FACTS)] = {}


class OrderPatient(_PatientFields, Answer):
    """The patient, as the portal tells."""


class ScheduledStep(_StepFields, Answer):
    """A scheduled procedure step, as the portal tells."""


class Order(_OrderFields, Answer):
    """An order as the portal has it at `revision`, which counts the changes of all orders for one server."""

    is_cancelled: bool
    patient: OrderPatient
    steps: Annotated[tuple[ScheduledStep, ...], Field(min_length=1, max_length=MAX_STEPS)]


class OrdersRequest(Message):
    """A server asks for the orders that are newer than what it has; 0 for all of them."""

    message_id: UUID
    server_id: UUID
    after_revision: RevisionOrNone


class OrdersAnswer(Answer):
    """Orders by growing revision, some of them; asked again after `revision` until there are no more."""

    orders: Annotated[tuple[Order, ...], Field(max_length=MAX_ORDERS)]
    revision: RevisionOrNone
    has_more: bool


class ReportedPatient(_PatientFields, Message):
    """The patient, as a server reports."""


class PerformedStep(Message):
    """A performed procedure step (PS3.3 C.4.14) that belongs to the order."""

    sop_instance_uid: Uid
    state: Literal[State.IN_PROGRESS, State.COMPLETED, State.DISCONTINUED]
    performed_station_ae_title: ShortText
    started_at: ShortText
    ended_at: ShortText


class ReportedStep(_StepFields, Message):
    """A scheduled procedure step and where it stands."""

    state: State


class OrderReport(_OrderFields, Message):
    """An order as a server has it; a higher revision (the server's own count) replaces a lower one as a whole."""

    message_id: UUID
    server_id: UUID
    origin: Literal["portal", "hl7"]
    # Of an order that came by HL7: the sending application and facility (MSH-3, MSH-4), parted by a bar.
    sender: Text = ""
    state: State
    changed_at: UtcDatetime
    patient: ReportedPatient
    steps: Annotated[tuple[ReportedStep, ...], Field(min_length=1, max_length=MAX_STEPS)]
    performed_steps: Annotated[tuple[PerformedStep, ...], Field(max_length=MAX_PERFORMED)]

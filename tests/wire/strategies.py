"""Hypothesis strategies: one for each message of the wire."""

from datetime import UTC

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import strategies as st

from wire.credentials import RequestClaims
from wire.deidentification import Deidentification, Option
from wire.enrolments import Enrolment, EnrolmentAnswer
from wire.errands import ErrandClaims
from wire.events import AccessEvent, RemoteSearch
from wire.heartbeats import (
    ArchiveState,
    CertificateState,
    DestinationState,
    EquipmentState,
    ForwardingState,
    Heartbeat,
    HeartbeatAnswer,
    OutboxState,
    PublicKey,
    Revocation,
    Trouble,
    UntoldState,
)
from wire.keys import public_key_text
from wire.orders import (
    Code,
    Order,
    OrderPatient,
    OrderReport,
    OrdersAnswer,
    OrdersRequest,
    PerformedStep,
    ReportedPatient,
    ReportedStep,
    ScheduledStep,
    State,
)
from wire.problems import Problem
from wire.studies import PatientIdentifier, PatientReport, PersonName, SeriesReport, StudyReport
from wire.tokens import PERMISSIONS, ViewerClaims

counts = st.integers(0, 2**31 - 1)
large_counts = st.integers(0, 2**63 - 1)
moments = st.datetimes(timezones=st.timezones() | st.just(UTC)).filter(lambda moment: 2 < moment.year < 9998)
uids = st.lists(st.integers(0, 10**9).map(str), min_size=1, max_size=6).map(".".join)
base64url_texts = st.text("ABCXYZabcxyz0189_-", min_size=43, max_size=43)
public_keys = st.binary(min_size=32, max_size=32).map(Ed25519PrivateKey.from_private_bytes).map(public_key_text)


def texts(longest: int, shortest: int = 0) -> st.SearchStrategy[str]:
    """Text without control characters, in any script."""
    alphabet = st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\u2028\u2029")
    return st.text(alphabet, min_size=shortest, max_size=longest)


names = st.builds(PersonName, alphabetic=texts(50), ideographic=texts(10), phonetic=texts(10))
identifiers = st.builds(
    PatientIdentifier,
    identifier=texts(256, 1),
    issuer=texts(20),
    kind=st.sampled_from(["patient_id", "other", "national"]),
)
patients = st.builds(
    PatientReport,
    patient_id=texts(64),
    issuer_of_patient_id=texts(64),
    other_patient_ids=st.lists(identifiers, max_size=2).map(tuple),
    patient_name=names,
    patient_birth_date=texts(10),
    patient_sex=texts(16),
)
series = st.builds(
    SeriesReport,
    series_instance_uid=uids,
    modality=texts(16),
    series_number=st.none() | st.integers(-(2**31), 2**31 - 1),
    series_description=texts(64),
    body_part_examined=texts(16),
    protocol_name=texts(16),
    station_name=texts(16),
    number_of_series_related_instances=counts,
    burned_in_annotation=st.sampled_from(["YES", "NO", ""]),
)
study_reports = st.builds(
    StudyReport,
    message_id=st.uuids(),
    server_id=st.uuids(),
    revision=st.integers(1, 2**63 - 1),
    study_instance_uid=uids,
    study_date=texts(10),
    study_time=texts(16),
    timezone_offset_from_utc=texts(5),
    accession_number=texts(16),
    study_id=texts(16),
    study_description=texts(64),
    referring_physician_name=names,
    requesting_physician_names=st.lists(names, max_size=2).map(tuple),
    institution_name=texts(64),
    patient=patients,
    series=st.lists(series, max_size=3, unique_by=lambda one: one.series_instance_uid).map(tuple),
    number_of_study_related_instances=counts,
    stored_bytes=large_counts,
    complete=st.booleans(),
    first_received_at=moments,
    last_received_at=moments,
    calling_ae_titles=st.lists(texts(16), max_size=2).map(tuple),
)
heartbeats = st.builds(
    Heartbeat,
    message_id=st.uuids(),
    server_id=st.uuids(),
    sent_at=moments,
    version=texts(40, 1),
    started_at=moments,
    ae_title=texts(16, 1),
    archive=st.builds(
        ArchiveState, bytes_total=large_counts, bytes_free=large_counts, studies=counts, instances=large_counts
    ),
    outbox=st.builds(OutboxState, waiting=counts, oldest_waiting_since=st.none() | moments),
    last_received_at=st.none() | moments,
    conflicts=counts,
    quarantined=counts,
    troubles=st.lists(st.sampled_from(Trouble), max_size=3).map(tuple),
    sealing_key=st.none() | public_keys,
    certificates=st.lists(
        st.builds(CertificateState, purpose=texts(64, 1), subject=texts(64), not_after=moments), max_size=3
    ).map(tuple),
    forwarding=st.none()
    | st.builds(
        ForwardingState,
        waiting=counts,
        parked=counts,
        oldest_waiting_since=st.none() | moments,
        uncommitted=counts,
        unreachable=counts,
        destinations=st.lists(
            st.builds(
                DestinationState,
                name=texts(64, 1),
                waiting=counts,
                parked=counts,
                oldest_waiting_since=st.none() | moments,
                unreachable_since=st.none() | moments,
                uncommitted=counts,
                oldest_uncommitted_since=st.none() | moments,
                not_kept=counts,
            ),
            max_size=2,
        ).map(tuple),
    ),
    equipment=st.lists(
        st.builds(
            EquipmentState,
            name=texts(64, 1),
            ae_title=texts(64),
            reachable=st.booleans(),
            checked_at=moments,
            answer_milliseconds=st.none() | counts,
            reachable_at=st.none() | moments,
            unreachable_since=st.none() | moments,
        ),
        max_size=3,
    ).map(tuple),
    last_set_aside_at=st.none() | moments,
    untold_commitments=st.none() | st.builds(UntoldState, waiting=counts, oldest_waiting_since=st.none() | moments),
)
portal_keys = st.lists(st.builds(PublicKey, kid=texts(64, 1), public_key=public_keys), max_size=2).map(tuple)
revocations = st.builds(Revocation, sub=texts(64, 1), study_instance_uid=st.none() | uids, revoked_at=moments)
heartbeat_answers = st.builds(
    HeartbeatAnswer,
    received_at=moments,
    portal_keys=portal_keys,
    revocations=st.lists(revocations, max_size=3).map(tuple),
    orders_revision=st.none() | large_counts,
)
access_events = st.builds(
    AccessEvent,
    message_id=st.uuids(),
    server_id=st.uuids(),
    kind=st.sampled_from(
        [
            "pixels_read",
            "token_refused",
            "instances_sent",
            "instances_stored",
            "instances_deleted",
            "elsewhere_searched",
            "study_fetched",
        ]
    ),
    sub=st.none() | texts(64, 1),
    session_id=st.none() | texts(64, 1),
    token_id=st.none() | texts(64, 1),
    study_instance_uid=st.none() | uids,
    occurred_at=moments,
    ended_at=st.none() | moments,
    instances=counts,
    frames=counts,
    sent_bytes=large_counts,
    remote_address=texts(64),
    reason=texts(1024),
    peer=st.none() | texts(64),
    way=st.none() | texts(64),
    search=st.none()
    | st.builds(
        RemoteSearch,
        archives=st.lists(texts(64), min_size=1, max_size=3).map(tuple),
        patient_name=texts(64),
        patient_id=texts(64),
        accession_number=texts(16),
        study_instance_uid=st.none() | uids,
        study_date_from=st.none() | st.dates(),
        modalities=st.lists(texts(16), max_size=3).map(tuple),
    ),
)
deidentifications = st.builds(
    Deidentification,
    study_instance_uid=uids,
    key=st.binary(min_size=32, max_size=32).map(bytes.hex),
    pseudonym=st.from_regex(r"[A-Z0-9]-[A-Z0-9]{1,20}", fullmatch=True),
    options=st.sets(st.sampled_from(Option)).map(lambda given: tuple(sorted(given, key=list(Option).index))),
)
enrolments = st.builds(
    Enrolment,
    message_id=st.uuids(),
    code=texts(64, 1),
    public_key=public_keys,
    ae_title=st.from_regex(r"[A-Z0-9_]{1,16}", fullmatch=True),
    dicomweb_url=st.from_regex(r"https?://[a-z0-9]{1,20}(:[0-9]{1,5})?(/[a-z0-9]{1,8}){0,2}/?", fullmatch=True),
    dicom_host=st.from_regex(r"[a-z0-9]{1,20}(\.[a-z0-9]{1,20}){0,2}", fullmatch=True),
    dicom_port=st.integers(1, 65535),
    version=texts(40, 1),
)
enrolment_answers = st.builds(
    EnrolmentAnswer,
    server_id=st.uuids(),
    institution_code=texts(64, 1),
    institution_name=texts(200),
    portal_keys=portal_keys,
)
problems = st.builds(
    Problem,
    type=texts(50),
    title=texts(256, 1),
    status=st.integers(400, 599),
    detail=texts(200),
    code=st.from_regex(r"[a-z][a-z0-9_]{0,63}", fullmatch=True),
)
viewer_claims = st.builds(
    lambda issued, delay, life, **claims: ViewerClaims(
        iat=issued, nbf=issued + min(delay, life - 1), exp=issued + life, **claims
    ),
    issued=st.integers(0, 2**33),
    delay=st.integers(0, 300),
    life=st.integers(1, 300),
    iss=texts(100),
    aud=texts(64, 1),
    sub=texts(64, 1),
    sid=texts(64, 1),
    study_instance_uid=uids,
    permissions=st.lists(st.sampled_from(PERMISSIONS), min_size=1, unique=True).map(tuple),
    jti=texts(64, 1),
    deidentification=st.none() | base64url_texts,
)
errand_claims = st.builds(
    lambda issued, delay, life, **claims: ErrandClaims(
        iat=issued, nbf=issued + min(delay, life - 1), exp=issued + life, **claims
    ),
    issued=st.integers(0, 2**33),
    delay=st.integers(0, 300),
    life=st.integers(1, 300),
    iss=texts(100),
    aud=texts(64, 1),
    sub=texts(64, 1),
    sid=texts(64, 1),
    errand=st.sampled_from(["upload", "find_elsewhere"]),
    study_instance_uid=st.none() | uids,
    jti=texts(64, 1),
)
request_claims = st.builds(
    lambda issued, life, **claims: RequestClaims(iat=issued, exp=issued + life, **claims),
    issued=st.integers(0, 2**33),
    life=st.integers(1, 60),
    iss=texts(64, 1),
    htm=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]),
    htu=st.from_regex(r"(/[a-z0-9%.-]{0,10}){1,4}", fullmatch=True),
    bdg=base64url_texts,
    jti=texts(64, 1),
)

dates = st.just("") | st.dates().map(lambda day: f"{day:%Y%m%d}".zfill(8))
times = st.just("") | st.times().map(lambda time: f"{time:%H%M%S}")
codes = st.builds(Code, value=texts(16, 1), scheme=texts(16, 1), version=texts(16), meaning=texts(64))
ordered_patient = {
    "patient_id": texts(64),
    "other_patient_ids": st.lists(identifiers, max_size=2).map(tuple),
    "patient_name": names,
    "patient_birth_date": dates,
    "patient_sex": texts(16),
    "pregnancy_status": st.none() | st.integers(1, 4),
    "allergies": texts(64),
}
ordered_step = {
    "scheduled_procedure_step_id": texts(16),
    "modality": texts(16),
    "scheduled_station_ae_titles": st.lists(st.from_regex(r"[A-Z0-9_]{1,16}", fullmatch=True), max_size=2).map(tuple),
    "scheduled_start_date": dates,
    "scheduled_start_time": times,
    "scheduled_performing_physician_name": names,
    "scheduled_protocol_codes": st.lists(codes, max_size=2).map(tuple),
}
ordered = {
    "order_id": st.uuids(),
    "revision": st.integers(1, 2**63 - 1),
    "placer_order_number": texts(64),
    "accession_number": texts(16),
    "study_instance_uid": uids,
    "requested_procedure_id": texts(16),
    "requested_procedure_code": st.none() | codes,
    "requested_procedure_priority": st.sampled_from(["STAT", "HIGH", "ROUTINE", "MEDIUM", "LOW", ""]),
    "requesting_physician_name": names,
    "patient_changed_at": st.dictionaries(st.sampled_from(["patient_id", "patient_name", "allergies"]), moments),
}
orders = st.builds(
    Order,
    **ordered,
    is_cancelled=st.booleans(),
    patient=st.builds(OrderPatient, **ordered_patient),
    steps=st.lists(st.builds(ScheduledStep, **ordered_step), min_size=1, max_size=2).map(tuple),
)
orders_requests = st.builds(
    OrdersRequest, message_id=st.uuids(), server_id=st.uuids(), after_revision=st.integers(0, 2**63 - 1)
)
orders_answers = st.builds(
    OrdersAnswer,
    orders=st.lists(orders, max_size=2).map(tuple),
    revision=st.integers(0, 2**63 - 1),
    has_more=st.booleans(),
)
performed_steps = st.builds(
    PerformedStep,
    sop_instance_uid=uids,
    state=st.sampled_from([State.IN_PROGRESS, State.COMPLETED, State.DISCONTINUED]),
    performed_station_ae_title=texts(16),
    started_at=texts(16),
    ended_at=texts(16),
)
order_reports = st.builds(
    OrderReport,
    **ordered,
    message_id=st.uuids(),
    server_id=st.uuids(),
    origin=st.sampled_from(["portal", "hl7"]),
    sender=texts(100),
    state=st.sampled_from(State),
    changed_at=moments,
    patient=st.builds(ReportedPatient, **ordered_patient),
    steps=st.lists(st.builds(ReportedStep, **ordered_step, state=st.sampled_from(State)), min_size=1, max_size=2).map(
        tuple
    ),
    performed_steps=st.lists(performed_steps, max_size=2).map(tuple),
)

MESSAGES: dict[str, st.SearchStrategy] = {
    "access_event": access_events,
    "deidentification": deidentifications,
    "enrolment": enrolments,
    "enrolment_answer": enrolment_answers,
    "errand_claims": errand_claims,
    "heartbeat": heartbeats,
    "heartbeat_answer": heartbeat_answers,
    "order_report": order_reports,
    "orders_answer": orders_answers,
    "orders_request": orders_requests,
    "problem": problems,
    "request_claims": request_claims,
    "study_report": study_reports,
    "viewer_claims": viewer_claims,
}

"""Each message travels unchanged, and a body that is none is refused without repeating it."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.wire import strategies
from wire.examples import example
from wire.messages import Answer, Message, MessageRefused, body_of, parse
from wire.problems import BODY_TOO_LARGE, MESSAGE_INVALID
from wire.routes import MAX_BODY_BYTES
from wire.schemas import MESSAGES
from wire.studies import StudyReport

NAMES = sorted(MESSAGES)
SENT_BY_SERVERS = sorted(name for name, model in MESSAGES.items() if issubclass(model, Message))
ANSWERED_BY_PORTAL = sorted(name for name, model in MESSAGES.items() if issubclass(model, Answer))


def changed(name, **changes):
    return json.dumps(json.loads(example(name)) | changes).encode()


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_message_survives_the_round_trip(name, data):
    message = data.draw(strategies.MESSAGES[name])
    assert parse(MESSAGES[name], body_of(message)) == message
    assert body_of(parse(MESSAGES[name], body_of(message))) == body_of(message)


@pytest.mark.parametrize("name", NAMES)
def test_golden_example_is_read_and_written_alike(name):
    message = parse(MESSAGES[name], example(name))
    assert json.loads(body_of(message)) == json.loads(example(name))


def test_who_sends_what_is_settled():
    assert SENT_BY_SERVERS == [
        "access_event",
        "deidentification",
        "enrolment",
        "errand_claims",
        "heartbeat",
        "order_report",
        "orders_request",
        "request_claims",
        "study_report",
        "viewer_claims",
    ]
    assert ANSWERED_BY_PORTAL == ["enrolment_answer", "heartbeat_answer", "orders_answer"]


@pytest.mark.parametrize("name", SENT_BY_SERVERS)
def test_unknown_field_in_a_message_is_refused(name):
    with pytest.raises(MessageRefused) as refusal:
        parse(MESSAGES[name], changed(name, ward="3 East"))
    assert refusal.value.code == MESSAGE_INVALID
    assert refusal.value.detail == "ward: Extra inputs are not permitted"


def test_unknown_field_deep_in_a_report_is_refused():
    report = json.loads(example("study_report"))
    report["series"][1]["laterality"] = "L"
    with pytest.raises(MessageRefused, match=r"^series\.1\.laterality: Extra inputs are not permitted$"):
        parse(StudyReport, json.dumps(report).encode())


@pytest.mark.parametrize("name", ANSWERED_BY_PORTAL)
def test_older_server_passes_over_an_unknown_field_of_an_answer(name):
    message = parse(MESSAGES[name], changed(name, advice="update"))
    assert message == parse(MESSAGES[name], example(name))


@pytest.mark.parametrize("name", NAMES)
def test_missing_field_is_refused(name):
    required = MESSAGES[name].model_json_schema()["required"]
    for field in required:
        body = json.loads(example(name))
        del body[field]
        with pytest.raises(MessageRefused, match=f"^{field}: Field required$"):
            parse(MESSAGES[name], json.dumps(body).encode())


@pytest.mark.parametrize("name", NAMES)
def test_message_cannot_be_changed(name):
    message = parse(MESSAGES[name], example(name))
    field = next(iter(MESSAGES[name].model_fields))
    with pytest.raises(ValueError, match="frozen"):
        setattr(message, field, "other")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"revision": NaN}',
        b"\x00",
        b'"' + b"\xed\xa0\x80" + b'"',
    ],
)
def test_body_that_is_no_message_is_refused(body):
    with pytest.raises(MessageRefused) as refusal:
        parse(StudyReport, body)
    assert refusal.value.code == MESSAGE_INVALID


def test_huge_body_is_refused_before_it_is_read():
    body = b" " * (MAX_BODY_BYTES + 1)
    with pytest.raises(MessageRefused) as refusal:
        parse(StudyReport, body)
    assert refusal.value.code == BODY_TOO_LARGE
    assert refusal.value.detail == "The body has 8388609 bytes, more than 8388608."


def test_refusal_never_repeats_what_was_sent():
    report = json.loads(example("study_report"))
    report["patient"]["patient_birth_date"] = {"Munteanu": "19620831"}
    with pytest.raises(MessageRefused) as refusal:
        parse(StudyReport, json.dumps(report).encode())
    cause = refusal.value.__cause__
    for text in (str(refusal.value), refusal.value.detail, str(cause), repr(cause)):
        assert "Munteanu" not in text
        assert "19620831" not in text
    assert refusal.value.detail == "patient.patient_birth_date: Input should be a valid string"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("revision", "3"),
        ("revision", 3.0),
        ("revision", True),
        ("revision", 0),
        ("revision", 2**63),
        ("complete", 1),
        ("complete", "true"),
        ("stored_bytes", -1),
        ("number_of_study_related_instances", 2**31),
        ("study_description", None),
        ("study_description", "x" * 1025),
        ("study_description", "a\u0000b"),
        ("study_description", "a\nb"),
        ("study_instance_uid", "1.2."),
        ("study_instance_uid", "1.2\n"),
        ("study_instance_uid", "../1.2"),
        ("message_id", "0b0f4f5e"),
        ("server_id", 7),
        ("first_received_at", "2026-11-20T02:44:18"),
        ("first_received_at", "2026-11-20"),
        ("first_received_at", 1_795_000_000),
        ("first_received_at", "0001-01-01T00:00:00+14:00"),
        ("last_received_at", "9999-12-31T23:59:59-14:00"),
        ("calling_ae_titles", ["A"] * 65),
        ("calling_ae_titles", "CT"),
        ("series", {}),
    ],
)
def test_loose_value_is_refused(field, value):
    with pytest.raises(MessageRefused, match=f"^{field}") as refusal:
        parse(StudyReport, changed("study_report", **{field: value}))
    assert refusal.value.code == MESSAGE_INVALID


def test_moment_of_another_zone_is_told_in_utc():
    report = parse(StudyReport, changed("study_report", first_received_at="2026-11-20T02:44:18+02:00"))
    assert report.first_received_at == datetime(2026, 11, 20, 0, 44, 18, tzinfo=UTC)
    assert report.first_received_at.tzinfo == UTC
    assert json.loads(body_of(report))["first_received_at"] == "2026-11-20T00:44:18Z"

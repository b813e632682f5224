"""A report names each series once and always fits into a body."""

import pytest
from pydantic import ValidationError

from wire.examples import example
from wire.messages import MessageRefused, body_of, parse
from wire.routes import MAX_BODY_BYTES
from wire.studies import (
    MAX_AE_TITLES,
    MAX_OTHER_PATIENT_IDS,
    MAX_PHYSICIANS,
    MAX_SERIES,
    PatientIdentifier,
    PersonName,
    SeriesReport,
    StudyReport,
    fit_body,
)

# The character that takes most bytes in JSON.
WIDE = "\U0001f9b4"


@pytest.fixture
def report():
    return parse(StudyReport, example("study_report"))


def wide_series(number):
    return SeriesReport(
        series_instance_uid=f"2.{number}".ljust(64, "1"),
        modality=WIDE * 16,
        series_number=-(2**31),
        series_description=WIDE * 1024,
        body_part_examined=WIDE * 64,
        protocol_name=WIDE * 1024,
        station_name=WIDE * 64,
        number_of_series_related_instances=2**31 - 1,
    )


def test_largest_report_that_the_models_admit_fits_into_a_body(report):
    name = PersonName(alphabetic=WIDE * 1296, ideographic=WIDE * 1296, phonetic=WIDE * 1296)
    identifier = PatientIdentifier(identifier=WIDE * 256, issuer=WIDE * 256, kind="national")
    largest = report.model_copy(
        update={
            "study_description": WIDE * 1024,
            "institution_name": WIDE * 1024,
            "referring_physician_name": name,
            "requesting_physician_names": (name,) * MAX_PHYSICIANS,
            "patient": report.patient.model_copy(
                update={"patient_name": name, "other_patient_ids": (identifier,) * MAX_OTHER_PATIENT_IDS}
            ),
            "series": tuple(wide_series(number) for number in range(10_000, 10_000 + MAX_SERIES)),
            "calling_ae_titles": (WIDE * 64,) * MAX_AE_TITLES,
        }
    )
    body = body_of(fit_body(largest))
    assert len(body) <= MAX_BODY_BYTES
    sent = parse(StudyReport, body)
    assert len(sent.series) == MAX_SERIES
    assert sent.series[0].series_description == WIDE * 15 + "…"
    assert sent.patient == largest.patient


def test_report_that_fits_is_sent_as_it_is(report):
    assert fit_body(report) is report


def test_series_reported_twice_is_refused(report):
    twice = report.model_copy(update={"series": (report.series[0], report.series[0])})
    with pytest.raises(MessageRefused, match=r"^body: Value error, a series is reported twice$"):
        parse(StudyReport, body_of(twice))


def test_more_series_than_the_limit_are_refused(report):
    many = tuple(
        report.series[0].model_copy(update={"series_instance_uid": f"2.{number}"}) for number in range(MAX_SERIES + 1)
    )
    with pytest.raises(MessageRefused, match=r"^series: Tuple should have at most 10000 items"):
        parse(StudyReport, body_of(report.model_copy(update={"series": many})))


def test_report_without_patient_and_series_is_accepted(report):
    nobody = report.patient.model_copy(
        update={"patient_id": "", "issuer_of_patient_id": "", "patient_name": PersonName(alphabetic="")}
    )
    bare = report.model_copy(update={"patient": nobody, "series": (), "number_of_study_related_instances": 0})
    assert parse(StudyReport, body_of(bare)) == bare


def test_program_cannot_make_a_loose_model():
    with pytest.raises(ValidationError):
        PersonName(alphabetic=7)

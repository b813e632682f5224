"""A patient and a study are written as pages need them, and what is missing is said."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from portal.studies.models import Series, Study
from portal.studies.plain_words import plain_title
from portal.studies.presentation import has_pictures, series_for_picture, shown_patient, shown_study
from tests.portal.servers.factories import DicomServerFactory
from tests.portal.studies.factories import (
    make_identifier,
    make_name,
    make_patient_report,
    make_series,
    make_study,
)

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 2, 47, tzinfo=UTC)


def stored(study):
    """The study as a list fetches it."""
    related = Study.objects.select_related("server__institution", "patient__institution")
    return related.prefetch_related("patient__identifiers").get(pk=study.pk)


def study_with(**changes):
    server = DicomServerFactory(last_contact_at=NOW)
    return stored(make_study(server, **changes))


def test_a_study_is_written_whole_and_without_another_query(django_assert_num_queries):
    study = study_with()
    with django_assert_num_queries(0):
        shown = shown_study(study, now=NOW)
    assert shown.title == "CT chest, abdomen, pelvis with contrast"
    assert shown.plain_title == "CT of the chest"
    assert shown.modalities == "CT"
    assert shown.details == "Chest · ACC NC-2026-118204 · Dr. Ирина Козак"
    assert shown.study_date.text == "20 Nov 2026"
    assert shown.study_time == "02:41"
    assert shown.station == "CT-2"
    assert shown.instances == "388"
    assert shown.series == "2 series"


def test_a_patient_is_written_with_age_on_the_day_of_the_study_and_the_national_id_first():
    patient = study_with().patient
    shown = shown_patient(patient, date(2026, 11, 20))
    assert shown.name.plain == "Munteanu, Elena"
    assert (shown.sex_word, shown.sex_letter, shown.age) == ("Female", "F", "64 y")
    assert shown.birth_date.text == "31 Aug 1962"
    assert shown.identifier is not None
    assert (shown.identifier.text, shown.identifier.plain) == ("2002 0620 3145 8", "2002062031458")
    assert (shown.identifier.masked, shown.identifier.issuer) == ("…3145 8", "IDNP")
    assert shown.missing == ""


@pytest.mark.parametrize(
    ("sex", "birth_date", "words"),
    [
        ("", "", "sex, birth date not given"),
        ("", "19620831", "sex not given"),
        ("F", "", "birth date not given"),
        ("F", "1962?", ""),
    ],
)
def test_what_is_missing_of_a_patient_is_said(sex, birth_date, words):
    study = study_with(patient=make_patient_report(patient_sex=sex, patient_birth_date=birth_date))
    assert shown_patient(study.patient, study.study_date).missing == words


def test_an_id_of_the_institution_stands_where_there_is_no_national_one():
    others = (make_identifier("BN-77120", "BALTI"),)
    study = study_with(patient=make_patient_report(other_patient_ids=others))
    identifier = shown_study(study, now=NOW).patient.identifier
    assert identifier is not None
    assert (identifier.text, identifier.issuer) == ("NC-004417", "NISTRU")


def test_a_patient_without_any_id_has_none():
    report = make_patient_report(patient_id="", issuer_of_patient_id="", other_patient_ids=())
    assert shown_study(study_with(patient=report), now=NOW).patient.identifier is None


@pytest.mark.parametrize(
    ("body_part", "title"),
    [("CHEST", "CT chest"), ("", "CT")],
)
def test_a_study_without_a_description_is_named_by_what_it_is(body_part, title):
    study = study_with(study_description="  ", series=(make_series(body_part_examined=body_part),))
    assert shown_study(study, now=NOW).title == title


def test_second_line_leaves_out_what_was_not_sent():
    study = study_with(accession_number="", referring_physician_name=make_name())
    assert shown_study(study, now=NOW).details == "Chest"


@pytest.mark.parametrize(
    ("is_complete", "age", "key", "words"),
    [
        (True, timedelta(days=1), "complete", "Complete"),
        (False, timedelta(seconds=119), "arriving", "Arriving"),
        (False, timedelta(minutes=2), "received", "Received"),
    ],
)
def test_state_says_whether_images_still_come(is_complete, age, key, words):
    study = study_with(complete=is_complete, first_received_at=NOW - age, last_received_at=NOW - age)
    state = shown_study(study, now=NOW).state
    assert (state.key, state.words) == (key, words)


def test_a_silent_server_is_unreachable_since_its_last_word():
    study = study_with()
    later = NOW + timedelta(minutes=1)
    assert shown_study(study, now=NOW).unreachable_since is None
    shown = shown_study(study, now=later)
    assert (shown.is_reachable, shown.unreachable_since) == (False, NOW)


def test_now_is_the_clocks_where_none_is_given():
    server = DicomServerFactory(last_contact_at=timezone.now())
    assert shown_study(stored(make_study(server))).is_reachable


@pytest.mark.parametrize(
    ("modality", "instances", "answer"), [("CT", 1, True), ("CT", 0, False), ("SR", 3, False), ("PR", 1, False)]
)
def test_series_of_words_or_marks_have_no_pictures(modality, instances, answer):
    assert has_pictures(Series(modality=modality, number_of_series_related_instances=instances)) is answer


def test_the_largest_series_with_pictures_stands_for_the_study():
    scout = Series(modality="CT", number_of_series_related_instances=2)
    lung = Series(modality="CT", number_of_series_related_instances=180)
    report = Series(modality="SR", number_of_series_related_instances=400)
    assert series_for_picture([scout, report, lung]) is lung
    assert series_for_picture([report]) is None
    assert series_for_picture([]) is None


@pytest.mark.parametrize(
    ("modalities", "parts", "title"),
    [
        (["CT"], ["CHEST"], "CT of the chest"),
        (["CT"], ["CHEST", "ABDOMEN", "PELVIS"], "CT of the chest, the abdomen and the pelvis"),
        (["MR"], ["WHOLE BODY"], "MRI of the whole body"),
        (["DX"], ["Knee"], "X-ray of the knee"),
        (["PT", "CT"], ["CHEST"], "PET of the chest"),
        (["SR", "CT"], ["HEAD"], "CT of the head"),
        (["CT"], ["CHEST", "THORAX", "ZZZ"], "CT of the chest"),
        (["US"], ["ZZZ"], "Ultrasound"),
        (["ECG"], ["HEART"], "ECG"),
        (["SR"], ["HEAD"], ""),
        ([], [], ""),
    ],
)
def test_patients_read_plain_words(modalities, parts, title):
    assert plain_title(modalities, parts) == title


def test_where_there_are_no_plain_words_patients_read_what_was_written():
    study = study_with(study_description="Structured report", series=(make_series(modality="SR"),))
    assert shown_study(study, now=NOW).plain_title == "Structured report"

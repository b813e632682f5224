"""A masked copy says no more than de-identified images do, and nothing of the original can be reached from it."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from portal.studies.masking import Mask, is_masked, masked_study
from portal.studies.presentation import shown_study
from tests.portal.consultations.factories import BOTH, MARKERS, marked_patient, marked_series, marked_study
from wire.deidentification import Option, days_shifted, map_uid

pytestmark = pytest.mark.django_db
KEY = "5a" * 32


def mask_with(*options) -> Mask:
    return Mask(KEY, "Q-7F3C91", frozenset(options), timezone.now())


def texts_of(study) -> str:
    rows = [study, study.patient, study.server, study.server.institution, *study.series.all()]
    values = [str(vars(row)) for row in (*rows, *study.physicians.all(), *study.patient.identifiers.all())]
    return " ".join([*values, str(shown_study(study))])


@pytest.mark.parametrize("options", [(), BOTH])
def test_no_marker_is_left(options):
    study = marked_study()
    masked = masked_study(study, mask_with(*options))
    text = texts_of(masked)
    uids = [study.study_instance_uid, *(one.series_instance_uid for one in study.series.all())]
    assert [marker for marker in (*MARKERS, *uids) if marker in text] == []
    assert is_masked(masked)
    assert not is_masked(study)


def test_uids_are_mapped_and_the_pseudonym_stands_for_the_name():
    study = marked_study()
    masked = masked_study(study, mask_with())
    assert masked.study_instance_uid == map_uid(KEY, study.study_instance_uid)
    expected = {map_uid(KEY, one.series_instance_uid) for one in study.series.all()}
    assert {one.series_instance_uid for one in masked.series.all()} == expected
    assert (masked.patient.patient_name, masked.patient.patient_id) == ("Q-7F3C91", "Q-7F3C91")
    shown = shown_study(masked)
    assert (shown.patient.name.plain, shown.patient.institution) == ("Q-7F3C91", "Without identity")
    assert (shown.patient.age, shown.patient.sex_letter, shown.study_date.is_given) == ("", "?", False)


def test_age_sex_and_intervals_are_kept_where_the_inviter_says_so():
    first, second = marked_study(), marked_study(study_date="20261101")
    mask = mask_with(*BOTH)
    shown = shown_study(masked_study(first, mask))
    assert (shown.patient.age, shown.patient.sex_letter) == ("64 y", "F")
    assert (shown.patient.birth_date.text, shown.patient.identifier.text) == ("removed", "removed")
    days = [masked_study(one, mask).study_date for one in (first, second)]
    assert days[0] == date(2026, 11, 20) - timedelta(days=days_shifted(KEY))
    assert (days[0] - days[1]).days == 19


def test_the_very_old_are_not_known_by_their_age():
    study = marked_study(patient=marked_patient(patient_birth_date="19310101"))
    mask = mask_with(Option.RETAIN_PATIENT_CHARACTERISTICS)
    assert shown_study(masked_study(study, mask)).patient.age == "over 89 y"


def test_body_parts_and_modalities_are_codes_or_nothing():
    uid = "1.2.3.4.5.66"
    series = (
        marked_series(uid, 1, body_part_examined="CHEST"),
        marked_series(uid, 2, body_part_examined="Leakname head"),
        marked_series(uid, 3, modality="leak"),
    )
    masked = masked_study(marked_study(study_instance_uid=uid, series=series), mask_with())
    assert masked.body_parts_examined == ["CHEST"]
    assert masked.modalities_in_study == ["CT"]
    assert [one.body_part_examined for one in masked.series.all()][:2] == ["CHEST", ""]


def test_series_of_words_are_left_out_and_not_counted():
    uid = "1.2.3.4.5.67"
    series = (marked_series(uid, 1), marked_series(uid, 2, modality="SR"), marked_series(uid, 3, modality="PR"))
    masked = masked_study(marked_study(study_instance_uid=uid, series=series), mask_with())
    assert [one.series_number for one in masked.series.all()] == [1]
    assert (masked.number_of_study_related_series, masked.number_of_study_related_instances) == (1, 101)


def test_nothing_is_read_from_the_database_through_a_masked_copy(django_assert_num_queries):
    study = marked_study()
    masked = masked_study(study, mask_with(*BOTH))
    with django_assert_num_queries(0):
        shown_study(masked)
        assert len(masked.series.all()) == 2
        assert list(masked.physicians.all()) == []
        assert list(masked.patient.identifiers.all()) == []
    assert list(masked.series.filter(modality="CT")) == []
    assert list(masked.physicians.order_by("pk")) == []
    assert list(masked.grants.all()) == []
    assert list(masked.patient.studies.all()) == []
    assert list(masked.server.institution.memberships.all()) == []

"""The invented people fit together: valid national IDs, every role, one patient at two institutions."""

from collections import Counter

import pytest
from stdnum.md import idno

from demo.catalogue import STUDIES
from demo.people import INSTITUTIONS, PATIENTS, STAFF, national_id
from portal.institutions.models import Role
from runtime.folding import name_key


def test_national_ids_have_a_right_check_digit() -> None:
    numbers = [one.national_id for one in PATIENTS.values() if one.national_id]
    numbers += [one.national_id for one in STAFF if one.national_id]
    assert len(numbers) == 15
    assert all(idno.is_valid(number) for number in numbers)


def test_national_ids_are_of_a_year_in_which_nobody_got_one() -> None:
    assert national_id(1) == "2099000000017"
    assert {one.national_id[:4] for one in PATIENTS.values() if one.national_id} == {"2099"}


@pytest.mark.parametrize("institution", [one.code for one in INSTITUTIONS])
def test_each_role_is_there_once_at_each_institution(institution: str) -> None:
    held = Counter(person.role for person in STAFF if person.institution == institution)
    assert set(held) == set(Role.values)


def test_user_names_are_unique() -> None:
    assert len({person.username for person in STAFF}) == len(STAFF)


def test_a_patient_is_known_at_both_institutions_under_different_local_ids() -> None:
    here, there = PATIENTS["munteanu"], PATIENTS["munteanu_b"]
    assert here.national_id == there.national_id
    assert here.patient_id != there.patient_id
    assert {study.institution for study in STUDIES if study.patient.startswith("munteanu")} == {"A", "B"}


def test_people_who_sign_in_as_patients_have_studies() -> None:
    with_studies = {PATIENTS[study.patient].national_id for study in STUDIES}
    patients = [person for person in STAFF if person.role == Role.PATIENT]
    assert len(patients) == 2
    assert {person.national_id for person in patients} <= with_studies


def test_referring_doctors_are_named_by_studies_of_their_institution() -> None:
    for doctor in (person for person in STAFF if person.role == Role.REFERRING_DOCTOR):
        keys = {name_key(name) for name in doctor.physician_names}
        named = {name_key(study.referring) for study in STUDIES if study.institution == doctor.institution}
        assert keys & named


def test_there_are_studies_of_ct_mr_and_radiography_at_both_institutions() -> None:
    kinds = {(study.institution, study.kind[:2]) for study in STUDIES}
    assert kinds == {(institution, kind) for institution in "AB" for kind in ("ct", "mr", "cr")}
    assert 12 <= len(STUDIES) <= 16
    assert len({study.accession for study in STUDIES}) == len(STUDIES)

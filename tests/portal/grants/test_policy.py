"""Each rule of the policy opens exactly what it says, and nothing next to it."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from portal.grants.decisions import Rule
from portal.grants.models import AssignmentPart, Permission
from portal.grants.policy import explain, holding_for, visible_servers, visible_studies
from portal.institutions.models import Role
from portal.studies.folding import name_key
from tests.portal.grants.factories import (
    ALL,
    DOCTOR,
    NATIONAL_IDS,
    AssignmentFactory,
    DicomServerFactory,
    GrantFactory,
    InstitutionFactory,
    MembershipFactory,
    UserFactory,
    doctor_of,
    fresh_uid,
    make_identifier,
    make_name,
    make_patient_study,
    national_patient,
    patient_person,
    radiologist_of,
)

pytestmark = pytest.mark.django_db
YESTERDAY = timedelta(days=-1)


def sees(user, study) -> bool:
    """What the list says, after the single decision said the same."""
    listed = visible_studies(user).filter(pk=study.pk).exists()
    assert explain(user, study).allowed == listed
    return listed


@pytest.fixture
def study():
    return make_patient_study()


@pytest.fixture
def owner(study):
    return study.server.institution


def test_a_radiologist_sees_every_study_of_their_institution_and_none_of_another(study, owner):
    radiologist = radiologist_of(owner)
    assert sees(radiologist, study)
    assert not sees(radiologist, make_patient_study())
    decision = explain(radiologist, study)
    assert decision.rule == Rule.RADIOLOGIST_OF_INSTITUTION
    assert decision.permissions == ("view", "download", "report", "share")
    assert (decision.role, decision.until, decision.also_true) == (Role.RADIOLOGIST, None, ())
    assert str(decision.rule_words) == "Radiologist of the institution"


def test_an_ended_role_opens_nothing(study, owner):
    assert not sees(radiologist_of(owner, ended_at=timezone.now()), study)


def test_a_role_that_has_not_begun_opens_nothing(study, owner):
    assert not sees(radiologist_of(owner, since=timezone.now() + timedelta(hours=1)), study)


def test_a_role_with_an_end_ahead_opens_until_then(study, owner):
    end = timezone.now() + timedelta(hours=1)
    radiologist = radiologist_of(owner, ended_at=end)
    assert sees(radiologist, study)
    assert explain(radiologist, study).until == end


def test_a_suspended_person_sees_nothing(study, owner):
    radiologist = radiologist_of(owner)
    GrantFactory(user=radiologist, study=study)
    radiologist.is_active = False
    radiologist.save()
    assert not sees(radiologist, study)


def test_nobody_sees_anything_without_signing_in(study):
    assert not sees(AnonymousUser(), study)
    assert list(visible_servers(AnonymousUser())) == []


@pytest.mark.parametrize(
    "role", [Role.INSTITUTION_ADMINISTRATOR, Role.SYSTEM_ADMINISTRATOR, Role.AUDITOR, Role.CONSULTANT]
)
def test_roles_without_pixels_see_no_study_by_their_role(study, owner, role):
    assert not sees(MembershipFactory(institution=owner, role=role).user, study)


def test_superuser_flags_open_nothing(study):
    assert not sees(UserFactory(is_superuser=True, is_staff=True), study)


def test_an_assigned_study_is_open_to_a_radiologist_of_another_institution(study):
    radiologist = radiologist_of(InstitutionFactory())
    assignment = AssignmentFactory(user=radiologist, study=study)
    assert sees(radiologist, study)
    assert explain(radiologist, study).rule == Rule.ASSIGNED_TO_RADIOLOGIST
    assert explain(radiologist, study).permissions == ("view", "download", "report")
    assignment.ended_at = timezone.now()
    assignment.save()
    assert not sees(radiologist, study)


def test_an_assignment_opens_nothing_to_who_is_no_radiologist(study):
    assert not sees(AssignmentFactory(study=study).user, study)


def test_a_doctors_assignment_of_a_study_does_not_count_as_a_radiologists(study):
    radiologist = radiologist_of(InstitutionFactory())
    AssignmentFactory(user=radiologist, study=study, part=AssignmentPart.REFERRING_DOCTOR)
    assert not sees(radiologist, study)


@pytest.mark.parametrize("part", ["referring_physician_name", "requesting_physician_names"])
def test_a_doctor_sees_studies_that_name_them_in_their_own_institution_only(owner, part):
    named = make_name("BOTNARI^Mihail")
    value = named if part == "referring_physician_name" else (named,)
    here = make_patient_study(DicomServerFactory(institution=owner), **{part: value})
    elsewhere = make_patient_study(**{part: value})
    doctor = doctor_of(owner)
    assert sees(doctor, here)
    assert not sees(doctor, elsewhere)
    assert explain(doctor, here).rule == Rule.NAMED_AS_PHYSICIAN
    assert explain(doctor, here).permissions == ("view", "download", "share")


def test_the_name_of_one_institution_does_not_open_studies_of_another_where_one_is_a_doctor_too():
    one, two = InstitutionFactory(), InstitutionFactory()
    doctor = doctor_of(one, "Botnari^Mihail")
    MembershipFactory(user=doctor, institution=two, role=Role.REFERRING_DOCTOR)
    study = make_patient_study(
        DicomServerFactory(institution=two), referring_physician_name=make_name("Botnari^Mihail")
    )
    assert not sees(doctor, study)


def test_a_name_without_a_letter_names_nobody(study, owner):
    study.physicians.create(part="referring", physician_name="^^^", name_key="")
    assert not sees(doctor_of(owner, "^^^"), study)


def test_an_alias_of_an_ended_membership_opens_nothing(owner):
    study = make_patient_study(DicomServerFactory(institution=owner), referring_physician_name=make_name(DOCTOR))
    assert not sees(doctor_of(owner, ended_at=timezone.now()), study)


def test_a_doctor_sees_patients_assigned_to_them_in_their_own_institution_only(study, owner):
    doctor = doctor_of(owner)
    AssignmentFactory(user=doctor, patient=study.patient, study=None, part=AssignmentPart.REFERRING_DOCTOR)
    assert sees(doctor, study)
    assert explain(doctor, study).rule == Rule.PATIENT_ASSIGNED_TO_DOCTOR
    stranger = doctor_of(InstitutionFactory())
    AssignmentFactory(user=stranger, patient=study.patient, study=None, part=AssignmentPart.REFERRING_DOCTOR)
    assert not sees(stranger, study)


def test_a_patients_row_of_another_institution_opens_nothing_here(study, owner):
    elsewhere = make_patient_study()
    study.patient = elsewhere.patient
    study.save()
    doctor = doctor_of(owner)
    AssignmentFactory(user=doctor, patient=study.patient, study=None, part=AssignmentPart.REFERRING_DOCTOR)
    assert not sees(doctor, study)


@pytest.mark.parametrize("rule", ["patient assigned", "named"])
def test_a_doctors_rules_hold_where_the_study_lies_even_if_its_patients_row_is_of_their_institution(study, owner, rule):
    elsewhere = make_patient_study(referring_physician_name=make_name(DOCTOR))
    elsewhere.patient = study.patient
    elsewhere.save()
    doctor = doctor_of(owner)
    if rule == "patient assigned":
        AssignmentFactory(user=doctor, patient=study.patient, study=None, part=AssignmentPart.REFERRING_DOCTOR)
    assert not sees(doctor, elsewhere)


def test_a_patient_sees_their_studies_in_every_institution_by_national_id():
    person = patient_person()
    own = [make_patient_study(patient=national_patient(patient_id=number)) for number in ("77-01", "B-9")]
    other = make_patient_study(patient=national_patient(NATIONAL_IDS[1]))
    assert [sees(person, study) for study in own] == [True, True]
    assert not sees(person, other)
    assert explain(person, own[0]).rule == Rule.OWN_STUDY
    assert explain(person, own[0]).permissions == ("view", "download", "share")


def test_the_same_number_under_another_issuer_is_another_person():
    person = patient_person()
    identifier = make_identifier(NATIONAL_IDS[0], "REGISTRY", "other")
    assert not sees(person, make_patient_study(patient=national_patient(other_patient_ids=(identifier,))))


def test_a_number_of_one_identifier_under_the_issuer_of_another_opens_nothing():
    person = patient_person()
    identifiers = (make_identifier(NATIONAL_IDS[0], "X"), make_identifier(NATIONAL_IDS[1], "IDNP", "national"))
    assert not sees(person, make_patient_study(patient=national_patient(other_patient_ids=identifiers)))


def test_a_national_id_without_the_role_of_a_patient_opens_nothing():
    person = patient_person(ended_at=timezone.now())
    assert not sees(person, make_patient_study(patient=national_patient()))


@pytest.mark.parametrize("clash", [{"patient_birth_date": "19990101"}, {"patient_sex": "M"}])
def test_a_national_id_that_stands_for_two_different_people_shows_none_of_them(clash):
    person = patient_person()
    first = make_patient_study(patient=national_patient())
    assert sees(person, first)
    second = make_patient_study(patient=national_patient(patient_id="other", **clash))
    assert not sees(person, first)
    assert not sees(person, second)


@pytest.mark.parametrize(
    "unknown", [{"patient_birth_date": ""}, {"patient_birth_date": "about 1962"}, {"patient_sex": ""}]
)
def test_what_is_not_given_clashes_with_nothing(unknown):
    person = patient_person()
    first = make_patient_study(patient=national_patient())
    second = make_patient_study(patient=national_patient(patient_id="other", **unknown))
    assert sees(person, first)
    assert sees(person, second)


def test_a_grant_opens_one_study_and_not_the_patients_others(study):
    sibling = make_patient_study(study.server, patient=national_patient())
    grant = GrantFactory(study=study, permissions=["view", "report"])
    assert sees(grant.user, study)
    assert not sees(grant.user, sibling)
    decision = explain(grant.user, study)
    assert (decision.rule, decision.until, decision.permissions) == (
        Rule.STUDY_GRANT,
        grant.valid_until,
        ("view", "report"),
    )
    assert decision.given_by == grant.granted_by.full_name


def test_a_grant_of_a_patient_opens_all_studies_of_that_row_and_no_others():
    server = DicomServerFactory()
    studies = [make_patient_study(server, patient=national_patient()) for _ in range(2)]
    elsewhere = make_patient_study(patient=national_patient())
    grant = GrantFactory(study=None, patient=studies[0].patient)
    assert [sees(grant.user, study) for study in [*studies, elsewhere]] == [True, True, False]
    assert explain(grant.user, studies[1]).rule == Rule.PATIENT_GRANT


@pytest.mark.parametrize(
    "ending",
    [
        {"valid_from": timezone.now() + timedelta(hours=1)},
        {"valid_from": timezone.now() - timedelta(hours=2), "valid_until": timezone.now() - timedelta(hours=1)},
        {"revoked_at": timezone.now() + YESTERDAY},
        {"permissions": ["download", "share"]},
        {"permissions": []},
    ],
    ids=["not begun", "ended", "revoked", "without view", "without rights"],
)
def test_a_grant_that_does_not_run_opens_nothing(study, ending):
    assert not sees(GrantFactory(study=study, **ending).user, study)


def test_a_grant_ends_at_its_minute_and_not_later(study):
    grant = GrantFactory(study=study)
    just_before = grant.valid_until - timedelta(microseconds=1)
    assert visible_studies(grant.user, now=just_before).count() == 1
    assert visible_studies(grant.user, now=grant.valid_until).count() == 0
    assert explain(grant.user, study, now=just_before).allowed
    assert not explain(grant.user, study, now=grant.valid_until).allowed


def test_several_reasons_are_told_and_their_rights_add_up(study):
    radiologist = radiologist_of(InstitutionFactory())
    AssignmentFactory(user=radiologist, study=study)
    grant = GrantFactory(user=radiologist, study=study, permissions=["view", "share"])
    decision = explain(radiologist, study)
    assert decision.rule == Rule.ASSIGNED_TO_RADIOLOGIST
    assert [reason.rule for reason in decision.also_true] == [Rule.STUDY_GRANT]
    assert decision.permissions == tuple(ALL)
    assert decision.until is None
    assert grant.valid_until in [reason.until for reason in decision.reasons]


def test_a_copy_that_another_server_reports_under_the_same_uid_is_decided_for_itself(study, owner):
    copy = make_patient_study(study_instance_uid=study.study_instance_uid)
    radiologist, stranger = radiologist_of(owner), radiologist_of(copy.server.institution)
    assert [sees(radiologist, one) for one in (study, copy)] == [True, False]
    assert [sees(stranger, one) for one in (study, copy)] == [False, True]
    assert holding_for(stranger, study.study_instance_uid)[0] == copy
    assert holding_for(stranger, study.study_instance_uid, str(study.server_id)) is None


def test_of_several_holdings_the_most_complete_one_on_a_reachable_server_is_meant():
    institution, uid, now = InstitutionFactory(), fresh_uid(), timezone.now()
    reachable = DicomServerFactory(institution=institution, last_contact_at=now)
    growing = DicomServerFactory(institution=institution, last_contact_at=now)
    silent = DicomServerFactory(institution=institution, last_contact_at=now - timedelta(hours=1))
    make_patient_study(growing, study_instance_uid=uid, complete=False)
    whole = make_patient_study(reachable, study_instance_uid=uid, complete=True)
    unreachable = make_patient_study(
        silent, study_instance_uid=uid, complete=True, number_of_study_related_instances=9999
    )
    radiologist = radiologist_of(institution)
    assert holding_for(radiologist, uid)[0] == whole
    assert holding_for(radiologist, uid, str(silent.pk))[0] == unreachable


@pytest.mark.parametrize("server", ["", "nonsense", "' OR 1=1 --", "00000000-0000-0000-0000-000000000000"])
def test_a_server_that_does_not_exist_finds_nothing(study, owner, server):
    assert holding_for(radiologist_of(owner), study.study_instance_uid, server) is None


def test_the_servers_of_menus_are_those_that_hold_something_for_the_person(study, owner):
    granted = make_patient_study()
    make_patient_study()
    radiologist = radiologist_of(owner)
    GrantFactory(user=radiologist, study=granted)
    assert set(visible_servers(radiologist)) == {study.server, granted.server}


def test_the_policy_reads_little_however_many_studies_there_are(study, owner, django_assert_num_queries):
    for _ in range(5):
        make_patient_study(study.server)
    radiologist = radiologist_of(owner)
    with django_assert_num_queries(5):  # memberships, servers, assignments, grants; then the studies
        assert len(visible_studies(radiologist)) == 6


def test_a_physician_of_very_many_studies_is_found_without_listing_them(owner, monkeypatch):
    monkeypatch.setattr("portal.grants.access.LISTED_AT_MOST", 1)
    server = DicomServerFactory(institution=owner)
    named = [make_patient_study(server, referring_physician_name=make_name(DOCTOR)) for _ in range(3)]
    elsewhere = make_patient_study(referring_physician_name=make_name(DOCTOR))
    doctor = doctor_of(owner)
    assert set(visible_studies(doctor)) == set(named)
    assert not sees(doctor, elsewhere)
    assert set(visible_servers(doctor)) >= {server}


def test_a_study_that_names_a_doctor_twice_hides_no_other_study(owner, monkeypatch):
    monkeypatch.setattr("portal.grants.access.LISTED_AT_MOST", 1)
    server, name = DicomServerFactory(institution=owner), make_name(DOCTOR)
    twice = make_patient_study(server, referring_physician_name=name, requesting_physician_names=(name,))
    once = make_patient_study(server, referring_physician_name=name)
    assert set(visible_studies(doctor_of(owner))) == {twice, once}


def test_view_is_among_the_permissions_of_every_reason(study, owner):
    assert Permission.VIEW in explain(radiologist_of(owner), study).permissions


def test_the_same_spelling_in_two_institutions_opens_both_and_another_spelling_only_its_own(monkeypatch):
    one, two, three = (InstitutionFactory() for _ in range(3))
    doctor = doctor_of(one, "Botnari^Mihail")
    for institution, written_as in ((two, "Botnari^Mihail"), (three, "Botnari^M")):
        membership = MembershipFactory(user=doctor, institution=institution, role=Role.REFERRING_DOCTOR)
        membership.physician_aliases.create(written_as=written_as, name_key=name_key(written_as))
    made = {
        (institution, name): make_patient_study(
            DicomServerFactory(institution=institution), referring_physician_name=make_name(name)
        )
        for institution in (one, two, three)
        for name in ("Botnari^Mihail", "Botnari^M")
    }
    expected = {made[one, "Botnari^Mihail"], made[two, "Botnari^Mihail"], made[three, "Botnari^M"]}
    assert set(visible_studies(doctor)) == expected
    monkeypatch.setattr("portal.grants.access.LISTED_AT_MOST", 2)
    assert set(visible_studies(doctor)) == expected

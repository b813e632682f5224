"""A doctor opens what the policy denies: for one hour, to view only, with a reason, and never unseen."""

from datetime import date, timedelta

import pytest
from django.utils import timezone
from time_machine import travel

from audit.models import AuditEvent, Outcome
from portal.accounts.models import Kind
from portal.grants.break_glass import (
    OpenAlready,
    ReasonTooShort,
    close_break_glass,
    may_break_glass,
    open_by_break_glass,
    openings_at,
    openings_of,
)
from portal.grants.decisions import Rule
from portal.grants.errors import NotYours, ShareNotAllowed
from portal.grants.lookup import holding_called, holdings_of_institutions, holdings_of_patient
from portal.grants.models import Grant, GrantKind, Permission, Revocation
from portal.grants.policy import explain, visible_studies
from portal.grants.services import GrantTerms, give_grant
from portal.institutions.models import Role
from tests.portal.grants.factories import (
    DicomServerFactory,
    MembershipFactory,
    UserFactory,
    actor_for,
    make_patient_study,
    national_patient,
    radiologist_of,
)

pytestmark = pytest.mark.django_db
REASON = "Patient in our emergency room, cannot move his legs"
DOCTORS = (Role.RADIOLOGIST, Role.REFERRING_DOCTOR)


@pytest.fixture
def study():
    return make_patient_study()


@pytest.fixture
def doctor():
    return MembershipFactory(role=Role.REFERRING_DOCTOR).user


def open_it(person, study, reason=REASON):
    return open_by_break_glass(actor=actor_for(person), person=person, study=study, reason=reason)


@pytest.mark.parametrize("role", DOCTORS)
def test_a_doctor_opens_one_study_for_one_hour_to_view(role, study):
    doctor = MembershipFactory(role=role).user
    other = make_patient_study(study.server)
    grant, is_new = open_it(doctor, study)
    decision = explain(doctor, study)
    assert is_new
    assert (decision.rule, decision.permissions) == (Rule.BREAK_GLASS, (Permission.VIEW,))
    assert grant.valid_until - grant.valid_from == timedelta(hours=1)
    assert list(visible_studies(doctor)) == [study]
    assert not explain(doctor, other).allowed
    with travel(grant.valid_until, tick=False):
        assert not explain(doctor, study).allowed
        assert list(openings_of(doctor)) == []


def test_it_is_written_with_its_reason_as_break_glass(doctor, study):
    grant, _ = open_it(doctor, study)
    event = AuditEvent.objects.get()
    assert (event.action, event.outcome, event.rule) == ("break_glass_opened", Outcome.BREAK_GLASS, "break_glass")
    assert event.details["reason"] == REASON
    assert event.details["grant_id"] == str(grant.pk)
    assert event.study_instance_uid == study.study_instance_uid
    assert event.patient_identifiers == [study.patient.patient_id]


def test_a_second_time_does_not_lengthen_it(doctor, study):
    grant, _ = open_it(doctor, study)
    with travel(timezone.now() + timedelta(minutes=30)):
        again, is_new = open_it(doctor, study)
    assert (again.pk, again.valid_until, is_new) == (grant.pk, grant.valid_until, False)
    assert AuditEvent.objects.count() == 1


@pytest.mark.parametrize("role", [role for role in Role if role not in DOCTORS])
def test_nobody_but_doctors_may(role, study):
    person = MembershipFactory(role=role, institution=study.server.institution).user
    assert not may_break_glass(person)
    with pytest.raises(NotYours):
        open_it(person, study)
    assert not Grant.objects.exists()


def test_neither_link_holders_nor_suspended_doctors_may(study):
    holder = MembershipFactory(user=UserFactory(kind=Kind.LINK_HOLDER)).user
    suspended = MembershipFactory(suspended_at=timezone.now()).user
    inactive = MembershipFactory(user=UserFactory(is_active=False)).user
    for person in (holder, suspended, inactive):
        with pytest.raises(NotYours):
            open_it(person, study)
    assert not Grant.objects.exists()


@pytest.mark.parametrize("reason", ["", "emergency", "a        b      c", "x" * 14])
def test_a_short_reason_opens_nothing(doctor, study, reason):
    with pytest.raises(ReasonTooShort):
        open_it(doctor, study, reason)
    assert not Grant.objects.exists()
    assert not explain(doctor, study).allowed


def test_what_a_rule_opens_is_not_broken(study):
    with pytest.raises(OpenAlready):
        open_it(radiologist_of(study.server.institution), study)
    assert not Grant.objects.exists()


def test_it_cannot_be_shared_on(doctor, study):
    open_it(doctor, study)
    terms = GrantTerms(permissions=("view",), valid_until=timezone.now() + timedelta(minutes=5))
    with pytest.raises(ShareNotAllowed):
        give_grant(actor=actor_for(doctor), giver=doctor, grantee=UserFactory(), study=study, terms=terms)
    assert Grant.objects.get().kind == GrantKind.BREAK_GLASS


def test_whoever_opened_it_closes_it_and_viewers_stop(doctor, study):
    grant, _ = open_it(doctor, study)
    with pytest.raises(NotYours):
        close_break_glass(actor=actor_for(doctor), person=UserFactory(), grant_id=grant.pk)
    close_break_glass(actor=actor_for(doctor), person=doctor, grant_id=grant.pk)
    assert not explain(doctor, study).allowed
    assert Revocation.objects.get().subject == doctor.subject
    assert AuditEvent.objects.filter(action="grant_revoked").count() == 1


def test_the_owner_lists_what_was_opened(doctor, study):
    grant, _ = open_it(doctor, study)
    since = timezone.now() - timedelta(days=30)
    assert list(openings_at([study.server.institution_id], since)) == [grant]
    assert list(openings_at([MembershipFactory().institution_id], since)) == []
    assert list(openings_at([study.server.institution_id], timezone.now() + timedelta(days=1))) == []


def test_a_patient_is_found_by_the_exact_id_with_the_birth_date_alone():
    study = make_patient_study(patient=national_patient("2099031001472"))
    born = date(1962, 3, 14)
    assert holdings_of_patient("2099 0310 0147 2", born) == [study]
    assert holdings_of_patient(" 77-01 ", born) == [study]
    assert holdings_of_patient("77-01", date(1962, 3, 15)) == []
    assert holdings_of_patient("77", born) == []
    assert holdings_of_patient("", born) == []
    assert holdings_of_patient("%", born) == []


def test_a_description_without_birth_date_is_not_found():
    make_patient_study(patient=national_patient(patient_birth_date=""))
    assert holdings_of_patient("77-01", date(1962, 3, 14)) == []


def test_an_address_leads_to_one_holding(study):
    copy = make_patient_study(
        DicomServerFactory(last_contact_at=timezone.now()), study_instance_uid=study.study_instance_uid
    )
    assert holding_called(study.study_instance_uid) == copy
    assert holding_called(study.study_instance_uid, str(study.server_id)) == study
    assert holding_called(study.study_instance_uid, "no server") is None
    assert holding_called("1.2.3") is None


def test_an_administrator_finds_studies_of_the_own_institution(study):
    own = [study.server.institution_id]
    assert holdings_of_institutions(own, study.study_instance_uid) == [study]
    assert holdings_of_institutions(own, study.accession_number) == [study]
    assert holdings_of_institutions(own, study.patient.patient_id) == [study]
    assert holdings_of_institutions(own, "") == []
    assert holdings_of_institutions([], study.study_instance_uid) == []
    assert holdings_of_institutions([MembershipFactory().institution_id], study.study_instance_uid) == []


@pytest.mark.parametrize("change", ["ended_at", "suspended_at"])
def test_it_closes_with_the_role_in_which_it_was_made(doctor, study, change):
    open_it(doctor, study)
    assert explain(doctor, study).allowed
    doctor.memberships.update(**{change: timezone.now()})
    assert not explain(doctor, study).allowed
    assert list(visible_studies(doctor)) == []

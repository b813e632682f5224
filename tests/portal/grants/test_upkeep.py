"""As time goes on: givers who lose what they gave, access that is used, and access that ends soon."""

from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from audit.models import Action, AuditEvent
from portal.grants.assignments import end_assignment
from portal.grants.models import AssignmentPart, Grant, GrantKind, Revocation
from portal.grants.policy import explain
from portal.grants.recipients import Address, RoleAt
from portal.grants.services import GrantTerms, give_grant
from portal.grants.tasks import (
    revoke_of_those_who_lost_access_task,
    revoke_what_nobody_may_give_task,
    tell_who_loses_access_soon_task,
)
from portal.grants.upkeep import note_use
from portal.institutions.models import Membership, PhysicianAlias, Role
from portal.institutions.services import end_role
from tests.portal.grants.factories import (
    DOCTOR,
    AssignmentFactory,
    GrantFactory,
    MembershipFactory,
    UserFactory,
    actor_for,
    doctor_of,
    make_name,
    make_patient_study,
    national_patient,
    patient_person,
    radiologist_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return make_patient_study(referring_physician_name=make_name(DOCTOR))


def give(giver, study, grantee=None, **changes) -> Grant:
    values = {"permissions": ("view",), "valid_until": timezone.now() + timedelta(days=3), **changes}
    return give_grant(
        actor=actor_for(giver), giver=giver, grantee=grantee or UserFactory(), study=study, terms=GrantTerms(**values)
    )


def is_revoked(grant) -> bool:
    grant.refresh_from_db()
    return grant.revoked_at is not None


def end_membership(giver, study):
    end_role(actor=actor_for(giver), membership=Membership.objects.get(user=giver))


def suspend_membership(giver, study):
    Membership.objects.filter(user=giver).update(suspended_at=timezone.now())


def suspend_account(giver, study):
    giver.is_active, giver.suspended_at = False, timezone.now()
    giver.save()


@pytest.mark.parametrize("lose", [end_membership, suspend_membership, suspend_account])
@pytest.mark.parametrize("who", [radiologist_of, doctor_of])
def test_what_somebody_gave_ends_with_what_they_gave_it_on(study, lose, who):
    giver, colleague = who(study.server.institution), radiologist_of(study.server.institution)
    grant, other = give(giver, study), give(colleague, study)
    revoke_of_those_who_lost_access_task()
    assert not is_revoked(grant)
    lose(giver, study)
    revoke_of_those_who_lost_access_task()
    assert (is_revoked(grant), is_revoked(other)) == (True, False)
    assert grant.revoked_by is None
    assert not explain(grant.user, study).allowed
    assert Revocation.objects.get().subject == grant.user.subject
    event = AuditEvent.objects.get(action=Action.GRANT_REVOKED)
    assert (event.actor_id, event.actor_role) == ("system:grants", "system")
    assert event.details["reason"] == "The giver does not have this access any more."
    revoke_of_those_who_lost_access_task()
    assert AuditEvent.objects.filter(action=Action.GRANT_REVOKED).count() == 1


def test_who_has_it_by_another_role_too_loses_nothing(study):
    giver = radiologist_of(study.server.institution)
    MembershipFactory(user=giver, institution=study.server.institution, role=Role.REFERRING_DOCTOR)
    PhysicianAlias.objects.create(
        membership=giver.memberships.get(role=Role.REFERRING_DOCTOR), written_as=DOCTOR, name_key="botnari mihail"
    )
    grant, much = give(giver, study), give(giver, study, permissions=("view", "report"))
    end_role(actor=actor_for(giver), membership=giver.memberships.get(role=Role.RADIOLOGIST))
    revoke_of_those_who_lost_access_task()
    assert (is_revoked(grant), is_revoked(much)) == (False, True)


def test_what_is_lost_without_a_row_that_ended_is_found_by_the_hourly_task(study):
    giver = doctor_of(study.server.institution)
    grant, settled = give(giver, study), give(radiologist_of(study.server.institution), study)
    PhysicianAlias.objects.all().delete()
    revoke_of_those_who_lost_access_task()
    assert not is_revoked(grant)
    revoke_what_nobody_may_give_task()
    assert (is_revoked(grant), is_revoked(settled)) == (True, False)


def test_what_a_patient_gave_falls_while_their_number_stands_for_two_people():
    study = make_patient_study(patient=national_patient())
    grant = give(patient_person(), study)
    revoke_what_nobody_may_give_task()
    assert not is_revoked(grant)
    make_patient_study(patient=national_patient(patient_sex="M"))
    revoke_what_nobody_may_give_task()
    assert is_revoked(grant)


def test_an_assignment_that_is_taken_back_takes_back_what_was_given_on_it_at_once(study):
    owner = study.server.institution
    doctor = MembershipFactory(institution=owner, role=Role.REFERRING_DOCTOR).user
    part = AssignmentPart.REFERRING_DOCTOR
    assignment = AssignmentFactory(user=doctor, part=part, study=None, patient=study.patient)
    grant = give(doctor, study, whole_patient=True)
    radiologist = radiologist_of(owner)
    end_assignment(actor=actor_for(radiologist), ended_by=radiologist, assignment_id=assignment.pk)
    assert is_revoked(grant)


def test_two_who_gave_each_other_access_do_not_keep_it_between_them(study):
    giver = radiologist_of(study.server.institution)
    until = timezone.now() + timedelta(days=2)
    rights = {"permissions": ("view", "share"), "valid_until": until}
    there = give(giver, study, **rights)
    back = give(there.user, study, giver, **rights)
    further = give(there.user, study, **rights)
    end_membership(giver, study)
    revoke_of_those_who_lost_access_task()
    assert [is_revoked(grant) for grant in (there, back, further)] == [True, True, True]
    assert AuditEvent.objects.filter(action=Action.GRANT_REVOKED).count() == 3


def test_a_circle_of_many_is_seen_through_at_once(study):
    giver = radiologist_of(study.server.institution)
    people = [giver, *(UserFactory() for _ in range(4))]
    until = timezone.now() + timedelta(days=2)
    rights = {"permissions": ("view", "share"), "valid_until": until}
    grants = [give(giver, study, one, **rights) for one in people[1:]]
    grants += [give(one, study, other, **rights) for one in people[1:] for other in people if one is not other]
    end_membership(giver, study)
    revoke_of_those_who_lost_access_task()
    assert all(is_revoked(grant) for grant in grants)
    assert AuditEvent.objects.filter(action=Action.GRANT_REVOKED).count() == len(grants) == 20


def test_what_was_received_from_somebody_else_goes_on_being_given(study):
    owner = study.server.institution
    giver, colleague = radiologist_of(owner), radiologist_of(owner)
    until = timezone.now() + timedelta(days=2)
    give(colleague, study, giver, permissions=("view", "share"), valid_until=until)
    grant = give(giver, study, valid_until=until)
    end_membership(giver, study)
    revoke_of_those_who_lost_access_task()
    assert not is_revoked(grant)


@pytest.mark.parametrize("kind", [GrantKind.REQUESTED, GrantKind.BREAK_GLASS])
def test_what_never_stood_on_its_giver_stays(study, kind):
    giver = MembershipFactory(institution=study.server.institution, role=Role.INSTITUTION_ADMINISTRATOR).user
    grant = GrantFactory(study=study, kind=kind, granted_by=giver)
    end_membership(giver, study)
    revoke_of_those_who_lost_access_task()
    revoke_what_nobody_may_give_task()
    assert not is_revoked(grant)


def test_what_radiologists_gave_of_their_own_institution_costs_nothing(study, django_assert_num_queries):
    for _ in range(3):
        give(radiologist_of(study.server.institution), study)
    with django_assert_num_queries(1):
        revoke_what_nobody_may_give_task()


def test_a_patient_without_studies_is_given_on_in_peace(study):
    other = make_patient_study(study.server)
    grant = GrantFactory(study=None, patient=other.patient, granted_by=UserFactory())
    other.patient = study.patient
    other.save()
    revoke_what_nobody_may_give_task()
    assert not is_revoked(grant)


def test_use_is_remembered_once_a_minute(study):
    grant = GrantFactory(study=study)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        first = timezone.now()
        note_use(explain(grant.user, study))
        for seconds, expected in ((59, first), (1, first + timedelta(seconds=60))):
            clock.shift(seconds)
            note_use(explain(grant.user, study))
            grant.refresh_from_db()
            assert grant.last_used_at == expected


def test_who_needs_no_grant_uses_none(study):
    grant = GrantFactory(study=study, user=radiologist_of(study.server.institution))
    note_use(explain(grant.user, study))
    note_use(explain(UserFactory(), study))
    grant.refresh_from_db()
    assert grant.last_used_at is None


def ending(**changes) -> Grant:
    now = timezone.now()
    begin, end = changes.pop("begin", timedelta(days=-3)), changes.pop("end", timedelta(hours=23))
    return GrantFactory(valid_from=now + begin, valid_until=now + end, **changes)


def told(django_capture_on_commit_callbacks) -> list[str]:
    mail.outbox.clear()
    with django_capture_on_commit_callbacks(execute=True):
        tell_who_loses_access_soon_task()
    return sorted(letter.to[0] for letter in mail.outbox)


def test_receivers_are_told_once_a_day_before_the_end(django_capture_on_commit_callbacks):
    person, address = ending(), ending(user=None, email="kaya@ankara.example")
    ending(end=timedelta(hours=25))
    ending(end=timedelta(minutes=-1))
    ending(begin=timedelta(minutes=-5))
    ending(revoked_at=timezone.now())
    ending(kind=GrantKind.BREAK_GLASS)
    ending(kind=GrantKind.CONSULTATION)
    ending(without_identity=True, deidentification_key="ab" * 32)
    membership = MembershipFactory(role=Role.RADIOLOGIST)
    ending(user=None, role=Role.RADIOLOGIST, role_institution=membership.institution)
    assert told(django_capture_on_commit_callbacks) == sorted([person.user.email, address.email])
    for letter, grant in zip(sorted(mail.outbox, key=lambda one: one.to), (address, person), strict=True):
        assert letter.subject == "Your access ends soon"
        assert f"https://portal.test/grants/{grant.pk}/" in letter.body
        assert grant.study.study_instance_uid not in letter.body
    assert told(django_capture_on_commit_callbacks) == []


def test_letters_about_access_name_no_patient(study, django_capture_on_commit_callbacks):
    study = make_patient_study(patient=national_patient(patient_name="Munteanu^Elena"))
    patient = patient_person()
    radiologist = radiologist_of(study.server.institution)
    receiver = UserFactory(first_name="Irina", last_name="Tomșa")
    with django_capture_on_commit_callbacks(execute=True):
        for giver in (patient, radiologist):
            give(giver, study, receiver)
            give(giver, study, Address("kaya@ankara.example"), valid_until=timezone.now() + timedelta(days=2))
    assert [letter.to for letter in mail.outbox] == [[receiver.email], ["kaya@ankara.example"]] * 2
    for letter in mail.outbox:
        assert letter.subject == "Access was given to you"
        text = letter.subject + letter.body
        for secret in ("Munteanu", patient.last_name, study.study_instance_uid, study.accession_number, "CT"):
            assert secret not in text
    assert ["A patient" in letter.body for letter in mail.outbox] == [True, True, False, False]
    assert radiologist.full_name in mail.outbox[2].body


def test_a_role_is_not_written_to(study, django_capture_on_commit_callbacks):
    at = MembershipFactory(role=Role.RADIOLOGIST).institution
    with django_capture_on_commit_callbacks(execute=True):
        give(radiologist_of(study.server.institution), study, RoleAt(Role.RADIOLOGIST, at))
    assert mail.outbox == []

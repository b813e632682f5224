"""Giving access never gives more than the giver has; taking it back reaches running viewers and what hangs on it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import Action, AuditEvent
from portal.grants.errors import (
    GrantEndsBeforeItBegins,
    GrantToOneself,
    GrantWithoutView,
    MoreThanGiverHas,
    NotYours,
    ShareNotAllowed,
    UnknownGrantee,
)
from portal.grants.models import Grant, Revocation
from portal.grants.policy import explain
from portal.grants.services import GrantTerms, give_grant, revoke_grant
from portal.institutions.models import Role
from tests.portal.grants.factories import (
    AssignmentFactory,
    GrantFactory,
    InstitutionFactory,
    MembershipFactory,
    UserFactory,
    actor_for,
    make_patient_study,
    radiologist_of,
)

pytestmark = pytest.mark.django_db


def terms(**changes) -> GrantTerms:
    values = {"permissions": ("view",), "valid_until": timezone.now() + timedelta(days=3), **changes}
    return GrantTerms(**values)


def give(giver, study, grantee=None, **changes) -> Grant:
    grantee = grantee or UserFactory()
    return give_grant(actor=actor_for(giver), giver=giver, grantee=grantee, study=study, terms=terms(**changes))


def revoke(revoker, grant) -> Grant:
    return revoke_grant(actor=actor_for(revoker), revoker=revoker, grant_id=grant.pk)


def nothing_was_given() -> bool:
    return not Grant.objects.exists() and not AuditEvent.objects.filter(action=Action.GRANT_MADE).exists()


@pytest.fixture
def study():
    return make_patient_study()


@pytest.fixture
def giver(study):
    return radiologist_of(study.server.institution)


def test_a_radiologist_gives_access_to_a_study_until_a_day(study, giver):
    until = timezone.now() + timedelta(days=2)
    grantee = UserFactory()
    grant = give(giver, study, grantee, permissions=["report", "view"], valid_until=until, reason="  Second opinion ")
    assert (grant.study, grant.patient, grant.permissions) == (study, None, ["view", "report"])
    assert (grant.valid_until, grant.reason, grant.granted_by) == (until, "Second opinion", giver)
    assert explain(grantee, study).permissions == ("view", "report")
    event = AuditEvent.objects.get(action=Action.GRANT_MADE)
    assert event.actor_id == str(giver.subject)
    assert event.study_instance_uid == study.study_instance_uid
    assert event.rule == "radiologist_of_institution"
    assert event.details["person_id"] == str(grantee.subject)
    assert (event.details["permissions"], event.details["reach"]) == (["view", "report"], "study")


def test_access_to_a_whole_patient_reaches_their_other_studies_there(study, giver):
    other = make_patient_study(study.server)
    other.patient = study.patient
    other.save()
    grant = give(giver, study, whole_patient=True)
    assert (grant.study, grant.patient) == (None, study.patient)
    assert explain(grant.user, other).allowed
    assert AuditEvent.objects.get(action=Action.GRANT_MADE).details["reach"] == "patient"


def test_a_beginning_in_the_past_means_from_now_on(study, giver):
    before = timezone.now()
    grant = give(giver, study, valid_from=before - timedelta(days=30))
    assert grant.valid_from >= before


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"valid_until": timezone.now() - timedelta(minutes=1)}, GrantEndsBeforeItBegins),
        ({"valid_from": timezone.now() + timedelta(days=9)}, GrantEndsBeforeItBegins),
        ({"permissions": ("download",)}, GrantWithoutView),
        ({"permissions": ()}, GrantWithoutView),
        ({"permissions": ("everything",)}, GrantWithoutView),
    ],
)
def test_impossible_terms_are_refused(study, giver, changes, error):
    with pytest.raises(error):
        give(giver, study, **changes)
    assert nothing_was_given()


def test_nobody_gives_access_to_themselves(study, giver):
    with pytest.raises(GrantToOneself):
        give(giver, study, giver)
    assert nothing_was_given()


def test_a_suspended_person_is_given_nothing(study, giver):
    with pytest.raises(UnknownGrantee):
        give(giver, study, UserFactory(is_active=False))
    assert nothing_was_given()


def test_who_may_view_but_not_share_gives_nothing(study):
    consultant = GrantFactory(study=study, permissions=["view", "download"]).user
    with pytest.raises(ShareNotAllowed):
        give(consultant, study)
    assert Grant.objects.count() == 1


def test_who_sees_nothing_gives_nothing(study):
    with pytest.raises(ShareNotAllowed):
        give(UserFactory(), study)
    assert nothing_was_given()


@pytest.mark.parametrize("role", [Role.INSTITUTION_ADMINISTRATOR, Role.SYSTEM_ADMINISTRATOR, Role.AUDITOR])
def test_administrators_give_no_access_to_images(study, role):
    administrator = MembershipFactory(institution=study.server.institution, role=role).user
    with pytest.raises(ShareNotAllowed):
        give(administrator, study)
    assert nothing_was_given()


def test_no_right_is_given_that_the_giver_lacks(study):
    sharer = GrantFactory(study=study, permissions=["view", "share"]).user
    with pytest.raises(MoreThanGiverHas):
        give(sharer, study, permissions=("view", "download"))
    assert give(sharer, study, permissions=("view", "share")).permissions == ["view", "share"]


def test_no_right_is_given_that_outlasts_the_givers_own(study):
    own = GrantFactory(study=study, permissions=["view", "share"])
    with pytest.raises(MoreThanGiverHas):
        give(own.user, study, valid_until=own.valid_until + timedelta(minutes=1))
    assert give(own.user, study, valid_until=own.valid_until).valid_until == own.valid_until


def test_rights_of_two_reasons_are_not_mixed_beyond_what_each_reaches(study):
    """Sharing until Friday by one grant and viewing until Sunday by another do not make sharing until Sunday."""
    short = GrantFactory(study=study, permissions=["view", "share"], valid_until=timezone.now() + timedelta(days=1))
    GrantFactory(study=study, user=short.user, permissions=["view", "download"])
    with pytest.raises(MoreThanGiverHas):
        give(short.user, study, permissions=("view",), valid_until=timezone.now() + timedelta(days=2))


def test_who_has_one_study_does_not_give_the_whole_patient(study):
    sharer = GrantFactory(study=study, permissions=["view", "share"]).user
    with pytest.raises(ShareNotAllowed):
        give(sharer, study, whole_patient=True)


def test_revoked_access_opens_nothing_and_servers_are_told(study, giver):
    grant = give(giver, study)
    revoke(giver, grant)
    assert not explain(grant.user, study).allowed
    grant.refresh_from_db()
    assert grant.revoked_by == giver
    told = Revocation.objects.get()
    assert (told.server, told.subject, told.study_instance_uid) == (
        study.server,
        grant.user.subject,
        study.study_instance_uid,
    )
    assert told.revoked_at == grant.revoked_at
    event = AuditEvent.objects.get(action=Action.GRANT_REVOKED)
    assert event.details["grant_id"] == str(grant.pk)


def test_revoking_a_patients_history_tells_the_server_of_each_study(study, giver):
    other = make_patient_study(study.server)
    other.patient = study.patient
    other.save()
    revoke(giver, give(giver, study, whole_patient=True))
    uids = set(Revocation.objects.values_list("study_instance_uid", flat=True))
    assert uids == {study.study_instance_uid, other.study_instance_uid}


def test_revoking_twice_changes_nothing_more(study, giver):
    grant = give(giver, study)
    first = revoke(giver, grant).revoked_at
    assert revoke(giver, grant).revoked_at == first
    assert Revocation.objects.count() == 1
    assert AuditEvent.objects.filter(action=Action.GRANT_REVOKED).count() == 1


def test_the_owners_administrator_revokes_what_others_gave(study, giver):
    grant = give(giver, study)
    owner = study.server.institution
    revoke(MembershipFactory(institution=owner, role=Role.INSTITUTION_ADMINISTRATOR).user, grant)
    assert not explain(grant.user, study).allowed


@pytest.mark.parametrize("who", ["grantee", "colleague", "stranger", "other administrator", "former administrator"])
def test_nobody_else_revokes(study, giver, who):
    grant = give(giver, study)
    owner, elsewhere = study.server.institution, InstitutionFactory()
    administrator = Role.INSTITUTION_ADMINISTRATOR
    people = {
        "grantee": lambda: grant.user,
        "colleague": lambda: radiologist_of(owner),
        "stranger": UserFactory,
        "other administrator": lambda: MembershipFactory(institution=elsewhere, role=administrator).user,
        "former administrator": lambda: (
            MembershipFactory(institution=owner, role=administrator, ended_at=timezone.now()).user
        ),
    }
    with pytest.raises(NotYours):
        revoke(people[who](), grant)
    assert explain(grant.user, study).allowed
    assert not Revocation.objects.exists()
    assert not AuditEvent.objects.filter(action=Action.GRANT_REVOKED).exists()


def test_what_the_receiver_gave_on_falls_with_what_they_had(study, giver):
    until = timezone.now() + timedelta(days=3)
    first = give(giver, study, permissions=("view", "share"), valid_until=until)
    second = give(first.user, study, permissions=("view", "share"), valid_until=until)
    third = give(second.user, study, valid_until=until)
    revoke(giver, first)
    assert [explain(grant.user, study).allowed for grant in (first, second, third)] == [False, False, False]
    assert Revocation.objects.count() == 3
    assert AuditEvent.objects.filter(action=Action.GRANT_REVOKED).count() == 3


def test_what_the_receiver_may_give_by_another_rule_stays(study, giver):
    first = give(giver, study, permissions=("view", "share"))
    MembershipFactory(user=first.user, institution=study.server.institution, role=Role.RADIOLOGIST)
    second = give(first.user, study)
    revoke(giver, first)
    assert explain(second.user, study).allowed


def test_a_giver_who_loses_an_assignment_only_keeps_what_others_gave(study, giver):
    grant = give(giver, study)
    AssignmentFactory(user=grant.user, study=study)
    revoke(giver, grant)
    assert not explain(grant.user, study).allowed

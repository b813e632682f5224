"""Access for a role, and for an e-mail address that somebody proves now, later or never."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import Action, AuditEvent
from portal.accounts.models import Kind
from portal.grants.errors import (
    AddressWasWrittenTo,
    GrantToOneself,
    RoleReadsNoImages,
    RoleSeesIt,
    ShareNotAllowed,
    UnknownGrantee,
)
from portal.grants.models import Grant, GrantKind, Revocation
from portal.grants.policy import explain, visible_studies
from portal.grants.recipients import Address, RoleAt, recipient_called
from portal.grants.selectors import revocations_for
from portal.grants.services import GrantTerms, give_grant, revoke_grant
from portal.institutions.models import Role
from portal.invitations.models import Invitation
from tests.portal.grants.factories import (
    DicomServerFactory,
    GrantFactory,
    InstitutionFactory,
    MembershipFactory,
    UserFactory,
    actor_for,
    make_patient_study,
    radiologist_of,
)
from viewer.services import issue_viewer_token

pytestmark = pytest.mark.django_db
ADDRESS = "kaya@ankara.example"


@pytest.fixture
def study():
    return make_patient_study()


@pytest.fixture
def giver(study):
    return radiologist_of(study.server.institution)


@pytest.fixture
def elsewhere():
    return InstitutionFactory(short_name="Codru")


def give(giver, study, grantee, **changes) -> Grant:
    values = {"permissions": ("view",), "valid_until": timezone.now() + timedelta(days=3), **changes}
    return give_grant(actor=actor_for(giver), giver=giver, grantee=grantee, study=study, terms=GrantTerms(**values))


def revoke(grant) -> None:
    revoke_grant(actor=actor_for(grant.granted_by), revoker=grant.granted_by, grant_id=grant.pk)


def prove(person, address=ADDRESS, **changes):
    return person.emailaddress_set.create(email=address, **{"verified": True, **changes})


def opens(user, study) -> bool:
    listed = study in visible_studies(user)
    assert explain(user, study).allowed == listed
    return listed


def test_a_role_is_given_access_as_long_as_each_holds_it(study, giver, elsewhere):
    held = MembershipFactory(institution=elsewhere, role=Role.RADIOLOGIST)
    others = [
        MembershipFactory(institution=elsewhere, role=Role.REFERRING_DOCTOR).user,
        radiologist_of(InstitutionFactory()),
    ]
    grant = give(giver, study, RoleAt(Role.RADIOLOGIST, elsewhere), permissions=("view", "download"))
    assert (grant.user, grant.role, grant.role_institution) == (None, Role.RADIOLOGIST, elsewhere)
    late = radiologist_of(elsewhere)
    assert [opens(user, study) for user in (held.user, late, *others)] == [True, True, False, False]
    decision = explain(held.user, study)
    assert (decision.rule, decision.role, decision.institution) == ("study_grant", "radiologist", "Codru")
    assert decision.permissions == ("view", "download")
    held.suspended_at = timezone.now()
    held.save()
    assert not opens(held.user, study)
    assert opens(late, study)


def test_what_comes_by_a_role_ends_with_the_role(study, giver, elsewhere):
    ends = timezone.now() + timedelta(hours=2)
    leaving = radiologist_of(elsewhere, ended_at=ends)
    grant = give(giver, study, RoleAt(Role.RADIOLOGIST, elsewhere), permissions=("view", "share"))
    assert explain(leaving, study).until == ends
    assert explain(radiologist_of(elsewhere), study).until == grant.valid_until


def test_a_token_never_outlasts_the_role_that_brought_the_access(study, giver, elsewhere):
    ends = timezone.now() + timedelta(seconds=90)
    leaving = radiologist_of(elsewhere, ended_at=ends)
    give(giver, study, RoleAt(Role.RADIOLOGIST, elsewhere))
    issued = issue_viewer_token(actor=actor_for(leaving), user=leaving, study=study, session="token 1")
    assert issued.expires_at <= ends
    assert Grant.objects.get().last_used_at is not None


def test_a_whole_patient_is_given_to_a_role(study, giver, elsewhere):
    doctor = MembershipFactory(institution=elsewhere, role=Role.REFERRING_DOCTOR).user
    give(giver, study, RoleAt(Role.REFERRING_DOCTOR, elsewhere), whole_patient=True)
    assert opens(doctor, study)
    assert explain(doctor, study).rule == "patient_grant"


@pytest.mark.parametrize(
    "role",
    [Role.PATIENT, Role.CONSULTANT, Role.INSTITUTION_ADMINISTRATOR, Role.SYSTEM_ADMINISTRATOR, Role.AUDITOR],
)
def test_only_roles_that_read_images_are_given_access(study, giver, elsewhere, role):
    with pytest.raises(RoleReadsNoImages):
        give(giver, study, RoleAt(role, elsewhere))
    assert not Grant.objects.exists()


def test_the_owners_radiologists_need_no_access_and_its_doctors_may_get_it(study, giver):
    owner = study.server.institution
    with pytest.raises(RoleSeesIt):
        give(giver, study, RoleAt(Role.RADIOLOGIST, owner))
    assert not Grant.objects.exists()
    give(giver, study, RoleAt(Role.REFERRING_DOCTOR, owner))
    assert opens(MembershipFactory(institution=owner, role=Role.REFERRING_DOCTOR).user, study)


def test_taking_access_back_from_a_role_reaches_every_server_and_member_and_what_they_gave_on(giver, elsewhere, study):
    other = make_patient_study(DicomServerFactory(institution=study.server.institution))
    other.patient = study.patient
    other.save()
    members = [radiologist_of(elsewhere) for _ in range(2)]
    stranger = radiologist_of(InstitutionFactory())
    grant = give(giver, study, RoleAt(Role.RADIOLOGIST, elsewhere), permissions=("view", "share"), whole_patient=True)
    given_on = give(members[0], study, stranger, valid_until=grant.valid_until)
    assert opens(stranger, study)
    revoke(grant)
    assert not any(opens(user, one) for user in (*members, stranger) for one in (study, other))
    given_on.refresh_from_db()
    assert given_on.revoked_at is not None
    for one, people in ((study, {*members, stranger}), (other, {*members})):
        told = revocations_for(one.server, timezone.now())
        assert {(each.subject, each.study_instance_uid) for each in told} == {
            (person.subject, one.study_instance_uid) for person in people
        }
    assert AuditEvent.objects.filter(action=Action.GRANT_REVOKED).count() == 2


def test_an_unknown_address_is_invited_and_opens_nothing_before_it_is_proved(study, giver):
    person = UserFactory()
    grant = give(giver, study, Address(ADDRESS))
    assert (grant.user, grant.email, grant.recipient_words) == (None, ADDRESS, ADDRESS)
    invitation = Invitation.objects.get()
    assert (invitation.email, invitation.role, invitation.invited_by) == (ADDRESS, "", giver)
    assert invitation.leads_to == f"/grants/{grant.pk}/"
    assert AuditEvent.objects.get(action=Action.GRANT_MADE).details["person_name"] == ADDRESS
    address = prove(person, "Kaya@Ankara.example", verified=False)
    assert not opens(person, study)
    address.verified = True
    address.save()
    assert opens(person, study)
    revoke(grant)
    assert not opens(person, study)
    assert Revocation.objects.get().subject == person.subject


def test_the_proved_address_of_one_person_is_theirs_at_once_and_is_invited_alike(study, giver):
    person = UserFactory()
    prove(person)
    grant = give(giver, study, Address(ADDRESS))
    assert (grant.user, grant.email, grant.addressed_as, grant.recipient_words) == (person, "", ADDRESS, ADDRESS)
    assert opens(person, study)
    assert Invitation.objects.get().email == ADDRESS
    prove(UserFactory(), "later@ankara.example")
    person.emailaddress_set.all().delete()
    assert opens(person, study)


def test_an_address_that_nobody_or_a_suspended_person_proved_stays_an_address(study, giver):
    prove(UserFactory(is_active=False))
    UserFactory(email=ADDRESS)
    assert give(giver, study, Address(ADDRESS)).email == ADDRESS


def test_nobody_gives_access_to_their_own_address(study, giver):
    prove(giver)
    for address in (ADDRESS, giver.email):
        with pytest.raises(GrantToOneself):
            give(giver, study, Address(address))
    assert not Grant.objects.exists()
    assert not Invitation.objects.exists()


def test_an_address_is_not_written_to_without_end_and_then_nothing_is_given(study, giver):
    for _ in range(5):
        give(giver, study, Address(ADDRESS), valid_until=timezone.now() + timedelta(days=1))
    for known in (False, True):
        if known:
            prove(UserFactory())
        with pytest.raises(AddressWasWrittenTo):
            give(giver, study, Address(ADDRESS))
    assert Grant.objects.count() == 5
    assert AuditEvent.objects.filter(action=Action.GRANT_MADE).count() == 5


@pytest.mark.parametrize("kind", [GrantKind.BREAK_GLASS, GrantKind.SHARE_LINK])
def test_what_was_opened_for_an_emergency_or_by_a_link_is_given_to_nobody(study, kind):
    doctor = MembershipFactory().user
    holder = GrantFactory(user=doctor, study=study, kind=kind, permissions=["view", "download", "share"]).user
    assert explain(holder, study).permissions == ("view", "download")
    with pytest.raises(ShareNotAllowed):
        give(holder, study, UserFactory())
    assert Grant.objects.count() == 1


def test_the_holder_of_a_link_neither_gives_nor_receives(study, giver):
    holder = UserFactory(kind=Kind.LINK_HOLDER)
    GrantFactory(study=study, user=holder, permissions=["view", "share"])
    with pytest.raises(ShareNotAllowed):
        give(holder, study, UserFactory())
    with pytest.raises(UnknownGrantee):
        give(giver, study, holder)
    assert Grant.objects.count() == 1


def test_access_without_identity_opens_no_study_and_is_given_to_nobody(study):
    holder = GrantFactory(
        study=study, permissions=["view", "share"], without_identity=True, deidentification_key="ab" * 32
    ).user
    assert not opens(holder, study)
    with pytest.raises(ShareNotAllowed):
        give(holder, study, UserFactory())


def test_revoking_access_without_identity_names_the_mapped_study(study, giver):
    grant = GrantFactory(study=study, granted_by=giver, without_identity=True, deidentification_key="ab" * 32)
    revoke(grant)
    assert Revocation.objects.get().study_instance_uid.startswith("2.25.")


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (" Kaya@Ankara.example ", Address(ADDRESS)),
        ("nobody", None),
        ("", None),
        ("a@", None),
        (f"{'a' * 250}@ankara.example", None),
    ],
)
def test_what_is_typed_is_an_address_or_a_user_name(typed, expected):
    assert recipient_called(typed) == expected


def test_an_address_is_never_taken_for_the_user_name_of_another():
    UserFactory(username=ADDRESS)
    assert recipient_called(ADDRESS) == Address(ADDRESS)

"""Keeping people out and letting them back in: who may, what stops, and what one event says."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken

from audit.models import AuditEvent
from portal.accounts.models import User
from portal.grants.policy import explain
from portal.grants.selectors import revocations_for
from portal.institutions import services, suspensions
from portal.institutions.models import Membership, Role
from portal.institutions.selectors import running_memberships
from tests.portal.accounts.factories import UserFactory
from tests.portal.grants.factories import GrantFactory, actor_for, make_patient_study
from tests.portal.institutions.factories import InstitutionFactory, MembershipFactory

ACTS = ["suspend", "resume", "remove", "account/suspend", "account/resume"]


@pytest.fixture
def institution(db):
    return InstitutionFactory()


@pytest.fixture
def administrator(institution):
    return MembershipFactory(institution=institution, role=Role.INSTITUTION_ADMINISTRATOR).user


@pytest.fixture
def system_administrator(institution):
    return MembershipFactory(institution=institution, role=Role.SYSTEM_ADMINISTRATOR).user


def act(name, administrator, person):
    service = getattr(suspensions, name)
    return service(actor=actor_for(administrator), administrator=administrator, person_pk=person.pk)


def events() -> list[str]:
    return list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))


def test_a_suspended_radiologist_sees_nothing_and_servers_are_told(db) -> None:
    study = make_patient_study()
    institution = study.server.institution
    administrator = MembershipFactory(institution=institution, role=Role.INSTITUTION_ADMINISTRATOR).user
    person = MembershipFactory(institution=institution).user
    assert explain(person, study).allowed
    act("suspend_person", administrator, person)
    assert not explain(person, study).allowed
    told = revocations_for(study.server, timezone.now() + timedelta(seconds=1))
    assert [(one.subject, one.study_instance_uid) for one in told] == [(person.subject, None)]
    act("suspend_person", administrator, person)
    act("resume_person", administrator, person)
    act("resume_person", administrator, person)
    assert explain(person, study).allowed
    assert events() == ["person_suspended", "person_resumed"]
    event = AuditEvent.objects.first()
    assert (event.institution, event.details["person_id"]) == (institution.short_name, str(person.subject))


def test_suspending_reaches_the_own_institution_alone(administrator, institution) -> None:
    person = MembershipFactory(institution=institution).user
    elsewhere = MembershipFactory(user=person)
    act("suspend_person", administrator, person)
    assert list(running_memberships(person)) == [elsewhere]
    act("remove_person", administrator, person)
    assert list(running_memberships(person)) == [elsewhere]
    assert events() == ["person_suspended", "role_taken"]


def test_an_administrator_does_not_suspend_who_governs_and_a_system_administrator_does(
    administrator, institution, system_administrator
) -> None:
    other = MembershipFactory(institution=institution, role=Role.INSTITUTION_ADMINISTRATOR)
    auditor = MembershipFactory(institution=institution, role=Role.AUDITOR)
    for person in (other.user, auditor.user, system_administrator):
        for name in ("suspend_person", "resume_person", "remove_person", "suspend_account", "resume_account"):
            with pytest.raises(services.NotYourPerson):
                act(name, administrator, person)
    assert events() == []
    act("suspend_person", system_administrator, other.user)
    other.refresh_from_db()
    assert other.suspended_at is not None
    assert not other.user.has_perm("institutions.manage_people")


def test_a_suspended_person_gets_no_new_role_where_they_are_suspended(administrator, institution) -> None:
    person = MembershipFactory(institution=institution).user
    act("suspend_person", administrator, person)
    with pytest.raises(services.PersonSuspended):
        services.give_role(
            actor=actor_for(administrator), person=person, institution=institution, role=Role.REFERRING_DOCTOR
        )
    assert person.memberships.count() == 1


def test_nobody_suspends_or_removes_themselves(administrator, institution, system_administrator) -> None:
    MembershipFactory(user=administrator, institution=institution, role=Role.RADIOLOGIST)
    for name in ("suspend_person", "remove_person"):
        with pytest.raises(services.NotForYourself):
            act(name, administrator, administrator)
    for name in ("suspend_person", "suspend_account", "remove_person", "resume_account"):
        with pytest.raises(services.NotForYourself):
            act(name, system_administrator, system_administrator)
    assert not Membership.objects.filter(suspended_at__isnull=False).exists()
    assert events() == []


def test_removing_ends_the_roles_and_counts_the_access_that_they_gave(administrator) -> None:
    study = make_patient_study()
    membership = MembershipFactory(institution=administrator.memberships.get().institution)
    person = membership.user
    GrantFactory(study=study, granted_by=person)
    GrantFactory(study=study, granted_by=person, revoked_at=timezone.now())
    GrantFactory(
        study=study,
        granted_by=person,
        valid_from=timezone.now() - timedelta(days=2),
        valid_until=timezone.now() - timedelta(days=1),
    )
    removed, left = act("remove_person", administrator, person)
    assert (removed, left) == (person, 1)
    assert not running_memberships(person).exists()
    assert events() == ["role_taken"]
    with pytest.raises(services.NotYourPerson):
        act("suspend_person", administrator, person)


def test_a_suspended_account_is_out_at_once_and_old_sessions_stay_dead(client, system_administrator) -> None:
    person = MembershipFactory(role=Role.AUDITOR).user
    client.force_login(person)
    token = AuthToken.objects.create(person)[1]
    assert client.get("/audit/").status_code == 200
    act("suspend_account", system_administrator, person)
    assert client.get("/audit/")["Location"].startswith("/accounts/login/")
    headers = {"Authorization": f"Token {token}"}
    assert Client().get("/api/v1/audit-events/", headers=headers).status_code == 401
    assert not AuthToken.objects.filter(user=person).exists()
    person.refresh_from_db()
    assert (person.is_active, person.suspended_at is None) == (False, False)
    act("resume_account", system_administrator, person)
    person.refresh_from_db()
    assert (person.is_active, person.suspended_at) == (True, None)
    assert client.get("/audit/")["Location"].startswith("/accounts/login/")
    assert "account_suspended" in events()
    assert events()[-1] == "account_resumed"


@pytest.mark.django_db
def test_an_account_that_was_not_suspended_is_not_resumed(system_administrator) -> None:
    person = MembershipFactory(user__is_active=False).user
    act("resume_account", system_administrator, person)
    person.refresh_from_db()
    assert not person.is_active
    assert events() == []


def untouched(person: User) -> bool:
    person.refresh_from_db()
    held = person.memberships.filter(suspended_at__isnull=True, ended_at__isnull=True).count()
    return person.is_active and person.suspended_at is None and held == 1


@pytest.mark.parametrize("name", ACTS)
@pytest.mark.parametrize("who", ["stranger", "colleague", "other administrator", "suspended administrator"])
def test_to_others_the_pages_do_not_exist_and_each_try_is_recorded_once(client, institution, name, who) -> None:
    person = MembershipFactory(institution=institution).user
    acting = {
        "stranger": lambda: UserFactory(is_superuser=True, is_staff=True),
        "colleague": lambda: MembershipFactory(institution=institution).user,
        "other administrator": lambda: MembershipFactory(role=Role.INSTITUTION_ADMINISTRATOR).user,
        "suspended administrator": lambda: (
            MembershipFactory(
                institution=institution, role=Role.INSTITUTION_ADMINISTRATOR, suspended_at=timezone.now()
            ).user
        ),
    }[who]()
    client.force_login(acting)
    before = AuditEvent.objects.count()
    assert client.post(f"/people/{person.pk}/{name}/").status_code == 404
    assert events()[before:] == ["access_denied"]
    assert untouched(person)


@pytest.mark.parametrize("name", ACTS)
def test_somebody_signed_out_is_led_to_sign_in(client, institution, name) -> None:
    person = MembershipFactory(institution=institution).user
    address = f"/people/{person.pk}/{name}/"
    assert client.post(address)["Location"] == f"/accounts/login/?next={address}"
    assert client.get(address).status_code == 405
    assert untouched(person)


def test_the_pages_do_it_and_say_so(client, administrator, institution) -> None:
    person = MembershipFactory(institution=institution).user
    client.force_login(administrator)
    assert "is suspended." in client.post(f"/people/{person.pk}/suspend/", follow=True).content.decode()
    page = client.get("/people/").content.decode()
    assert "suspended" in page
    assert f"/people/{person.pk}/resume/" in page
    assert "is back in their roles." in client.post(f"/people/{person.pk}/resume/", follow=True).content.decode()
    GrantFactory(granted_by=person)
    gone = client.post(f"/people/{person.pk}/remove/", follow=True).content.decode()
    assert "1 access that they gave ends within a minute" in gone
    assert f'data-person="{person.pk}"' not in gone


def test_an_administrator_of_an_institution_is_told_nothing_of_accounts(client, administrator, institution) -> None:
    person = MembershipFactory(institution=institution).user
    client.force_login(administrator)
    assert client.post(f"/people/{person.pk}/account/suspend/").status_code == 404
    assert untouched(person)
    assert events()[-1] == "access_denied"


def test_a_system_administrator_suspends_the_account_by_the_page(client, system_administrator) -> None:
    person = MembershipFactory().user
    client.force_login(system_administrator)
    client.post(f"/people/{person.pk}/account/suspend/")
    person.refresh_from_db()
    assert not person.is_active
    assert f"/people/{person.pk}/account/resume/" in client.get("/people/").content.decode()

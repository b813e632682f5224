"""A person wears one hat at a time: it decides home, navigation and colours, never more than they hold."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import Action, AuditEvent
from portal.institutions.context import navigation_of
from portal.institutions.models import Role
from portal.institutions.selectors import chosen_membership, running_memberships
from tests.portal.accounts.factories import UserFactory
from tests.portal.institutions.factories import InstitutionFactory, MembershipFactory

pytestmark = pytest.mark.django_db
HOMES = [
    (Role.RADIOLOGIST, "/worklist/", ["Worklist", "Find elsewhere", "Sharing", "Orders", "Import"], "dark"),
    (Role.REFERRING_DOCTOR, "/worklist/", ["My patients"], "dark"),
    (Role.PATIENT, "/images/", ["Images", "Sent", "Who looked", "Help"], "light"),
    (Role.CONSULTANT, "/questions/", ["My questions"], "dark"),
    (Role.INSTITUTION_ADMINISTRATOR, "/monitoring/", ["Console", "People", "Access", "Orders", "Settings"], "dark"),
    (Role.SYSTEM_ADMINISTRATOR, "/monitoring/", ["Console", "People"], "dark"),
    (Role.AUDITOR, "/audit/", ["Audit"], "dark"),
]


def test_somebody_signed_out_is_led_to_sign_in(client) -> None:
    assert client.get("/").url == "/accounts/login/?next=/"
    assert client.post("/hat/").url == "/accounts/login/?next=/hat/"


@pytest.mark.parametrize(("role", "home", "labels", "theme"), HOMES)
def test_a_hat_has_its_home_navigation_and_colours(client, role, home, labels, theme) -> None:
    client.force_login(MembershipFactory(role=role).user)
    assert client.get("/").url == home
    page = client.get(home)
    assert page.status_code == 200
    assert [item.label for item in page.context["navigation"]] == labels
    assert page.context["navigation"][0].active
    assert page.context["theme"] == theme
    assert page.context["hat"].role == role


def test_a_person_without_a_role_begins_where_shares_are(client) -> None:
    client.force_login(UserFactory())
    assert client.get("/").url == "/worklist/"


def test_the_chosen_theme_goes_before_that_of_the_role(client) -> None:
    person = MembershipFactory(role=Role.PATIENT, user__theme="dark").user
    client.force_login(person)
    assert client.get("/worklist/").context["theme"] == "dark"


def test_pages_of_a_study_belong_to_the_list() -> None:
    membership = MembershipFactory.build(role=Role.RADIOLOGIST, user=None, institution=None)
    items = [navigation_of(membership, path)[0].active for path in ("/studies/1.2.3/", "/viewer/1.2.3/", "/hat/")]
    assert items == [True, True, False]


def test_changing_the_hat_leads_to_its_home_and_stays(client) -> None:
    person = MembershipFactory(role=Role.RADIOLOGIST).user
    second = MembershipFactory(user=person, role=Role.AUDITOR)
    client.force_login(person)
    assert client.get("/").url == "/worklist/"
    response = client.post("/hat/", {"membership": second.pk})
    assert (response.status_code, response.url) == (302, "/audit/")
    assert client.get("/").url == "/audit/"
    assert [membership.pk for membership in client.get("/audit/").context["hats"]] == [
        person.memberships.first().pk,
        second.pk,
    ]


def test_nobody_puts_on_the_hat_of_another_or_one_that_ended(client) -> None:
    person = MembershipFactory().user
    other = MembershipFactory(role=Role.AUDITOR)
    ended = MembershipFactory(user=person, role=Role.AUDITOR, ended_at=timezone.now())
    client.force_login(person)
    for chosen in (other.pk, ended.pk, "", "x", 2**70, "1; DROP TABLE"):
        before = AuditEvent.objects.count()
        assert client.post("/hat/", {"membership": chosen}).status_code == 404
        assert AuditEvent.objects.count() == before + 1
    assert client.get("/").url == "/worklist/"
    assert AuditEvent.objects.filter(action=Action.ACCESS_DENIED, details__tried="hat").count() == 6


def test_a_hat_that_ends_while_it_is_worn_is_taken_off(client) -> None:
    person = MembershipFactory(role=Role.RADIOLOGIST).user
    second = MembershipFactory(user=person, role=Role.AUDITOR)
    client.force_login(person)
    client.post("/hat/", {"membership": second.pk})
    second.ended_at = timezone.now()
    second.save()
    assert client.get("/").url == "/worklist/"


def test_running_roles_have_begun_and_not_ended() -> None:
    person, institution, now = UserFactory(), InstitutionFactory(), timezone.now()
    running = MembershipFactory(user=person, institution=institution)
    until = MembershipFactory(user=person, role=Role.CONSULTANT, ended_at=now + timedelta(days=1))
    MembershipFactory(user=person, role=Role.AUDITOR, since=now + timedelta(days=1))
    MembershipFactory(user=person, role=Role.PATIENT, ended_at=now - timedelta(seconds=1))
    assert list(running_memberships(person)) == [running, until]
    assert chosen_membership(person, until.pk) == until
    assert chosen_membership(person, 0) == running


def test_a_suspended_person_wears_no_hat() -> None:
    person = MembershipFactory(user__is_active=False).user
    assert list(running_memberships(person)) == []
    assert not person.has_perm("monitoring.view_console")

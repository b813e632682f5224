"""`/api/v1/people/` and `/api/v1/institutions/`: what the own administrator does, and what nobody else does."""

import base64
from urllib.parse import quote_plus
from uuid import uuid4

import pytest
from django.utils import timezone
from knox.models import AuthToken

from audit.models import AuditEvent
from portal.institutions.models import Membership, Role
from tests.portal.accounts.factories import NationalIdentityFactory, UserFactory
from tests.portal.institutions.factories import InstitutionFactory, MembershipFactory

pytestmark = pytest.mark.django_db
URL = "/api/v1/people/"


@pytest.fixture
def institution():
    return InstitutionFactory(code="nistru")


@pytest.fixture
def administrator(institution):
    return MembershipFactory(institution=institution, role=Role.INSTITUTION_ADMINISTRATOR).user


@pytest.fixture
def membership(institution):
    return MembershipFactory(institution=institution, user__last_name="Botnari")


def headers_of(user) -> dict[str, str]:
    return {"Authorization": f"Token {AuthToken.objects.create(user)[1]}"}


def events() -> list[str]:
    return list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))


def call(client, method, address, user=None, data=None):
    headers = headers_of(user) if user else {}
    return getattr(client, method)(address, data, content_type="application/json", headers=headers)


def attempts(membership) -> list[tuple[str, str, dict[str, object] | None]]:
    place = f"{URL}{membership.user.subject}/"
    return [
        ("get", place, None),
        ("get", f"{place}memberships/", None),
        ("post", f"{place}memberships/", {"role": "referring_doctor", "institution": "nistru"}),
        ("delete", f"{place}memberships/{membership.pk}/", None),
        ("post", f"{place}suspend/", {}),
        ("post", f"{place}resume/", {}),
        ("post", f"{place}account/suspend/", {}),
        ("post", f"{place}account/resume/", {}),
    ]


def untouched(membership) -> bool:
    membership.refresh_from_db()
    membership.user.refresh_from_db()
    kept = membership.ended_at is None and membership.suspended_at is None and membership.user.is_active
    return kept and membership.user.memberships.count() == 1


def test_people_are_listed_with_the_roles_of_the_own_institution(client, administrator, membership) -> None:
    elsewhere = MembershipFactory(user=membership.user)
    MembershipFactory(user__last_name="Stranger")
    NationalIdentityFactory(user=membership.user)
    answer = call(client, "get", f"{URL}?search=botnari", administrator)
    assert answer.status_code == 200
    body = answer.json()
    assert (body["next"], body["previous"]) == (None, None)
    [person] = body["results"]
    assert person["id"] == str(membership.user.subject)
    assert [(one["role"], one["institution"]) for one in person["memberships"]] == [("radiologist", "nistru")]
    assert person["has_national_id"] is True
    assert elsewhere.institution.code not in answer.content.decode()
    assert NationalIdentityFactory.national_id not in answer.content.decode()
    names = [one["name"] for one in call(client, "get", URL, administrator).json()["results"]]
    assert sorted(names) == sorted([administrator.full_name, membership.user.full_name])


def test_the_list_pages(client, administrator, institution) -> None:
    for _ in range(3):
        MembershipFactory(institution=institution)
    seen, address = [], f"{URL}?page_size=2"
    headers = headers_of(administrator)
    while address:
        page = client.get(address, headers=headers).json()
        seen += [one["id"] for one in page["results"]]
        address = page["next"]
    assert len(seen) == len(set(seen)) == 4


@pytest.mark.parametrize("position", ["x", "2026", "\x00", "2026-13-01 00:00:00+00:00"])
@pytest.mark.parametrize("place", ["people/", "invitations/"])
def test_a_cursor_that_is_no_place_leads_nowhere(client, administrator, position, place) -> None:
    cursor = base64.b64encode(f"p={quote_plus(position)}".encode()).decode()
    answer = client.get(f"/api/v1/{place}", {"cursor": cursor}, headers=headers_of(administrator))
    assert answer.status_code == 404


def test_roles_are_given_and_ended(client, administrator, membership) -> None:
    place = f"{URL}{membership.user.subject}/memberships/"
    made = call(client, "post", place, administrator, {"role": "referring_doctor", "institution": "nistru"})
    assert made.status_code == 201
    assert (made.json()["role"], made.json()["given_by_name"]) == ("referring_doctor", administrator.full_name)
    listed = call(client, "get", place, administrator).json()["results"]
    assert {one["role"] for one in listed} == {"radiologist", "referring_doctor"}
    assert call(client, "delete", f"{place}{membership.pk}/", administrator).status_code == 204
    membership.refresh_from_db()
    assert membership.ended_at is not None
    assert events() == ["role_given", "role_taken"]


def test_suspending_and_resuming(client, administrator, membership) -> None:
    place = f"{URL}{membership.user.subject}/"
    suspended = call(client, "post", f"{place}suspend/", administrator, {}).json()
    assert suspended["memberships"][0]["suspended_at"] is not None
    again = call(
        client,
        "post",
        f"{place}memberships/",
        administrator,
        {"role": "referring_doctor", "institution": "nistru"},
    )
    assert (again.status_code, again.json()["code"]) == (409, "person_suspended")
    resumed = call(client, "post", f"{place}resume/", administrator, {}).json()
    assert resumed["memberships"][0]["suspended_at"] is None
    assert events() == ["person_suspended", "person_resumed"]


def test_a_system_administrator_suspends_the_account(client, membership) -> None:
    system = MembershipFactory(role=Role.SYSTEM_ADMINISTRATOR).user
    answer = call(client, "post", f"{URL}{membership.user.subject}/account/suspend/", system, {})
    assert (answer.status_code, answer.json()["is_active"]) == (200, False)
    answer = call(client, "post", f"{URL}{membership.user.subject}/account/resume/", system, {})
    assert (answer.json()["is_active"], answer.json()["suspended_at"]) == (True, None)


def test_nobody_acts_on_themselves(client, administrator, institution) -> None:
    own = MembershipFactory(user=administrator, institution=institution)
    place = f"{URL}{administrator.subject}/"
    for method, address, data in (
        ("post", f"{place}suspend/", {}),
        ("post", f"{place}memberships/", {"role": "patient", "institution": "nistru"}),
        ("delete", f"{place}memberships/{own.pk}/", None),
    ):
        answer = call(client, method, address, administrator, data)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_for_yourself")
    assert administrator.memberships.filter(ended_at=None, suspended_at=None).count() == 2


@pytest.mark.parametrize("role", ["institution_administrator", "system_administrator", "auditor"])
def test_a_role_that_governs_is_not_an_administrators_to_give(client, administrator, membership, role) -> None:
    place = f"{URL}{membership.user.subject}/memberships/"
    assert call(client, "post", place, administrator, {"role": role, "institution": "nistru"}).status_code == 404
    assert untouched(membership)
    assert events() == ["access_denied"]


def test_what_a_body_says_beside_the_role_is_passed_over(client, administrator, membership) -> None:
    hostile = {
        "role": "referring_doctor",
        "institution": "nistru",
        "user": str(administrator.subject),
        "since": "2000-01-01T00:00:00Z",
        "given_by_name": "Somebody",
        "is_superuser": True,
        "is_staff": True,
        "suspended_at": None,
    }
    made = call(client, "post", f"{URL}{membership.user.subject}/memberships/", administrator, hostile).json()
    row = Membership.objects.get(pk=made["id"])
    assert (row.user, row.given_by_name, row.since.year) == (
        membership.user,
        administrator.full_name,
        timezone.now().year,
    )
    membership.user.refresh_from_db()
    assert (membership.user.is_superuser, membership.user.is_staff) == (False, False)


@pytest.mark.parametrize("who", ["anonymous", "stranger", "colleague", "other", "suspended"])
def test_nobody_else_reads_or_changes_anything_and_each_try_is_recorded_once(
    client, institution, membership, who
) -> None:
    role = Role.INSTITUTION_ADMINISTRATOR
    person = {
        "anonymous": lambda: None,
        "stranger": lambda: UserFactory(is_superuser=True, is_staff=True),
        "colleague": lambda: MembershipFactory(institution=institution).user,
        "other": lambda: MembershipFactory(role=role).user,
        "suspended": lambda: MembershipFactory(institution=institution, role=role, suspended_at=timezone.now()).user,
    }[who]()
    tries = attempts(membership)
    for method, address, data in tries:
        answer = call(client, method, address, person, data)
        assert answer.status_code == (401 if person is None else 404)
        assert "Botnari" not in answer.content.decode()
    assert untouched(membership)
    assert events() == ["access_denied"] * len(tries)


def test_forbidden_looks_like_absent(client, administrator, membership) -> None:
    other = MembershipFactory().user
    bodies = {call(client, "get", f"{URL}{subject}/", administrator).content for subject in (other.subject, uuid4())}
    assert len(bodies) == 1
    # A role of another person is not ended through the address of one's own.
    foreign = MembershipFactory()
    address = f"{URL}{membership.user.subject}/memberships/{foreign.pk}/"
    assert call(client, "delete", address, administrator).status_code == 404
    foreign.refresh_from_db()
    assert foreign.ended_at is None


def test_own_institutions_are_listed_and_their_settings_changed(client, administrator, institution) -> None:
    InstitutionFactory()
    listed = call(client, "get", "/api/v1/institutions/", administrator).json()["results"]
    assert [one["code"] for one in listed] == ["nistru"]
    hostile = {"shows_staff_names": True, "name": "Other", "code": "other", "short_name": "Other"}
    answer = call(client, "patch", "/api/v1/institutions/nistru/", administrator, hostile)
    assert (answer.status_code, answer.json()["shows_staff_names"]) == (200, True)
    assert answer.json()["name"] == institution.name
    refused = call(client, "patch", "/api/v1/institutions/nistru/", administrator, {"time_zone": "Mars/Olympus"})
    assert refused.status_code == 400
    assert events() == ["institution_changed"]


def test_another_institution_is_not_there(client, administrator, institution) -> None:
    other = InstitutionFactory()
    for code in (other.code, "nothing"):
        answer = call(client, "patch", f"/api/v1/institutions/{code}/", administrator, {"shows_staff_names": True})
        assert answer.status_code == 404
    system = MembershipFactory(role=Role.SYSTEM_ADMINISTRATOR).user
    answer = call(client, "patch", "/api/v1/institutions/nistru/", system, {"shows_staff_names": True})
    assert answer.status_code == 404
    institution.refresh_from_db()
    assert not institution.shows_staff_names
    assert events() == ["access_denied"] * 3

"""The list of people: whom an administrator finds there, by which words, page by page."""

import re

import pytest

from portal.institutions.models import Role
from portal.institutions.people import PAGE_SIZE, people_page
from tests.portal.accounts.factories import UserFactory
from tests.portal.institutions.factories import InstitutionFactory, MembershipFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def institution():
    return InstitutionFactory()


@pytest.fixture
def administrator(institution):
    role = Role.INSTITUTION_ADMINISTRATOR
    return MembershipFactory(institution=institution, role=role, user__last_name="Aaa").user


def names(page) -> list[str]:
    return [row.person.last_name for row in page.rows]


def test_a_system_administrator_finds_all_but_mere_patients() -> None:
    system = MembershipFactory(role=Role.SYSTEM_ADMINISTRATOR, user__last_name="A").user
    MembershipFactory(role=Role.RADIOLOGIST, user__last_name="B")
    MembershipFactory(role=Role.PATIENT, user__last_name="C")
    both = MembershipFactory(role=Role.PATIENT, user__last_name="D").user
    MembershipFactory(user=both, role=Role.AUDITOR)
    UserFactory(last_name="E")
    UserFactory(last_name="F", kind="link_holder")
    page = people_page(system)
    assert names(page) == ["A", "B", "D", "E"]
    assert [[role.membership.role for role in row.roles] for row in page.rows][2] == ["auditor"]
    assert {code for code, _ in page.roles} == {"institution_administrator", "system_administrator", "auditor"}


def test_words_find_people_by_name_user_name_and_address(administrator, institution) -> None:
    given = {"first_name": "Ion", "last_name": "Bodiu", "username": "ibodiu", "email": "ion@codru.example"}
    MembershipFactory(institution=institution, **{f"user__{name}": value for name, value in given.items()})
    MembershipFactory(user__last_name="Bodiu")
    for words in ("bodiu", "ION bod", "ibodiu", "codru.example"):
        assert names(people_page(administrator, search=words)) == ["Bodiu"]
    for words in ("bodiu nobody", "%", "_odiu'; --"):
        assert people_page(administrator, search=words).total == 0


def test_pages_follow_each_other_without_a_gap_and_back(client, administrator, institution) -> None:
    for number in range(PAGE_SIZE + 5):
        MembershipFactory(institution=institution, user__last_name="Same" if number % 2 else f"N{number:03}")
    client.force_login(administrator)
    seen, address = [], "/people/"
    while address:
        page = client.get(address).content.decode()
        seen += re.findall(r'data-person="(\d+)"', page)
        found = re.search(r'href="(\?after=[0-9a-f-]{36})"', page)
        address = f"/people/{found[1]}" if found else ""
    assert len(seen) == len(set(seen)) == PAGE_SIZE + 6
    back = re.search(r'href="(\?before=[0-9a-f-]{36})"', page)
    first = client.get(f"/people/{back[1]}").content.decode()
    assert re.findall(r'data-person="(\d+)"', first) == seen[:PAGE_SIZE]


@pytest.mark.parametrize("query", ["after=x", "after=00000000-0000-4000-8000-000000000000", "search=%00", "before=1"])
def test_a_made_up_place_leads_nowhere(client, administrator, query) -> None:
    client.force_login(administrator)
    assert client.get(f"/people/?{query}").status_code == 404


def test_invitations_of_the_own_institution_alone_are_shown(client, administrator, institution) -> None:
    from tests.portal.invitations.factories import InvitationFactory

    InvitationFactory(institution=institution, email="mine@onko.example")
    InvitationFactory(email="other@onko.example", token_digest="0" * 64)
    client.force_login(administrator)
    page = client.get("/people/").content.decode()
    assert "mine@onko.example" in page
    assert "other@onko.example" not in page

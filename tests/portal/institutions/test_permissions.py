"""The pages about people open to the administrators of those people; to all others they do not exist."""

import pytest

from audit.models import AuditEvent
from portal.accounts.models import NationalIdentity
from portal.institutions.models import Membership, PhysicianAlias, Role
from tests.portal.accounts.factories import NATIONAL_IDS, UserFactory
from tests.portal.institutions.factories import InstitutionFactory, MembershipFactory

pytestmark = pytest.mark.django_db
MANAGING = (Role.INSTITUTION_ADMINISTRATOR, Role.SYSTEM_ADMINISTRATOR)
OTHER_ROLES = [role for role in Role if role not in MANAGING]


@pytest.fixture
def institution():
    return InstitutionFactory()


@pytest.fixture
def patient(institution):
    return MembershipFactory(institution=institution, role=Role.PATIENT, user__last_name="Munteanu").user


@pytest.fixture
def doctor(institution):
    return MembershipFactory(institution=institution, role=Role.REFERRING_DOCTOR)


@pytest.fixture
def administrator(institution):
    return MembershipFactory(institution=institution, role=Role.INSTITUTION_ADMINISTRATOR).user


@pytest.fixture
def attempts(institution, patient, doctor) -> list[tuple[str, dict[str, object]]]:
    """Every change that the pages offer."""
    membership = patient.memberships.get()
    return [
        (f"/people/{patient.pk}/roles/", {"institution": institution.pk, "role": "radiologist"}),
        (f"/people/{patient.pk}/national-id/", {"national_id": NATIONAL_IDS[0]}),
        (f"/people/roles/{membership.pk}/end/", {}),
        (f"/people/roles/{doctor.pk}/aliases/", {"written_as": "Kozak^Irina"}),
    ]


def denials() -> list[tuple[str, str]]:
    events = AuditEvent.objects.filter(action="access_denied").order_by("pk")
    return [(event.outcome, event.details["tried"]) for event in events]


def nothing_changed() -> bool:
    return not (
        NationalIdentity.objects.exists()
        or PhysicianAlias.objects.exists()
        or Membership.objects.filter(ended_at__isnull=False).exists()
        or Membership.objects.filter(role="radiologist", user__last_name="Munteanu").exists()
    )


def test_somebody_signed_out_is_led_to_sign_in(client, attempts) -> None:
    assert client.get("/people/").url == "/accounts/login/?next=/people/"
    for address, form in attempts:
        assert client.post(address, form).url == f"/accounts/login/?next={address}"
    assert nothing_changed()


@pytest.mark.parametrize("role", OTHER_ROLES)
def test_any_other_role_of_the_institution_meets_nothing_there(client, institution, attempts, role: str) -> None:
    client.force_login(MembershipFactory(institution=institution, role=role, user__last_name="Stranger").user)
    assert client.get("/people/").status_code == 404
    assert [client.post(address, form).status_code for address, form in attempts] == [404] * 4
    assert nothing_changed()
    assert denials() == [("denied", "people")] * 5


def test_a_stranger_without_a_role_meets_nothing_there(client, attempts) -> None:
    client.force_login(UserFactory(is_superuser=True, is_staff=True))
    assert client.get("/people/").status_code == 404
    assert [client.post(address, form).status_code for address, form in attempts] == [404] * 4
    assert nothing_changed()
    assert denials() == [("denied", "people")] * 5


def test_the_administrator_of_another_institution_changes_nothing_and_is_recorded(client, attempts) -> None:
    client.force_login(MembershipFactory(role=Role.INSTITUTION_ADMINISTRATOR).user)
    page = client.get("/people/")
    assert page.status_code == 200
    assert "Munteanu" not in page.content.decode()
    assert [client.post(address, form).status_code for address, form in attempts] == [404] * 4
    assert nothing_changed()
    assert denials() == [("denied", "people")] * 4


def test_what_does_not_exist_looks_like_what_is_forbidden(client, administrator, institution) -> None:
    client.force_login(administrator)
    other = MembershipFactory(role=Role.PATIENT).user
    answers = [
        client.post(f"/people/{pk}/national-id/", {"national_id": NATIONAL_IDS[0]}) for pk in (other.pk, 2**40, 2**70)
    ]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    bodies = {answer.content for answer in answers}
    assert len(bodies) == 1
    assert len(denials()) == 3


def test_the_own_administrator_sees_and_changes(client, administrator, institution, patient, doctor, attempts) -> None:
    client.force_login(administrator)
    page = client.get("/people/").content.decode()
    assert "Munteanu" in page
    answers = [client.post(address, form) for address, form in attempts]
    assert [(answer.status_code, answer.url) for answer in answers] == [(302, "/people/")] * 4
    assert NationalIdentity.objects.get(user=patient).national_id == NATIONAL_IDS[0]
    assert set(patient.memberships.filter(ended_at__isnull=True).values_list("role", flat=True)) == {"radiologist"}
    assert doctor.physician_aliases.get().name_key == "kozak irina"
    assert denials() == []


def test_the_page_never_shows_a_national_id(client, administrator, patient) -> None:
    client.force_login(administrator)
    client.post(f"/people/{patient.pk}/national-id/", {"national_id": NATIONAL_IDS[0]})
    page = client.get("/people/").content.decode()
    assert NATIONAL_IDS[0] not in page
    assert f"by {administrator.full_name}" in page


def test_an_administrator_who_is_a_patient_too_never_sets_their_own_id(client, administrator, institution) -> None:
    MembershipFactory(user=administrator, institution=institution, role=Role.PATIENT)
    client.force_login(administrator)
    response = client.post(f"/people/{administrator.pk}/national-id/", {"national_id": NATIONAL_IDS[0]}, follow=True)
    assert "Nothing was changed" in response.content.decode()
    assert not NationalIdentity.objects.exists()
    assert denials() == [("denied", "people")]


@pytest.mark.parametrize("number", ["2099031001473", "<script>alert(1)</script>", "", "9" * 65])
def test_a_wrong_number_is_said_to_be_wrong_and_not_repeated(client, administrator, patient, number: str) -> None:
    client.force_login(administrator)
    address = f"/people/{patient.pk}/national-id/"
    page = client.post(address, {"national_id": number}, follow=True).content.decode()
    assert number == "" or number not in page
    assert not NationalIdentity.objects.exists()


def test_no_change_is_made_by_following_a_link(client, administrator, attempts) -> None:
    client.force_login(administrator)
    assert [client.get(address, form).status_code for address, form in attempts] == [405] * 4
    assert nothing_changed()


def test_no_change_is_made_without_the_forms_token(administrator, attempts) -> None:
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(administrator)
    assert [client.post(address, form).status_code for address, form in attempts] == [403] * 4
    assert nothing_changed()


def test_hostile_names_show_as_text(client, administrator, institution) -> None:
    name = "<script>alert(1)</script>"
    MembershipFactory(institution=institution, user__last_name=name)
    client.force_login(administrator)
    page = client.get("/people/").content.decode()
    assert name not in page
    assert "&lt;script&gt;" in page


def test_the_page_needs_the_same_queries_for_many_people(
    client, administrator, institution, django_assert_max_num_queries
) -> None:
    for _ in range(20):
        MembershipFactory(institution=institution)
    client.force_login(administrator)
    with django_assert_max_num_queries(18):
        assert client.get("/people/").status_code == 200

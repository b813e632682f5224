"""What administrators choose for their institution: theirs alone, and recorded where it changed."""

import pytest

from audit.models import AuditEvent
from portal.institutions.models import Institution, Role
from tests.portal.institutions.factories import MembershipFactory

pytestmark = pytest.mark.django_db
FORM = {"allows_code_by_email": "on", "time_zone": "Europe/Bucharest"}


@pytest.fixture
def membership():
    return MembershipFactory(role=Role.INSTITUTION_ADMINISTRATOR)


def events() -> list[str]:
    return [one for one in AuditEvent.objects.order_by("pk").values_list("action", flat=True) if one != "signed_in"]


def chosen(institution) -> tuple[bool, bool, str]:
    institution.refresh_from_db()
    return institution.allows_code_by_email, institution.shows_staff_names, institution.time_zone


def test_the_administrator_chooses_and_what_changed_is_recorded_once(client, membership) -> None:
    institution = membership.institution
    client.force_login(membership.user)
    assert institution.name in client.get("/settings/").content.decode()
    for _ in range(2):
        assert client.post(f"/settings/{institution.pk}/", FORM)["Location"] == "/settings/"
    assert chosen(institution) == (True, False, "Europe/Bucharest")
    assert events() == ["institution_changed"]
    assert AuditEvent.objects.get(action="institution_changed").details == {
        "changes": {"allows_code_by_email": True, "time_zone": "Europe/Bucharest"}
    }


def test_name_and_code_are_not_theirs_to_change(client, membership) -> None:
    institution = membership.institution
    client.force_login(membership.user)
    client.post(f"/settings/{institution.pk}/", {**FORM, "name": "Other", "code": "other", "short_name": "Other"})
    assert Institution.objects.filter(pk=institution.pk, name=institution.name, code=institution.code).exists()


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../../etc/passwd"])
def test_a_time_zone_that_does_not_exist_changes_nothing(client, membership, zone) -> None:
    client.force_login(membership.user)
    client.post(f"/settings/{membership.institution.pk}/", {**FORM, "time_zone": zone})
    assert chosen(membership.institution) == (False, False, "Europe/Chisinau")
    assert events() == []


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.INSTITUTION_ADMINISTRATOR])
def test_to_other_roles_there_is_nothing(client, membership, role) -> None:
    client.force_login(MembershipFactory(institution=membership.institution, role=role).user)
    assert client.get("/settings/").status_code == 404
    assert client.post(f"/settings/{membership.institution.pk}/", FORM).status_code == 404
    assert chosen(membership.institution) == (False, False, "Europe/Chisinau")
    assert events() == ["access_denied"] * 2


def test_another_institutions_administrator_changes_nothing(client, membership) -> None:
    client.force_login(MembershipFactory(role=Role.INSTITUTION_ADMINISTRATOR).user)
    for pk in (membership.institution.pk, 2**40):
        assert client.post(f"/settings/{pk}/", FORM).status_code == 404
    assert membership.institution.name not in client.get("/settings/").content.decode()
    assert chosen(membership.institution) == (False, False, "Europe/Chisinau")
    assert events() == ["access_denied"] * 2


def test_somebody_signed_out_is_led_to_sign_in(client, membership) -> None:
    assert client.get("/settings/")["Location"] == "/accounts/login/?next=/settings/"
    address = f"/settings/{membership.institution.pk}/"
    assert client.post(address, FORM)["Location"] == f"/accounts/login/?next={address}"
    assert chosen(membership.institution) == (False, False, "Europe/Chisinau")

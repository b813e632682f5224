"""What people may do comes from roles, never from flags of the account."""

import pytest

from tests.portal.accounts.factories import UserFactory
from tests.portal.institutions.factories import MembershipFactory


@pytest.mark.django_db
def test_a_superuser_without_a_role_may_nothing() -> None:
    person = UserFactory(is_superuser=True, is_staff=True)
    assert not person.has_perm("audit.view_auditevent")
    assert not person.has_perm("monitoring.view_console")
    assert not person.has_perms(["institutions.manage_people"])


@pytest.mark.django_db
def test_a_role_gives_its_permissions_and_no_others() -> None:
    auditor = MembershipFactory(role="auditor").user
    assert auditor.has_perm("audit.view_auditevent")
    assert not auditor.has_perm("monitoring.view_console")

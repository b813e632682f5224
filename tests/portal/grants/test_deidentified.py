"""A grant without identity opens its study under a mapped UID alone, for as long as it runs."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from portal.grants.deidentified import deidentified_holding_for, deidentified_holdings
from portal.grants.models import GrantKind
from portal.grants.policy import explain, holding_for, visible_studies
from tests.portal.consultations.factories import marked_study
from tests.portal.grants.factories import GrantFactory, UserFactory
from wire.deidentification import Option, map_uid

pytestmark = pytest.mark.django_db
KEY = "5a" * 32


def hiding(study, **changes):
    values = {
        "study": study,
        "kind": GrantKind.CONSULTATION,
        "permissions": ["view", "report"],
        "without_identity": True,
        "deidentification_key": KEY,
        "deidentification_options": [Option.SHIFT_DATES.value],
        "pseudonym": "Q-7F3C91",
        **changes,
    }
    return GrantFactory(**values)


@pytest.fixture
def study():
    return marked_study()


@pytest.fixture
def mapped(study):
    return map_uid(KEY, study.study_instance_uid)


def test_the_mapped_uid_opens_the_masked_copy(study, mapped):
    grant = hiding(study)
    found = deidentified_holding_for(grant.user, mapped)
    assert (found.study, found.masked.study_instance_uid, found.grant) == (study, mapped, grant)
    assert found.decision.permissions == ("view", "report")
    assert (found.decision.until, found.decision.given_by) == (grant.valid_until, grant.granted_by.full_name)
    assert found.request.study_instance_uid == study.study_instance_uid
    assert (found.request.mapped_study_instance_uid, found.request.options) == (mapped, (Option.SHIFT_DATES,))
    assert KEY not in repr(found.request)


def test_the_server_may_be_named(study, mapped):
    grant = hiding(study)
    assert deidentified_holding_for(grant.user, mapped, str(study.server_id)) is not None
    for other in ("3f2b6f0e-8a55-4b0f-9a29-3a6b7b7f0c11", "nonsense"):
        assert deidentified_holding_for(grant.user, mapped, other) is None


def test_the_original_uid_opens_nothing(study):
    person = hiding(study).user
    assert deidentified_holding_for(person, study.study_instance_uid) is None
    assert holding_for(person, study.study_instance_uid) is None
    assert not explain(person, study).allowed
    assert not visible_studies(person).exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"revoked_at": timezone.now()},
        {"valid_until": timezone.now() - timedelta(seconds=1), "valid_from": timezone.now() - timedelta(days=2)},
        {"valid_from": timezone.now() + timedelta(hours=1)},
        {"permissions": ["report"]},
        {"without_identity": False},
    ],
    ids=["revoked", "ended", "not begun", "no right to view", "with identity"],
)
def test_a_grant_that_does_not_run_opens_nothing(study, mapped, changes):
    person = hiding(study, **changes).user
    assert deidentified_holding_for(person, mapped) is None


def test_nobody_else_reaches_the_copy(study, mapped):
    grant = hiding(study)
    assert deidentified_holding_for(UserFactory(), mapped) is None
    assert deidentified_holding_for(grant.granted_by, mapped) is None
    assert deidentified_holding_for(AnonymousUser(), mapped) is None
    grant.user.is_active = False
    assert deidentified_holding_for(grant.user, mapped) is None


def test_it_ends_at_its_minute(study, mapped):
    grant = hiding(study)
    with time_machine.travel(grant.valid_until, tick=False):
        assert deidentified_holdings(grant.user) == []


def test_whoever_also_sees_the_study_itself_opens_both(study, mapped):
    person = hiding(study).user
    GrantFactory(user=person, study=study)
    assert holding_for(person, study.study_instance_uid)[0] == study
    assert deidentified_holding_for(person, mapped).study == study


def test_many_hidden_studies_are_read_in_a_fixed_number_of_queries(study, django_assert_num_queries):
    person = hiding(study).user
    for number in range(5):
        hiding(marked_study(study.server), user=person, deidentification_key=f"{number:064x}")
    with django_assert_num_queries(2):
        assert len(deidentified_holdings(person)) == 6

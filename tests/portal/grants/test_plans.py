"""Among a hundred thousand grants, those of one person are read from indexes."""

import json
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from portal.accounts.models import User
from portal.grants.models import Grant
from portal.grants.running import grants_for, received_by, running_grants
from portal.grants.selectors import (
    grants_given_by,
    grants_known_to,
    grants_on,
    grants_received_by,
    grants_that_end_soon,
)
from portal.institutions.models import Role
from tests.portal.grants.factories import GrantFactory, InstitutionFactory, MembershipFactory, make_patient_study

pytestmark = pytest.mark.django_db
MANY = 100_000
# Each person, each institution and each address has a few; `numbers` makes them without the ORM, in a second.
MAKE_MANY = """
    INSERT INTO grants_grant (id, kind, user_id, role, role_institution_id, email, addressed_as, study_id, permissions,
        valid_from, valid_until, reason, granted_by_id, granted_at, without_identity, deidentification_key,
        deidentification_options, pseudonym)
    SELECT gen_random_uuid(), 'given',
        CASE n %% 3 WHEN 0 THEN people[1 + n %% %(people)s] END,
        CASE n %% 3 WHEN 1 THEN 'radiologist' ELSE '' END,
        CASE n %% 3 WHEN 1 THEN places[1 + n %% %(places)s] END,
        CASE n %% 3 WHEN 2 THEN n || '@example.com' ELSE '' END,
        '', %(study)s, '{view}', now() - interval '1 hour', now() + interval '7 days', '', people[1 + n %% %(people)s],
        now(), false, '', '{}', ''
    FROM generate_series(1, %(many)s) AS n, (SELECT %(user_ids)s::bigint[] AS people) AS a,
        (SELECT %(institution_ids)s::bigint[] AS places) AS b
"""


@pytest.fixture
def receiver():
    """Somebody with a grant of each kind, among very many of others."""
    # Rolled back at once: else each of the many would have its foreign keys checked at the end, for nothing.
    with transaction.atomic():
        yield make_receiver()
        transaction.set_rollback(True)


def make_receiver() -> User:
    """The receiver, and all the others."""
    own = GrantFactory()
    at = InstitutionFactory()
    person = MembershipFactory(user=own.user, institution=at, role=Role.RADIOLOGIST).user
    person.emailaddress_set.create(email="Reader@Example.com", verified=True)
    GrantFactory(user=None, role=Role.RADIOLOGIST, role_institution=at, study=own.study)
    GrantFactory(user=None, email="reader@example.com", study=own.study)
    others = [user.pk for user in User.objects.bulk_create(User(username=f"other{number}") for number in range(5000))]
    places = [InstitutionFactory().pk for _ in range(100)]
    values = {
        "people": len(others),
        "places": len(places),
        "user_ids": others,
        "institution_ids": places,
        "study": make_patient_study().pk,
        "many": MANY,
    }
    with connection.cursor() as cursor:
        cursor.execute(MAKE_MANY, values)
        cursor.execute("ANALYZE grants_grant")
    return person


def nodes_of(grants) -> list[dict]:
    """The nodes of the plan, from the top."""
    [top] = json.loads(grants.explain(format="json"))
    found, waiting = [], [top["Plan"]]
    while waiting:
        node = waiting.pop(0)
        found.append(node)
        waiting += node.get("Plans", [])
    return found


@pytest.mark.slow
def test_the_grants_of_a_person_are_read_from_indexes(receiver):
    now = timezone.now()
    study_id = Grant.objects.get(user=receiver).study_id
    questions = {
        "list": running_grants(receiver, now).values_list("study_id", "patient_id"),
        "study": running_grants(receiver, now).filter(study_id=study_id),
        "any": grants_for(receiver, now),
        "received": received_by(receiver, now).order_by("-granted_at"),
        "known": grants_known_to(receiver).order_by("-granted_at"),
        "shown": grants_received_by(receiver),
    }
    for name, grants in questions.items():
        assert len(grants) == 3, name
        assert not is_read_whole(grants), name


@pytest.mark.slow
def test_what_was_given_on_a_study_or_by_a_person_is_read_from_indexes(receiver):
    grant = Grant.objects.get(user=receiver)
    assert len(grants_on(grant.study)) == 3
    assert not is_read_whole(grants_on(grant.study))
    assert list(grants_given_by(grant.granted_by)) == [grant]
    assert not is_read_whole(grants_given_by(grant.granted_by))
    assert not is_read_whole(grants_that_end_soon(timezone.now(), timezone.now() + timedelta(hours=24)))


def is_read_whole(grants) -> bool:
    whole = [node for node in nodes_of(grants) if node["Node Type"] == "Seq Scan"]
    return "grants_grant" in {node["Relation Name"] for node in whole}

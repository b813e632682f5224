"""Schemathesis asks the whole API for every role what the description allows, and more: it must keep to it."""

from collections import Counter
from collections.abc import Iterator
from itertools import cycle

import hypothesis
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck
from schemathesis import APIOperation
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from portal.institutions.models import Role
from tests.portal.api_callers import Caller, make_caller

EXAMPLES = 27  # thrice each of the callers
SHARDS = 8
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def application():
    """The portal as a server calls it, within the test's transaction: its connection stays open between requests."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield get_wsgi_application()
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def callers() -> list[Caller]:
    """A person of each role, and nobody."""
    return [make_caller(role) for role in (*Role.values, "nobody")]


@pytest.mark.parametrize("shard", range(SHARDS))
def test_the_api_answers_as_its_description_says(application, callers, shard) -> None:
    headers = {"Authorization": f"Token {make_caller(Role.RADIOLOGIST).token}"}
    schema = schemathesis.openapi.from_wsgi("/api/v1/schema/?format=json", application, headers=headers)
    operations = [found.ok() for found in schema.get_all_operations()][shard::SHARDS]
    answers: Counter[int] = Counter()
    broken: list[str] = []
    for operation in operations:
        try:
            ask_about(operation, cycle(callers), answers)
        except (AssertionError, FailureGroup) as error:
            found = error.exceptions[0] if isinstance(error, FailureGroup) else error
            broken.append(f"{operation.label}: {found}")
    shown = ", ".join(f"{status}: {number}" for status, number in sorted(answers.items()))
    print(f"part {shard}: {len(operations)} operations, {answers.total()} requests, answers {shown}")
    assert not broken, "\n\n".join(broken)


def ask_about(operation: APIOperation, callers: Iterator[Caller], answers: Counter[int]) -> None:
    """Send what hypothesis makes of the description, and hold the answers against it."""

    @hypothesis.settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @hypothesis.given(case=operation.as_strategy())
    def ask(case: schemathesis.Case) -> None:
        caller = next(callers)
        response = case.call(headers={"Authorization": f"Token {caller.token}"} if caller.token else {})
        answers[response.status_code] += 1
        case.validate_response(response, checks=CHECKS)

    ask()

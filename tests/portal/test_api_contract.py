"""Schemathesis asks the whole API for every role what the description allows, and more: it must keep to it."""

from collections import Counter
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from itertools import count

import hypothesis
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase
from hypothesis.errors import Unsatisfiable
from schemathesis import APIOperation
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.portal.api_callers import Caller, Hospital, make_hospital

ROUNDS = 3  # so often each caller asks each operation what it allows, and again what it does not
SHARDS = 12
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.timeout(100)]


@pytest.fixture
def hospital() -> Hospital:
    """A person of each role with something to see, and nobody."""
    return make_hospital()


@pytest.fixture
def application(hospital):
    """The portal as a server calls it, within the test's transaction: its connection stays open between requests."""
    # After the hospital: whoever signs in there connects them again.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield get_wsgi_application()
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.parametrize("shard", range(SHARDS))
def test_the_api_answers_as_its_description_says(application, hospital, shard) -> None:
    headers = hospital.callers[0].headers
    schema = schemathesis.openapi.from_wsgi("/api/v1/schema/?format=json", application, headers=headers)
    operations = [found.ok() for found in schema.get_all_operations()][shard::SHARDS]
    answers: Counter[int] = Counter()
    broken: list[str] = []
    for operation in operations:
        told = ask_about(operation, hospital, GenerationMode.POSITIVE)
        wrong = ask_about(operation, hospital, GenerationMode.NEGATIVE)
        answers += told.answers + wrong.answers
        broken += told.broken[:1] + wrong.broken[:1]
        if not told.went_well:
            broken.append(f"{operation.label} gave nobody what they asked for: {told.answers}")
    shown = ", ".join(f"{status}: {number}" for status, number in sorted(answers.items()))
    print(f"part {shard}: {len(operations)} operations, {answers.total()} requests, answers {shown}")
    assert not broken, "\n\n".join(broken)


@dataclass(frozen=True)
class Told:
    """How often an operation answered what, and where that was not as described."""

    answers: Counter[int] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    @property
    def went_well(self) -> bool:
        """True where somebody got what they asked for."""
        return any(status < 300 for status in self.answers)


def ask_about(operation: APIOperation, hospital: Hospital, mode: GenerationMode) -> Told:
    """Send what hypothesis makes of the description, and hold the answers against it; no request leaves a trace."""
    turns = count()
    told = Told()

    @hypothesis.settings(
        max_examples=ROUNDS * len(hospital.callers),
        phases=[Phase.generate],
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: schemathesis.Case) -> None:
        turn, place = divmod(next(turns), len(hospital.callers))
        caller = hospital.callers[place]
        if turn:
            ask_for_what_is_there(case, hospital, caller)
        if turn > 1 and mode is GenerationMode.POSITIVE:
            name = operation.definition.raw["operationId"]
            case.query = dict(hospital.queries.get(name, {}))
            case.body = hospital.bodies.get(name, case.body)
        with transaction.atomic():
            response = case.call(headers=caller.headers, cookies=caller.cookies)
            transaction.set_rollback(True)
        told.answers[response.status_code] += 1
        try:
            case.validate_response(response, checks=CHECKS)
        except (AssertionError, FailureGroup) as error:
            found = error.exceptions[0] if isinstance(error, FailureGroup) else error
            told.broken.append(f"{operation.label} to {caller.name}: {found}")

    # Where anything that can be sent is allowed, there is nothing wrong to send.
    with suppress(Unsatisfiable) if mode is GenerationMode.NEGATIVE else nullcontext():
        ask()
    return told


def ask_for_what_is_there(case: schemathesis.Case, hospital: Hospital, caller: Caller) -> None:
    """Name in the address what the hospital has, instead of what hypothesis made up."""
    known = hospital.addresses | caller.own
    for name in known.keys() & case.path_parameters.keys():
        case.path_parameters[name] = str(known[name])
    for name in ("cursor", "server"):
        case.query.pop(name, None)

"""What no program should send, to every address of the API: it is refused as a problem, and nothing breaks."""

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from django.core.cache import cache as django_cache
from django.db import transaction
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from audit.models import AuditEvent
from portal.institutions.models import Role
from tests.portal.api_callers import Caller, Hospital, make_hospital
from wire.problems import CONTENT_TYPE, Problem

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.timeout(300)]

BEYOND = str(10**30)
NO_UUID = "00000000-0000-4000-8000-000000000000"
MADE_UP = (
    "",
    "x",
    "\x00",
    "2026-13-01 00:00:00+00:00",
    "2026-01-01T00:00:00-19:04",
    "0001-01-01T00:00:00+14:00",
    BEYOND,
)
NOT_OBJECTS = (b"", b"{", b"\xff\xfe", b"[1]", b'"x"', b"7", b"null", b"NaN", b"[" * 100_000, b'{"a": NaN}')
HOSTILE_TEXTS = (b"a\x00b", b"\xff", "\N{GRINNING FACE}%_".encode(), b"x" * 5000)
# The longest tests are cut, so that several workers share them: each part has every PARTS-th of what they try.
PARTS = 6
KNOWN_METHODS = {"get", "post", "put", "patch", "delete"}


@dataclass(frozen=True)
class Operation:
    """One method of one address, as the description has it."""

    path: str
    method: str
    described: dict[str, Any]

    @property
    def parameters(self) -> dict[str, dict[str, Any]]:
        return {one["name"]: one for one in self.described.get("parameters", [])}

    @property
    def name(self) -> str:
        return str(self.described["operationId"])

    def address(self, known: dict[str, Any]) -> str:
        return self.path.format_map(
            {name: quote(value if isinstance(value, bytes) else str(value), safe="") for name, value in known.items()}
        )


@cache
def operations() -> tuple[Operation, ...]:
    """All of them."""
    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    return tuple(
        Operation(path, method, described) for path, methods in paths.items() for method, described in methods.items()
    )


def part_of(wanted: Sequence[Any], part: int) -> Sequence[Any]:
    """One part of what is to be tried; all parts together are all of it."""
    return wanted[part::PARTS]


@pytest.fixture
def hospital() -> Hospital:
    return make_hospital()


def ask(caller: Caller, method: str, address: str, **sent: Any) -> Any:
    """The answer; whatever it did is undone."""
    client = Client(raise_request_exception=False)
    client.cookies.load(caller.cookies)
    with transaction.atomic():
        answer = client.generic(method.upper(), address, headers=caller.headers | sent.pop("headers", {}), **sent)
        transaction.set_rollback(True)
    return answer


def refused(answer: Any, *statuses: int) -> bool:
    """True for a problem of one of these statuses, which says so itself."""
    if answer.status_code not in statuses or answer["Content-Type"] != CONTENT_TYPE:
        return False
    return Problem.model_validate_json(answer.content).status == answer.status_code


def parts(hospital: Hospital, operation: Operation, caller: Caller) -> dict[str, Any]:
    """Parts of the operation's address, leading to something wherever the caller may have it."""
    nothing = {
        name: NO_UUID if one["schema"].get("format") == "uuid" else "1" for name, one in operation.parameters.items()
    }
    return nothing | hospital.addresses | caller.own


def able(hospital: Hospital, operation: Operation) -> Iterator[tuple[Caller, dict[str, Any]]]:
    """Those of whom somebody may do what the operation does, with the parts of addresses that they know."""
    for caller in hospital.callers:
        known = parts(hospital, operation, caller)
        if caller.name in {Role.RADIOLOGIST, Role.CONSULTANT, Role.INSTITUTION_ADMINISTRATOR, Role.PATIENT, "browser"}:
            yield caller, known


@pytest.mark.parametrize("part", range(PARTS))
def test_a_made_up_cursor_leads_nowhere(hospital, part) -> None:
    lists = [one for one in operations() if {"cursor", "before", "after"} & one.parameters.keys()]
    assert len(lists) >= 15
    for operation in part_of(lists, part):
        (name,) = {"cursor", "before", "after"} & operation.parameters.keys()
        for caller, known in able(hospital, operation):
            for text in MADE_UP[1:]:
                place = base64.b64encode(f"p={quote_plus(text)}".encode()).decode() if name == "cursor" else text
                answer = ask(caller, "get", f"{operation.address(known)}?{name}={quote(place, safe='')}")
                # Institutions stand in the order of their codes, among which every word has its place.
                is_place = operation.name == "institutions_list" and "\x00" not in text and answer.status_code == 200
                assert is_place or refused(answer, 400, 404), (operation.name, caller.name, text, answer.content)


def test_a_number_that_no_row_can_have_is_of_nothing(hospital) -> None:
    numbered = [
        (operation, name)
        for operation in operations()
        for name, described in operation.parameters.items()
        if described["in"] == "path" and described["schema"]["type"] == "integer"
    ]
    assert len(numbered) >= 6
    for operation, name in numbered:
        for caller, known in able(hospital, operation):
            for number in (str(2**31), str(2**63), BEYOND, "9" * 5000):
                body = json.dumps(hospital.bodies.get(operation.name, {}))
                address = operation.address(known | {name: number})
                answer = ask(caller, operation.method, address, data=body, content_type="application/json")
                assert refused(answer, 404), (operation.name, caller.name, number[:40], answer.content)


@pytest.mark.parametrize("part", range(PARTS))
def test_text_in_an_address_may_hold_anything(hospital, part) -> None:
    texts = [
        (operation, parameter)
        for operation in operations()
        for parameter in operation.parameters.values()
        if parameter["schema"]["type"] == "string"
    ]
    for operation, parameter in part_of(texts, part):
        for caller, known in able(hospital, operation):
            for text in HOSTILE_TEXTS:
                address = operation.address(known)
                if parameter["in"] == "path":
                    address = operation.address(known | {parameter["name"]: text})
                else:
                    address = f"{address}?{parameter['name']}={quote(text, safe='')}"
                answer = ask(caller, operation.method, address)
                assert answer.status_code < 500, (operation.name, caller.name, parameter["name"], text[:9])


def spoilt(body: Any) -> Iterator[Any]:
    """The body with one member after the other made into what it must not be."""
    for name, value in body.items():
        for wrong in (
            None,
            "",
            "\x00",
            "a\x00b",
            "x" * 20_000,
            BEYOND,
            10**30,
            -1,
            1.5,
            True,
            [],
            [[]],
            {},
            ["\x00"],
            [10**30],
        ):
            if wrong != value:
                yield body | {name: wrong}


@pytest.mark.parametrize("part", range(PARTS))
def test_no_member_of_a_body_breaks_anything(hospital, part) -> None:
    told = [operation for operation in operations() if operation.name in hospital.bodies]
    assert {one.name for one in told} == hospital.bodies.keys()
    for operation in part_of(told, part):

        def send(caller: Caller, body: Any, to: Operation = operation) -> Any:
            # Few letters, tokens and looks are let through, and each body shall get as far as it can.
            django_cache.clear()
            address = to.address(parts(hospital, to, caller))
            return ask(caller, to.method, address, data=json.dumps(body), content_type="application/json")

        whole = hospital.bodies[operation.name]
        caller = next((one for one in hospital.callers if send(one, whole).status_code < 300), None)
        assert caller, operation.name
        for body in spoilt(whole):
            answer = send(caller, body)
            fine = answer.status_code < 300 or refused(answer, 400, 403, 404, 409)
            assert fine, (operation.name, str(body)[:200], answer.status_code)


@pytest.mark.parametrize("part", range(PARTS))
def test_a_body_that_is_no_object_is_refused(hospital, part) -> None:
    for operation in part_of(operations(), part):
        if "requestBody" not in operation.described:
            continue
        for body in NOT_OBJECTS:
            for caller, known in able(hospital, operation):
                answer = ask(
                    caller, operation.method, operation.address(known), data=body, content_type="application/json"
                )
                # Nothing at all is an empty object, which approves what was asked for.
                assert refused(answer, 400, 403, 404) or (body == b"" and answer.status_code < 300), (
                    operation.name,
                    caller.name,
                    body[:20],
                    answer.content,
                )


def test_a_body_of_another_kind_is_refused(hospital) -> None:
    for operation in operations():
        if "requestBody" not in operation.described:
            continue
        answers = [
            ask(caller, operation.method, operation.address(known), data="a=b", content_type=kind)
            for caller, known in able(hospital, operation)
            for kind in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x")
        ]
        assert all(refused(answer, 403, 404, 415) for answer in answers), operation.name
        assert "media_type_unsupported" in {answer.json()["code"] for answer in answers}, operation.name


def test_an_answer_of_another_kind_is_refused(hospital) -> None:
    for operation in operations():
        known = parts(hospital, operation, hospital.callers[0])
        answer = ask(
            hospital.callers[0], operation.method, operation.address(known), headers={"Accept": "application/pdf"}
        )
        assert refused(answer, 406), (operation.name, answer.status_code)


def test_a_method_that_is_not_described_is_refused(hospital) -> None:
    methods: dict[str, set[str]] = {}
    for operation in operations():
        methods.setdefault(operation.path, set()).add(operation.method)
    for operation in operations():
        address = operation.address(parts(hospital, operation, hospital.callers[0]))
        for method in KNOWN_METHODS - methods[operation.path]:
            answer = ask(hospital.callers[0], method, address)
            # To whom there is nothing at an address, its methods are nothing either.
            assert refused(answer, 404, 405), (method, operation.path, answer.status_code)
            if answer.status_code == 405:
                allowed = {one.lower() for one in answer["Allow"].split(", ")}
                assert allowed - {"options", "head"} == methods[operation.path]


def test_a_body_that_is_too_large_is_refused(hospital, settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    for operation in operations():
        if "requestBody" not in operation.described:
            continue
        answers = [
            ask(caller, operation.method, operation.address(known), data="[" * 1001, content_type="application/json")
            for caller, known in able(hospital, operation)
        ]
        assert all(refused(answer, 403, 404, 413) for answer in answers), operation.name
        assert "body_too_large" in {answer.json()["code"] for answer in answers}, operation.name


@pytest.fixture
def rates(settings):
    """Return a function that sets rates."""

    def set_rates(**changed: str) -> None:
        rates = {**settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"], **changed}
        settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}

    return set_rates


@pytest.mark.parametrize("caller", [0, -1])
def test_who_asks_too_often_is_told_when_to_ask_again(hospital, rates, caller) -> None:
    rates(person="1/min", marks="1/min", address="1/min", sign_in="1/min")
    asker = hospital.callers[caller]
    for operation in operations():
        address = operation.address(parts(hospital, operation, asker))
        _, answer = ask(asker, operation.method, address), ask(asker, operation.method, address)
        assert refused(answer, 429), (operation.name, answer.status_code)
        assert answer.json()["code"] == "too_many_requests"
        assert 0 < int(answer["Retry-After"]) <= 61


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Token " + "x" * 64}])
def test_who_is_turned_away_again_and_again_leaves_no_more_events(client, rates, headers) -> None:
    rates(address="3/min")
    answers = [client.get("/api/v1/studies/", headers=headers).status_code for _ in range(6)]
    assert answers == [401, 401, 401, 429, 429, 429]
    assert AuditEvent.objects.count() == 3


def test_an_address_that_was_turned_away_is_open_to_whoever_signs_in(client, rates) -> None:
    hospital = make_hospital()
    rates(address="1/min")
    assert [client.get("/api/v1/studies/").status_code for _ in range(2)] == [401, 429]
    assert client.get("/api/v1/studies/", headers=hospital.callers[0].headers).status_code == 200


def test_a_letter_too_many_is_refused_for_an_hour(hospital) -> None:
    (administrator,) = [one for one in hospital.callers if one.name == Role.INSTITUTION_ADMINISTRATOR]
    address = f"/api/v1/invitations/{hospital.addresses['invitation_id']}/resend/"
    answers = [ask(administrator, "post", address) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert refused(answers[-1], 429)
    assert int(answers[-1]["Retry-After"]) == 3601

"""Programs are told of failures in problem documents with stable codes, and never about patients."""

import json

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.test import Client
from redis.exceptions import ConnectionError as RedisConnectionError
from rest_framework import exceptions

from portal.accounts.problems import TITLES, ProblemError, problem_handler
from tests.portal.accounts.factories import UserFactory
from wire import problems


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Http404("patient Munteanu"), 404, "not_found"),
        (PermissionDenied("Munteanu"), 403, "not_allowed"),
        (exceptions.NotFound("Munteanu"), 404, "not_found"),
        (exceptions.NotAuthenticated("Munteanu"), 401, "not_signed_in"),
        (exceptions.AuthenticationFailed("Munteanu"), 401, "not_signed_in"),
        (exceptions.PermissionDenied("Munteanu"), 403, "not_allowed"),
        (exceptions.MethodNotAllowed("PUT"), 405, "method_not_allowed"),
        (exceptions.NotAcceptable("Munteanu"), 406, "not_acceptable"),
        (exceptions.ParseError("Munteanu"), 400, "request_invalid"),
        (exceptions.ValidationError("Munteanu"), 400, "request_invalid"),
        (exceptions.UnsupportedMediaType("Munteanu"), 415, "media_type_unsupported"),
        (exceptions.Throttled(7), 429, "too_many_requests"),
        (RedisConnectionError("redis://user:secret@host"), 503, "unavailable"),
        (ProblemError(413, problems.BODY_TOO_LARGE), 413, "body_too_large"),
    ],
)
def test_an_exception_becomes_a_problem_without_its_words(error, status: int, code: str) -> None:
    response = problem_handler(error, {})
    assert response is not None
    assert (response.status_code, response.content_type) == (status, "application/problem+json")
    assert response.data == {"type": "about:blank", "title": TITLES[code], "status": status, "detail": "", "code": code}


def test_an_invalid_field_is_named_without_its_value() -> None:
    error = exceptions.ValidationError({"patient": ["'Munteanu' is not valid."], "from": ["Required."]})
    response = problem_handler(error, {})
    assert response is not None
    assert response.data["detail"] == "Look at: from, patient"


def test_a_throttled_caller_is_told_when_to_come_back() -> None:
    response = problem_handler(exceptions.Throttled(6.2), {})
    assert response is not None
    assert response["Retry-After"] == "8"


def test_what_nobody_expected_is_handed_on() -> None:
    assert problem_handler(RuntimeError("boom"), {}) is None


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/v1/nothing/", "/wire/v1/nothing/", "/wire/v2/study-reports/"])
def test_an_unknown_address_of_programs_answers_a_problem(client, path: str) -> None:
    response = client.get(path)
    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")
    assert json.loads(response.content)["code"] == "not_found"


@pytest.mark.django_db
def test_an_unknown_page_answers_a_page(client) -> None:
    response = client.get("/nothing/")
    assert response.status_code == 404
    assert "There is nothing here for you" in response.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(("path", "is_problem"), [("/api/v1/studies/", True), ("/people/", False)])
def test_a_fault_of_ours_tells_a_number_and_no_more(monkeypatch, path: str, is_problem: bool) -> None:
    def boom(*args, **kwargs):
        raise RuntimeError("Munteanu^Elena")

    monkeypatch.setattr("portal.institutions.middleware.HatMiddleware.__call__", boom)
    response = Client(raise_request_exception=False).get(path)
    text = response.content.decode()
    assert response.status_code == 500
    assert "Munteanu" not in text
    assert "Traceback" not in text
    if is_problem:
        assert json.loads(text)["code"] == "internal"
    else:
        assert response["X-Request-ID"][:13] in text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "content_type"), [("/api/v1/studies/", "application/problem+json"), ("/worklist/", "text/html")]
)
def test_a_request_that_django_refuses_is_told_so_in_the_callers_form(client, path: str, content_type: str) -> None:
    response = client.get(path, headers={"Host": "elsewhere.example"})
    assert (response.status_code, response["Content-Type"].split(";")[0]) == (400, content_type)
    assert "elsewhere" not in response.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [(b"[" * 100_000, 400, "request_invalid"), (b"x" * (8 * 1024 * 1024 + 1), 413, "body_too_large")],
    ids=["nested without end", "huge"],
)
def test_a_body_that_cannot_be_read_is_the_callers_fault(client, sent: bytes, status: int, code: str) -> None:
    client.force_login(UserFactory())
    response = client.post("/api/v1/grants/", sent, content_type="application/json")
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")
    assert response.json()["code"] == code

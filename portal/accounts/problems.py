"""Failures as RFC 9457 problem details with a stable code, for programs that call the portal."""

import logging
from collections.abc import Mapping
from typing import Any, Final

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from redis.exceptions import RedisError
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from portal.accounts.problem_errors import ProblemError
from wire import problems
from wire.problems import Problem

__all__ = ["ProblemError", "problem_handler", "problem_members", "problem_response", "wants_problem"]

logger = logging.getLogger(__name__)

TITLES: Final = {
    problems.BODY_TOO_LARGE: "The body is too large.",
    problems.MESSAGE_INVALID: "The message is not valid.",
    problems.MESSAGE_FOR_ANOTHER_SERVER: "The message names another server than the one that sent it.",
    problems.MESSAGE_REPLAYED: "This request was received before.",
    problems.CREDENTIAL_MISSING: "The request is not signed.",
    problems.CREDENTIAL_INVALID: "The request's signature is not valid.",
    problems.CREDENTIAL_EXPIRED: "The request's signature has expired.",
    problems.SERVER_UNKNOWN: "This server is not enrolled, or not any more.",
    problems.ENROLMENT_CODE_INVALID: "The enrolment code is not valid, was used, or has expired.",
    problems.NOT_FOUND: "There is nothing here for you.",
    problems.NOT_SIGNED_IN: "You are not signed in.",
    problems.NOT_ALLOWED: "You may not do this.",
    problems.NOT_ACCEPTABLE: "This can only be answered as JSON.",
    problems.MEDIA_TYPE_UNSUPPORTED: "The body is not JSON.",
    problems.METHOD_NOT_ALLOWED: "This method is not allowed here.",
    problems.REQUEST_INVALID: "The request is not valid.",
    problems.TOO_MANY_REQUESTS: "Too many requests. Try again later.",
    problems.UNAVAILABLE: "The portal cannot answer now. Try again later.",
    problems.INTERNAL: "Something broke on our side.",
}
_CODES: Final[tuple[tuple[type[Exception], str], ...]] = (
    (exceptions.NotAuthenticated, problems.NOT_SIGNED_IN),
    (exceptions.AuthenticationFailed, problems.NOT_SIGNED_IN),
    (exceptions.PermissionDenied, problems.NOT_ALLOWED),
    (PermissionDenied, problems.NOT_ALLOWED),
    (exceptions.NotFound, problems.NOT_FOUND),
    (Http404, problems.NOT_FOUND),
    (exceptions.MethodNotAllowed, problems.METHOD_NOT_ALLOWED),
    (exceptions.NotAcceptable, problems.NOT_ACCEPTABLE),
    (exceptions.UnsupportedMediaType, problems.MEDIA_TYPE_UNSUPPORTED),
    (exceptions.Throttled, problems.TOO_MANY_REQUESTS),
    (RequestDataTooBig, problems.BODY_TOO_LARGE),
    (exceptions.APIException, problems.REQUEST_INVALID),
)
_STATUS: Final = {PermissionDenied: 403, Http404: 404, RequestDataTooBig: 413}


def problem_handler(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """Return the problem for an exception of a REST view; None hands an unexpected one on to Django."""
    if isinstance(error, RedisError):
        # Replays and rates cannot be told without Redis, so nothing is let through.
        logger.error("Redis cannot be reached; a request was refused", exc_info=error)
        error = ProblemError(503, problems.UNAVAILABLE)
    code = error.code if isinstance(error, ProblemError) else _code_of(error)
    if code is None:
        return None
    status = getattr(error, "status_code", None) or _STATUS[type(error)]
    response = Response(problem_members(status, code, _detail_of(error)), status=status, headers=_headers(error))
    response.content_type = problems.CONTENT_TYPE
    if request := context.get("request"):
        # An address that answers in another format has its problems in this one all the same.
        request.accepted_renderer, request.accepted_media_type = JSONRenderer(), JSONRenderer.media_type
    return response


def problem_members(status: int, code: str, detail: str = "") -> dict[str, Any]:
    """Return the members of a problem document."""
    # A part of the portal may have codes of its own, which its detail explains.
    title = TITLES.get(code, TITLES[problems.NOT_ALLOWED if status == 403 else problems.REQUEST_INVALID])
    return Problem(title=title, status=status, detail=detail[:2048], code=code).model_dump()


def problem_response(status: int, code: str) -> HttpResponse:
    """Return a problem outside the REST framework: an unknown address, a broken page of the API."""
    document = Problem(title=TITLES[code], status=status, code=code)
    return HttpResponse(document.model_dump_json(), status=status, content_type=problems.CONTENT_TYPE)


def wants_problem(request: HttpRequest) -> bool:
    """True for an address that programs call."""
    return request.path.startswith(("/api/", "/wire/"))


def _code_of(error: Exception) -> str | None:
    return next((code for kind, code in _CODES if isinstance(error, kind)), None)


def _detail_of(error: Exception) -> str:
    if isinstance(error, ProblemError):
        return str(error.detail)
    if isinstance(error, exceptions.ValidationError) and isinstance(error.detail, dict):
        # The messages repeat what was sent, which may be about a patient.
        return "Look at: " + ", ".join(sorted(str(field) for field in error.detail))
    return ""


def _headers(error: Exception) -> dict[str, str]:
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = str(challenge)
    wait = getattr(error, "wait", None)
    if wait is not None:
        headers["Retry-After"] = str(int(wait) + 1)
    return headers

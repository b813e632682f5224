"""Failures as application/problem+json (RFC 9457): a stable code, never a stack trace, never patient data."""

from django.http import HttpRequest, HttpResponse

from wire import problems
from wire.problems import CONTENT_TYPE, Problem


class Refused(Exception):
    """A view cannot answer; turned into a problem where the view is called."""

    def __init__(self, status: int, code: str, title: str, detail: str = "") -> None:
        super().__init__(title)
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail

    def response(self) -> HttpResponse:
        """The problem."""
        return problem(self.status, self.code, self.title, self.detail)


def absent(what: str) -> Refused:
    """`what` is not here."""
    return Refused(404, problems.NOT_FOUND, "Not found", f"This server does not hold the {what}.")


def invalid(detail: str) -> Refused:
    """The request cannot be understood."""
    return Refused(400, problems.REQUEST_INVALID, "Request not understood", detail)


def unreadable() -> Refused:
    """The instance is here, but its file is not what the index says."""
    detail = "The instance's file cannot be read on this server."
    return Refused(500, problems.INTERNAL, "Instance unreadable", detail)


def not_acceptable(detail: str) -> Refused:
    """None of the media types that the client accepts can be made."""
    return Refused(406, problems.NOT_ACCEPTABLE, "Not acceptable", detail)


def problem(status: int, code: str, title: str, detail: str = "") -> HttpResponse:
    """The answer for a failure."""
    content = Problem(title=title, status=status, detail=detail, code=code).model_dump_json()
    response = HttpResponse(content, status=status, content_type=CONTENT_TYPE)
    response.headers["Cache-Control"] = "no-store"
    return response


def bad_request(_request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's names
    """Django's handler400: the exception may repeat what was sent, so nothing of it is told."""
    return invalid("The request is malformed.").response()


def not_found(_request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """Django's handler404."""
    return problem(404, problems.NOT_FOUND, "Not found", "There is nothing at this address.")


def server_error(_request: HttpRequest) -> HttpResponse:
    """Django's handler500; the log has the details."""
    return problem(500, problems.INTERNAL, "Internal error", "The server failed to answer; its log says why.")

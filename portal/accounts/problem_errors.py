"""The one error that names its own problem code; apart from `problems`, which needs the REST views."""

from rest_framework import exceptions
from rest_framework.status import HTTP_401_UNAUTHORIZED


class ProblemError(exceptions.APIException):
    """A failure that names its own code; `detail` never holds patient data."""

    def __init__(self, status: int, code: str, detail: str = "", *, wait: int | None = None) -> None:
        """`wait` is the number of seconds after which it makes sense to try again, where that is known."""
        super().__init__(detail, code)
        self.status_code = status
        self.code = code
        self.wait = wait
        # RFC 9110 15.5.2: who is not recognised is told how to be.
        self.auth_header = "Bearer" if status == HTTP_401_UNAUTHORIZED else ""

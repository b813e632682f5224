"""Signed requests to the portal, with time limits and errors split by what the caller does next."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError
from requests.auth import AuthBase

from wire.credentials import sign_request
from wire.problems import Problem
from wire.routes import MAX_BODY_BYTES
from wire.text import clean

CONNECT_SECONDS: Final = 3.05
READ_SECONDS: Final = 10.0
# A portal that sends a byte now and then must not hold a worker: the whole exchange ends by then.
TOTAL_SECONDS: Final = 30.0
# These say that the very same body can never succeed; anything else may, later (RFC 9110 15.5).
NEVER: Final = frozenset({400, 413, 415, 422})


class PortalError(Exception):
    """The portal did not take the message; the text never holds the message."""


class PortalUnreachable(PortalError):
    """No answer at all: try again later, and do not bother with other messages now."""


class PortalBusy(PortalError):
    """An answer that may be another one later: a failure of the portal, or a server that it does not know yet."""

    def __init__(self, message: str, *, status: int, code: str, retry_after: float | None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.retry_after = retry_after


class PortalRefused(PortalError):
    """The portal will never take this message as it is."""

    def __init__(self, message: str, *, status: int, code: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class _Credential(AuthBase):
    """Signs each request; as `auth`, so that a netrc file cannot put another Authorization in its place."""

    def __init__(self, header: str) -> None:
        self._header = header

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._header
        return request


class Portal:
    """The portal at `url` as seen by the server `issuer`; a context manager that keeps its connection open."""

    def __init__(self, *, url: str, issuer: str, private_key: Ed25519PrivateKey, agent: str = "dicomserver") -> None:
        self._url = url.rstrip("/")
        self._issuer = issuer
        self._private_key = private_key
        self._session = requests.Session()
        self._session.headers["User-Agent"] = agent

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def post(self, route: str, body: bytes) -> bytes:
        """Send `body` (JSON) and return the answer's body.

        Raises PortalUnreachable, PortalBusy or PortalRefused.
        """
        url = self._url + route
        credential = sign_request(
            private_key=self._private_key,
            issuer=self._issuer,
            method="POST",
            path=urlsplit(url).path,
            body=body,
            now=datetime.now(UTC),
        )
        with _as_portal_errors(self._url):
            response = self._session.post(
                url,
                data=body,
                headers={"Content-Type": "application/json", "Accept": "application/json"},
                auth=_Credential(credential),
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
                stream=True,
            )
            with response:
                content = _content(response)
        _check(response, content)
        return content


@contextmanager
def _as_portal_errors(url: str) -> Iterator[None]:
    try:
        yield
    except requests.RequestException as error:
        raise PortalUnreachable(f"The portal at {url} did not answer: {type(error).__name__}.") from error


def _content(response: requests.Response) -> bytes:
    deadline = time.monotonic() + TOTAL_SECONDS
    content = bytearray()
    for chunk in response.iter_content(65536):
        content += chunk
        if len(content) > MAX_BODY_BYTES:
            raise PortalUnreachable(f"The portal's answer has more than {MAX_BODY_BYTES} bytes.")
        if time.monotonic() > deadline:
            raise PortalUnreachable(f"The portal's answer was not complete after {TOTAL_SECONDS:.0f} s.")
    return bytes(content)


def _check(response: requests.Response, content: bytes) -> None:
    status = response.status_code
    if 200 <= status < 300:
        return
    code, text = _problem(content)
    message = clean(f"HTTP {status} {text}", 300)
    if status in NEVER:
        raise PortalRefused(message, status=status, code=code)
    raise PortalBusy(message, status=status, code=code, retry_after=_seconds(response.headers.get("Retry-After")))


def _problem(content: bytes) -> tuple[str, str]:
    try:
        problem = Problem.model_validate_json(content)
    except ValidationError:
        return "", ""
    return problem.code, f"{problem.code}: {problem.detail or problem.title}"


def _seconds(value: str | None) -> float | None:
    return float(value) if value is not None and value.isascii() and value.isdigit() and len(value) < 9 else None

"""Authenticates DICOM Servers: a request is proven by its signature and is taken once."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.core.cache import cache
from django.http import HttpRequest
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from portal.accounts.problems import ProblemError
from portal.servers.bodies import bounded_body, refuse_large
from portal.servers.models import DicomServer
from portal.servers.selectors import enrolled_server
from wire.credentials import CLOCK_SKEW, CredentialRefused, RequestClaims, claimed_issuer, verify_request
from wire.keys import parse_public_key
from wire.problems import MESSAGE_REPLAYED, SERVER_UNKNOWN
from wire.routes import MAX_BODY_BYTES

_UNAUTHENTICATED: Final = 401


@dataclass(frozen=True)
class SigningServer:
    """The "user" of a signed request: a DICOM Server, never a person."""

    server: DicomServer
    is_authenticated: bool = True
    is_active: bool = True

    @property
    def pk(self) -> str:
        """Which server, for throttles and logs."""
        return str(self.server.pk)


class SignedRequest(BaseAuthentication):
    """Proves that a request comes from an enrolled server; `request.user` is then a SigningServer."""

    def authenticate(self, request: Request) -> tuple[SigningServer, RequestClaims]:
        """Return the server and the claims. Raises ProblemError 401, 413."""
        plain: HttpRequest = request._request  # noqa: SLF001 (the body must be read once, before DRF looks at it)
        # What is cheap to refuse is refused before a byte of the body is read.
        refuse_large(plain, MAX_BODY_BYTES)
        authorization = plain.headers.get("Authorization")
        try:
            server = enrolled_server(claimed_issuer(authorization))
            if server is None:
                raise ProblemError(_UNAUTHENTICATED, SERVER_UNKNOWN)
            claims = verify_request(
                authorization,
                public_key=parse_public_key(server.public_key),
                issuer=str(server.pk),
                method=plain.method or "",
                path=plain.path,
                body=bounded_body(plain, MAX_BODY_BYTES),
                now=timezone.now(),
            )
        except CredentialRefused as error:
            raise ProblemError(_UNAUTHENTICATED, error.code, str(error)) from error
        refuse_replay(claims)
        return SigningServer(server), claims

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002
        """Name the scheme, so that the answer is 401."""
        return "Bearer"


class IsSigningServer(BasePermission):
    """Lets in requests that a DICOM Server signed, and nobody else."""

    def has_permission(self, request: Request, view: Any) -> bool:  # noqa: ARG002
        """True where SignedRequest authenticated."""
        return isinstance(request.user, SigningServer)


def refuse_replay(claims: RequestClaims) -> None:
    """Raise ProblemError 401 for a credential that was seen before. Without Redis nothing gets through."""
    name = hashlib.sha256(f"{claims.iss} {claims.jti}".encode()).hexdigest()
    if not cache.add(f"wire:seen:{name}", 1, timeout=_seconds_to_remember(claims, timezone.now())):
        raise ProblemError(_UNAUTHENTICATED, MESSAGE_REPLAYED)


def _seconds_to_remember(claims: RequestClaims, now: datetime) -> int:
    remaining: timedelta = claims.expires_at - now + CLOCK_SKEW
    return max(int(remaining.total_seconds()) + 1, 1)

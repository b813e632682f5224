"""The door of every address for programs: signed in, or turned away with one audit event."""

from typing import ClassVar

from rest_framework.exceptions import APIException, AuthenticationFailed, NotAuthenticated, PermissionDenied
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.services import record_access_denied
from portal.accounts.actors import actor_of


class AuditedDoor(APIView):
    """Signed in, or 401. Who is turned away (signed out, a bad token, a forged request) leaves one audit event."""

    permission_classes = (IsAuthenticated,)
    tried: str = ""
    """How the audit calls what was tried."""
    turned_away_by: ClassVar[tuple[type[APIException], ...]] = (
        NotAuthenticated,
        AuthenticationFailed,
        PermissionDenied,
    )

    def record_denied(self) -> None:
        """Write who tried."""
        record_access_denied(actor=actor_of(self.request), tried=self.tried)

    def handle_exception(self, exc: Exception) -> Response:
        """Write who is turned away, then turn them away."""
        if isinstance(exc, self.turned_away_by):
            self.record_denied()
        return super().handle_exception(exc)

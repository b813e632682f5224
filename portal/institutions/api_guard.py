"""Keeps the API about people for who manages people; to others there is nothing, and each try is one audit event."""

from typing import Any, ClassVar

from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, NotFound, PermissionDenied
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.services import record_access_denied
from portal.accounts.actors import actor_of
from portal.accounts.models import User


class ManagersGuard(APIView):
    """Signed in, else 401, and with the permission `guard`, else 404; either leaves one audit event."""

    guard: ClassVar[str] = "institutions.manage_people"
    tried: ClassVar[str] = "people"
    permission_classes = (IsAuthenticated,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Turn away whose role has no say here."""
        super().initial(request, *args, **kwargs)
        if not request.user.has_perm(self.guard):
            raise self.nothing_here(request)

    def handle_exception(self, exc: Exception) -> Response:
        """Write who was turned away at the door, then turn them away."""
        if isinstance(exc, NotAuthenticated | AuthenticationFailed | PermissionDenied):
            record_access_denied(actor=actor_of(self.request), tried=self.tried)
        return super().handle_exception(exc)

    def nothing_here(self, request: Request, reason: str = "") -> NotFound:
        """Write who tried to reach what is not theirs; the answer to give is returned."""
        record_access_denied(actor=actor_of(request), tried=self.tried, reason=reason)
        return NotFound()

    @property
    def administrator(self) -> User:
        """Whoever asks."""
        user: Any = self.request.user
        return user  # type: ignore[no-any-return]

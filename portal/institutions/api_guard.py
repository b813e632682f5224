"""Keeps the API about people for who manages people; to others there is nothing, and each try is one audit event."""

from typing import Any, ClassVar

from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from audit.services import record_access_denied
from portal.accounts.actors import actor_of
from portal.accounts.api_door import AuditedDoor
from portal.accounts.models import User


class ManagersGuard(AuditedDoor):
    """Signed in, else 401, and with the permission `guard`, else 404; either leaves one audit event."""

    guard: ClassVar[str] = "institutions.manage_people"
    tried = "people"

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Turn away whose role has no say here."""
        super().initial(request, *args, **kwargs)
        if not request.user.has_perm(self.guard):
            raise self.nothing_here(request)

    def nothing_here(self, request: Request, reason: str = "") -> NotFound:
        """Write who tried to reach what is not theirs; the answer to give is returned."""
        record_access_denied(actor=actor_of(request), tried=self.tried, reason=reason)
        return NotFound()

    @property
    def administrator(self) -> User:
        """Whoever asks."""
        user: Any = self.request.user
        return user  # type: ignore[no-any-return]

"""What every page shows of break-glass: the line that counts down while an opening lasts, and the door to one."""

import re
from typing import Any, Final

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property

from portal.accounts.models import User
from portal.grants.break_glass import openings_of
from portal.grants.models import Grant
from portal.grants.running import DOCTORS
from portal.institutions.models import Role

_STUDY: Final = re.compile(r"^/(?:studies|viewer)/([0-9.]{1,64})/$")


class BreakGlassFrame:
    """Read from templates alone, so that a page that shows neither asks the database nothing."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def openings(self) -> list[Grant]:
        """The person's own openings that run."""
        user = getattr(self._request, "user", None)
        role = self._role
        return list(openings_of(user)) if isinstance(user, User) and role and role != Role.PATIENT else []

    @cached_property
    def door(self) -> str:
        """Where a doctor who was turned away from a study's address may ask for it; the same whether it exists."""
        found = _STUDY.match(self._request.path)
        if found is None or self._role not in DOCTORS:
            return ""
        server = self._request.GET.get("server", "")
        address = reverse("access:open", args=[found[1]])
        return f"{address}?server={server}" if re.fullmatch(r"[0-9a-f-]{36}", server) else address

    @property
    def _role(self) -> str:
        hat = getattr(self._request, "hat", None)
        return hat.role if hat else ""


def break_glass(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `break_glass`."""
    return {"break_glass": BreakGlassFrame(request)}

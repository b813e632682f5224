"""Permissions by role: what a person may do besides reading studies, which `portal.grants` decides."""

from typing import Any, Final

from django.contrib.auth.backends import BaseBackend

from portal.accounts.models import User
from portal.institutions.models import Role
from portal.institutions.selectors import running_memberships

PERMISSIONS: Final[dict[str, frozenset[str]]] = {
    Role.AUDITOR: frozenset({"audit.view_auditevent"}),
    Role.RADIOLOGIST: frozenset({"access.break_glass", "errands.upload", "errands.find_elsewhere"}),
    Role.REFERRING_DOCTOR: frozenset({"access.break_glass"}),
    Role.PATIENT: frozenset({"patients.see_own"}),
    Role.INSTITUTION_ADMINISTRATOR: frozenset(
        {
            "monitoring.view_console",
            "institutions.manage_people",
            "institutions.change_settings",
            "access.oversee",
            "access.settle_identities",
            "errands.delete",
        }
    ),
    Role.SYSTEM_ADMINISTRATOR: frozenset(
        {"monitoring.view_console", "institutions.manage_people", "access.settle_identities"}
    ),
}
_CACHE: Final = "_permissions_by_role"


class RoleBackend(BaseBackend):
    """Authenticates nobody; answers `has_perm` from the roles that run now."""

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """Return the permissions of all hats of the person; none on single objects."""
        if not isinstance(user_obj, User) or not user_obj.is_active or obj is not None:
            return set()
        cached: set[str] | None = getattr(user_obj, _CACHE, None)
        if cached is None:
            roles = running_memberships(user_obj).values_list("role", flat=True)
            cached = set().union(*(PERMISSIONS.get(role, frozenset()) for role in roles))
            setattr(user_obj, _CACHE, cached)
        return cached

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        """True where one of the person's roles gives `perm`."""
        return perm in self.get_all_permissions(user_obj, obj)

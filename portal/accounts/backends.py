"""Recognises people by local accounts; what they may do is no matter of the account."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend


class LocalAccountBackend(AuthenticationBackend):  # type: ignore[misc]
    """Checks name and password, and gives no permission: roles do (`portal.institutions.backends`)."""

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:  # noqa: ARG002
        """None, whatever flags and groups say."""
        return set()

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:  # noqa: ARG002
        """Never."""
        return False

"""Recognises people by local accounts; what they may do is no matter of the account."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend

from portal.accounts.models import User


class LocalAccountBackend(AuthenticationBackend):  # type: ignore[misc]
    """Checks name and password, and gives no permission: roles do (`portal.institutions.backends`)."""

    def __init__(self) -> None:
        """Begin one try: Django makes a backend for each."""
        self._tried: set[int] = set()

    def _check_password(self, user: User | None, password: str) -> User | None:
        """Check it once an account.

        allauth looks for what was typed as an address, as a name, and as an address again. Whoever has the address
        would cost twice the time of nobody, which tells who has an account.
        """
        if user is None or user.pk in self._tried:
            return None
        self._tried.add(user.pk)
        found: User | None = super()._check_password(user, password)
        return found

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:  # noqa: ARG002
        """None, whatever flags and groups say."""
        return set()

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:  # noqa: ARG002
        """Never."""
        return False

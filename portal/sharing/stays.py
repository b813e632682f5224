"""The stay of a link's holder: a session of its own that begins with the right PIN and ends by itself."""

from datetime import datetime
from typing import Any, Final

from django.contrib.auth import login, logout
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from portal.accounts.models import Kind, User
from portal.sharing.models import ShareLink
from portal.sharing.selectors import STAY, share_link_of
from portal.sharing.services import close_if_access_was_lost

SESSION_KEY: Final = "share_link_until"
_BACKEND: Final = "portal.accounts.backends.LocalAccountBackend"


def begin_stay(request: HttpRequest, link: ShareLink) -> None:
    """Sign the holder in, in a fresh session that the browser forgets when it is closed.

    Whoever was signed in before is signed out, which the audit hears of.
    """
    if isinstance(request.user, User) and not is_holder(request.user):
        logout(request)
    request.session.flush()
    login(request, link.holder, backend=_BACKEND)
    request.session[SESSION_KEY] = min(timezone.now() + STAY, link.valid_until).isoformat()
    request.session.set_expiry(0)


def is_holder(user: Any) -> bool:
    """True for whoever came by a share link."""
    return isinstance(user, User) and user.kind == Kind.LINK_HOLDER


def runs_on(request: HttpRequest, holder: User) -> bool:
    """True where the hour is not over, and neither the link nor its maker's access has ended."""
    until = parse_datetime(str(request.session.get(SESSION_KEY, "")))
    now: datetime = timezone.now()
    if until is None or until <= now:
        return False
    link = share_link_of(holder)
    return link is not None and link.runs_at(now) and not close_if_access_was_lost(link_id=link.pk)

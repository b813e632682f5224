"""When a session began and when a person last did something in it, kept in the session itself."""

from datetime import UTC, datetime, timedelta
from typing import Final

from allauth.usersessions.models import UserSession
from django.http import HttpRequest
from django.utils import timezone

from portal.accounts.actors import remote_address

_BEGAN: Final = "began_at"
_LAST_ACT: Final = "last_act_at"
_NOTED_EVERY: Final = timedelta(seconds=30)


def begin_session(request: HttpRequest) -> None:
    """Start both clocks: somebody has just signed in, or proved again who they are."""
    now = timezone.now().timestamp()
    request.session[_BEGAN] = now
    request.session[_LAST_ACT] = now


def began_at(request: HttpRequest) -> datetime:
    """When the person signed in; now for a session that does not say."""
    return _moment(request, _BEGAN)


def last_act_at(request: HttpRequest) -> datetime:
    """When the person last did something, up to half a minute late."""
    return _moment(request, _LAST_ACT)


def note_act(request: HttpRequest) -> None:
    """Keep that the person did something now; written twice a minute at most, as each write is a row."""
    now = timezone.now()
    noted = request.session.get(_LAST_ACT)
    if isinstance(noted, float) and timedelta(0) <= now - _from_stamp(noted) < _NOTED_EVERY:
        return
    request.session.setdefault(_BEGAN, now.timestamp())
    request.session[_LAST_ACT] = now.timestamp()
    # A list of sessions without addresses says nothing.
    if remote_address(request):
        UserSession.objects.create_from_request(request)


def _moment(request: HttpRequest, key: str) -> datetime:
    kept = request.session.get(key)
    return _from_stamp(kept) if isinstance(kept, float) else timezone.now()


def _from_stamp(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)

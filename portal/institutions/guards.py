"""Keeps pages for those whose role has a permission; to others they do not exist."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse

from audit.services import record_access_denied
from portal.accounts.actors import actor_of

Page = Callable[..., HttpResponse]


def only_with(permission: str, *, page: str) -> Callable[[Page], Page]:
    """Guard a view: signed out leads to sign-in, without `permission` to 404 and one audit event that names `page`."""

    def guarded(view: Page) -> Page:
        @wraps(view)
        def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if not request.user.has_perm(permission):
                record_access_denied(actor=actor_of(request), tried=page)
                raise Http404
            return view(request, *args, **kwargs)

        wrapper.guard = permission  # type: ignore[attr-defined]
        return wrapper

    return guarded

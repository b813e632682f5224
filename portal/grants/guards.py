"""Keeps pages of studies for people who are signed in; who is not, and who may not, leaves one audit event."""

from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import add_never_cache_headers
from django_htmx.http import HttpResponseClientRedirect

from audit.services import record_access_denied
from audit.subjects import AuditedStudy
from portal.accounts.actors import actor_of
from portal.grants.audited import audited_study, audited_try
from portal.grants.deidentified import study_once_called

Page = Callable[..., HttpResponse]
GUARD = "signed in, and visible_studies"


def for_studies(*, tried: str) -> Callable[[Page], Page]:
    """Guard a page that shows studies: signed out leads to sign-in. Which studies, the policy says inside.

    `tried` names the page in the audit. The answer is never kept by a cache, as it holds patients.
    """

    def guarded(view: Page) -> Page:
        @wraps(view)
        def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.user.is_authenticated:
                response = view(request, *args, **kwargs)
            else:
                record_denied(request, kwargs.get("study_instance_uid", ""), tried=tried)
                response = _to_sign_in(request)
            add_never_cache_headers(response)
            return response

        wrapper.guard = GUARD  # type: ignore[attr-defined]
        return wrapper

    return guarded


def record_denied(request: Any, study_instance_uid: str = "", *, tried: str) -> None:
    """Write that somebody tried to reach what is not theirs, or not there: to the caller both look the same."""
    subject = _tried_study(request, study_instance_uid) if study_instance_uid else None
    record_access_denied(actor=actor_of(request), study=subject, tried=tried)


def _tried_study(request: Any, study_instance_uid: str) -> AuditedStudy:
    """What was tried, by its own UID even where the person knows it by a mapped one."""
    hidden = study_once_called(request.user, study_instance_uid)
    return audited_study(hidden) if hidden else audited_try(study_instance_uid, asked_server(request))


def deny(request: HttpRequest, study_instance_uid: str, *, tried: str) -> NoReturn:
    """Answer 404 and write who tried."""
    record_denied(request, study_instance_uid, tried=tried)
    raise Http404


def asked_server(request: Any) -> str | None:
    """The server that the address names, where a study UID alone is ambiguous."""
    server_id: str = request.GET.get("server", "")
    return server_id or None


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    htmx = getattr(request, "htmx", None)
    if htmx:
        # A part of a page cannot show the sign-in form: the whole page goes there and comes back.
        return HttpResponseClientRedirect(redirect_to_login(htmx.current_url_abs_path or "/").url)
    return redirect_to_login(request.get_full_path())

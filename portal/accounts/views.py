"""Small things about oneself, and the pages for what is not there or broke."""

from datetime import timedelta
from typing import Final

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.http import url_has_allowed_host_and_scheme
from django.views import defaults
from django.views.decorators.http import require_POST

from portal.accounts.actors import person_of
from portal.accounts.guards import only_signed_in, open_to
from portal.accounts.problems import problem_response, wants_problem
from portal.accounts.services import InvalidTheme, set_theme
from wire.problems import BODY_TOO_LARGE, INTERNAL, NOT_FOUND, REQUEST_INVALID

LANGUAGE_KEPT: Final = timedelta(days=365)


@require_POST
@only_signed_in
def choose_theme(request: HttpRequest) -> HttpResponse:
    """Keep the colours that the person chose, and go back to where they were."""
    try:
        set_theme(person_of(request), theme=request.POST.get("theme", ""))
    except InvalidTheme as error:
        raise Http404 from error
    return _back(request)


@require_POST
@only_signed_in
def choose_language(request: HttpRequest) -> HttpResponse:
    """Keep the language that the person chose in this browser, and go back to where they were."""
    language = request.POST.get("language", "")
    if language not in dict(settings.LANGUAGES):
        raise Http404
    response = _back(request)
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=LANGUAGE_KEPT,
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )
    return response


def _back(request: HttpRequest) -> HttpResponse:
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        target = "home"
    return redirect(target)


@open_to("nobody: answers 404")
def closed(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """An address that allauth wants to name and that leads nowhere here."""
    raise Http404


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer for what Django refuses before a view sees it, without the exception, which may repeat what was sent."""
    if not wants_problem(request):
        return defaults.bad_request(request, exception)
    if isinstance(exception, RequestDataTooBig):
        return problem_response(413, BODY_TOO_LARGE)
    return problem_response(400, REQUEST_INVALID)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """Answer for what does not exist, and alike for what this person may not see."""
    if wants_problem(request):
        return problem_response(404, NOT_FOUND)
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer for a fault of ours, with the number that finds it in the log; needs no database."""
    if wants_problem(request):
        return problem_response(500, INTERNAL)
    number = str(getattr(request, "request_id", ""))[:13]
    # Without the request no context processor runs: the database may be what broke.
    return HttpResponse(render_to_string("500.html", {"number": number}), status=500)

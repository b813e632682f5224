"""The pages on which people see and set how they sign in: overview, sessions, API tokens."""

from django.contrib import messages
from django.contrib.auth import logout
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from audit.services import record_access_denied
from portal.accounts.activity import note_act
from portal.accounts.actors import actor_of, person_of
from portal.accounts.browsers import browser_of
from portal.accounts.factors import SECOND_FACTORS, factors_of
from portal.accounts.forms import ApiTokenForm
from portal.accounts.guards import only_signed_in
from portal.accounts.selectors import own_api_tokens, own_sessions, sign_in_security
from portal.accounts.services import create_api_token, end_session, revoke_api_token, sign_out_everywhere


@require_GET
@only_signed_in
def security(request: HttpRequest) -> HttpResponse:
    """Show every way in at a glance."""
    person = person_of(request)
    # Roles stand above accounts: whether they demand a second factor is asked for, not imported.
    demands = getattr(request, "demands_second_factor", None)
    context = {"security": sign_in_security(person), "is_demanded": bool(demands and demands(person))}
    return render(request, "account/security.html", context)


@require_GET
@only_signed_in
def to_security(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """Lead from allauth's own overview to ours."""
    return redirect("account_security")


@require_GET
@only_signed_in
def sessions(request: HttpRequest) -> HttpResponse:
    """List where one is signed in."""
    listed = [
        {"session": one, "browser": browser_of(one.user_agent), "is_current": _is_current(request, one.session_key)}
        for one in own_sessions(person_of(request))
    ]
    has_tokens = own_api_tokens(person_of(request)).exists()
    return render(request, "usersessions/usersession_list.html", {"sessions": listed, "has_api_tokens": has_tokens})


@require_POST
@only_signed_in
def end_one_session(request: HttpRequest, session_pk: int) -> HttpResponse:
    """End one of one's own sessions."""
    session = own_sessions(person_of(request)).filter(pk=session_pk).first()
    if session is None:
        record_access_denied(actor=actor_of(request), tried="session")
        raise Http404
    end_session(actor=actor_of(request), person=person_of(request), session=session)
    messages.success(request, _("The session has ended."))
    return redirect("usersessions_list")


@require_POST
@only_signed_in
def end_all_sessions(request: HttpRequest) -> HttpResponse:
    """End all sessions of one's own, this one too, and all API tokens where asked to."""
    with_tokens = request.POST.get("api_tokens") == "on"
    sign_out_everywhere(actor=actor_of(request), person=person_of(request), end_api_tokens=with_tokens)
    logout(request)
    return redirect("account_login")


@never_cache
@require_http_methods(["GET", "POST"])
@only_signed_in
def session_left(request: HttpRequest) -> HttpResponse:
    """Say how long the session still lasts; posting is doing something, and keeps it."""
    ends = getattr(request, "session_end", None)
    if ends is None:
        raise Http404
    if request.method == "POST":
        note_act(request)
    return JsonResponse({"seconds_left": ends().seconds_left, "may_stay": ends().may_stay})


@require_http_methods(["GET", "POST"])
@never_cache
@only_signed_in
def api_tokens(request: HttpRequest) -> HttpResponse:
    """List one's API tokens, and make one, which this answer alone shows."""
    person = person_of(request)
    form = ApiTokenForm(request.POST or None)
    made, text = None, ""
    if form.is_valid():
        made, text = create_api_token(
            actor=actor_of(request),
            person=person,
            name=form.cleaned_data["name"],
            lifetime=form.lifetime,
            is_read_only=form.cleaned_data["is_read_only"],
            with_second_factor=bool(SECOND_FACTORS.intersection(factors_of(request, person))),
        )
        form = ApiTokenForm()
    context = {"tokens": own_api_tokens(person), "form": form, "made": made, "token_text": text}
    return render(request, "account/tokens.html", context)


@require_POST
@only_signed_in
def revoke_one_token(request: HttpRequest, token_id: str) -> HttpResponse:
    """Revoke one of one's own API tokens."""
    token = own_api_tokens(person_of(request)).filter(pk=token_id).first()
    if token is None:
        record_access_denied(actor=actor_of(request), tried="api_token")
        raise Http404
    revoke_api_token(actor=actor_of(request), token=token)
    messages.success(request, _("The token has been revoked."))
    return redirect("account_tokens")


def _is_current(request: HttpRequest, session_key: str) -> bool:
    return session_key == request.session.session_key

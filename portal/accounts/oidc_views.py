"""The way of a patient to the national identity provider and back, on the views of mozilla-django-oidc."""

import time
from typing import Any, Final

from django.conf import settings
from django.contrib.auth import authenticate, logout
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from mozilla_django_oidc.views import (
    OIDCAuthenticationCallbackView,
    OIDCAuthenticationRequestView,
    OIDCLogoutView,
)

from audit.services import record_failed_sign_in
from portal.accounts.actors import actor_of, remote_address
from portal.accounts.guards import open_to
from portal.accounts.models import Theme, User
from portal.accounts.national_sign_in import Reason, SignInRefused
from portal.accounts.national_sign_out import provider_sign_out, way_out
from portal.accounts.oidc_provider import ProviderUnreachable, is_configured, national_provider

# Many patients come through one address of their mobile network; each takes two of these.
CALLS_PER_MINUTE: Final = 240
FAILURES_PER_MINUTE: Final = 30
STATE_SECONDS: Final = 600
STATES: Final = "oidc_states"
# The provider would confirm the same person at once again.
OTHERS_MAY: Final = frozenset({Reason.ID_MISSING, Reason.ID_INVALID, Reason.IDENTITY_CHANGED, Reason.SUSPENDED})
STATUSES: Final = {
    Reason.STATE_UNKNOWN: 400,
    Reason.STATE_EXPIRED: 400,
    Reason.PROVIDER_UNREACHABLE: 503,
}


@method_decorator([open_to("everybody: leads to the national identity provider"), never_cache], name="dispatch")  # type: ignore[list-item]
class NationalSignIn(OIDCAuthenticationRequestView):  # type: ignore[misc]
    """Send the browser to the provider, with state, nonce and PKCE kept in its session."""

    def __init__(self, **kwargs: Any) -> None:
        """Ask the provider for its addresses later, where trouble with it can be told."""
        self.initialised_with = kwargs

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Lead to the provider; a sentence where it cannot be reached."""
        _check_configured()
        if not _within(request, "calls", CALLS_PER_MINUTE):
            return render(request, "429.html", status=429)
        try:
            self.OIDC_OP_AUTH_ENDPOINT = national_provider().authorization_endpoint
        except ProviderUnreachable:
            return refusal_page(request, Reason.PROVIDER_UNREACHABLE)
        self.OIDC_RP_CLIENT_ID = settings.NATIONAL_OIDC_CLIENT_ID
        answer: HttpResponse = super().get(request)
        return answer

    def get_extra_params(self, request: HttpRequest) -> dict[str, str]:  # noqa: ARG002
        """Ask for pages in the person's language."""
        return {"ui_locales": get_language() or settings.LANGUAGE_CODE}


@method_decorator([open_to("everybody: comes back from the national identity provider"), never_cache], name="dispatch")  # type: ignore[list-item]
class NationalCallback(OIDCAuthenticationCallbackView):  # type: ignore[misc]
    """Sign in whom the provider confirms; whoever is refused gets a sentence, and the audit one event."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Answer for the provider's redirect."""
        _check_configured()
        if not _within(request, "calls", CALLS_PER_MINUTE):
            return render(request, "429.html", status=429)
        try:
            self.user = self.confirmed_person(request)
        except SignInRefused as refused:
            # Whoever calls this address in a loop does not fill the audit.
            if not _within(request, "failures", FAILURES_PER_MINUTE):
                return render(request, "429.html", status=429)
            record_failed_sign_in(actor=actor_of(request), username=refused.username, reason=refused.reason.value)
            return refusal_page(request, refused.reason)
        answer: HttpResponse = self.login_success()
        request.session.pop("oidc_login_next", None)
        self.welcome(request, self.user)
        return answer

    def confirmed_person(self, request: HttpRequest) -> User:
        """Return whom the provider confirms. Raises SignInRefused."""
        asked = _taken_state(request)
        if request.GET.get("error"):
            cancelled = request.GET["error"] == "access_denied"
            raise SignInRefused(Reason.CANCELLED if cancelled else Reason.PROVIDER_REFUSED)
        if asked["added_on"] < time.time() - STATE_SECONDS:
            raise SignInRefused(Reason.STATE_EXPIRED)
        _check_who_answers(request)
        found = authenticate(
            request, nonce=asked["nonce"], code_verifier=asked["code_verifier"], asked_at=asked["added_on"]
        )
        if not isinstance(found, User):
            raise SignInRefused(Reason.PROVIDER_REFUSED)
        return found

    def welcome(self, request: HttpRequest, person: User) -> None:
        """Do what an app above wants done once somebody is signed in."""


@method_decorator([open_to("everybody: ends one's own session"), never_cache], name="dispatch")  # type: ignore[list-item]
class NationalSignOut(OIDCLogoutView):  # type: ignore[misc]
    """Sign out here, and at the provider where the person came from there."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """End the session and lead on."""
        _check_configured()
        target = provider_sign_out(request) or reverse("account_login")
        logout(request)
        return redirect(target)


def refusal_page(request: HttpRequest, reason: Reason) -> HttpResponse:
    """Say in a sentence why nobody was signed in, and how to begin again, as somebody else where that may help."""
    leave = way_out(request) if reason in OTHERS_MAY else ""
    # Only patients come here, whose pages are light.
    said = {"reason": reason, "leave": leave, "theme": Theme.LIGHT.value}
    return render(request, "account/national_refused.html", said, status=STATUSES.get(reason, 403))


def _check_configured() -> None:
    if not is_configured():
        raise Http404


def _within(request: HttpRequest, what: str, limit: int) -> bool:
    """Count one more of an address in this minute; False where they are too many."""
    key = f"national-sign-in:{what}:{remote_address(request)}:{int(time.time()) // 60}"
    cache.add(key, 0, 120)
    return cache.incr(key) <= limit


def _taken_state(request: HttpRequest) -> dict[str, Any]:
    """Take what was kept when the person was sent to the provider: it is good once, whatever comes of it."""
    states = request.session.get(STATES)
    asked = states.pop(request.GET.get("state", ""), None) if isinstance(states, dict) else None
    if asked is None:
        raise SignInRefused(Reason.STATE_UNKNOWN)
    request.session.modified = True
    request.session.save()
    return dict(asked)


def _check_who_answers(request: HttpRequest) -> None:
    """Refuse an answer of another provider than the one that was asked (RFC 9207)."""
    try:
        provider = national_provider()
    except ProviderUnreachable as error:
        raise SignInRefused(Reason.PROVIDER_UNREACHABLE) from error
    named = request.GET.get("iss", provider.issuer if not provider.names_itself else "")
    if named != provider.issuer:
        raise SignInRefused(Reason.TOKEN_FOR_ANOTHER)

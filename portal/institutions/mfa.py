"""Demands a second factor of whoever holds certain roles, before anything else opens to them."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from allauth.account.forms import RequestLoginCodeForm
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from audit.services import record_access_denied
from portal.accounts.actors import actor_of
from portal.accounts.authentication import MFA_REQUIRED
from portal.accounts.factors import CODE_BY_EMAIL, IDENTITY_PROVIDER, SECOND_FACTORS, factors_of
from portal.accounts.models import User
from portal.accounts.problems import problem_members, wants_problem
from portal.accounts.selectors import has_second_factor
from portal.institutions.models import Membership, Role
from portal.institutions.selectors import running_memberships
from wire.problems import CONTENT_TYPE, Problem

NOBODY: Final = "none"
_ALWAYS: Final = frozenset(
    {"account_login", "account_logout", "account_inactive", "set_theme", "choose_language", "session_left"}
)
_PROVING: Final = frozenset(
    {"account_reauthenticate", "mfa_reauthenticate", "mfa_reauthenticate_webauthn", "mfa_authenticate"}
)
_WANTED: Final = "wanted_before_second_factor"
_SETTING_UP: Final = frozenset({"account_security", "mfa_index", "mfa_activate_totp", "mfa_add_webauthn"})


def demanded_roles() -> frozenset[str]:
    """The roles of MFA_DEMANDED_OF."""
    return frozenset(settings.MFA_DEMANDED_OF) - {NOBODY}


def demands_second_factor(person: User) -> bool:
    """True where one of the person's running roles demands a second factor."""
    return bool(_demanding(running_memberships(person)))


def is_proved_enough(request: HttpRequest, person: User, memberships: Iterable[Membership]) -> bool:
    """True where this session was proved as the person's roles demand."""
    demanding = _demanding(memberships)
    if not demanding:
        return True
    factors = set(factors_of(request, person))
    if factors & SECOND_FACTORS:
        return True
    if IDENTITY_PROVIDER in factors and settings.MFA_TRUSTS_IDENTITY_PROVIDERS:
        return True
    return CODE_BY_EMAIL in factors and _may_come_by_code(demanding)


class SecondFactorMiddleware:
    """Lets who has proved too little reach only what proves more. Stands after HatMiddleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Tell API tokens, which are recognised later, whom to ask."""
        named: Any = request
        named.demands_second_factor = demands_second_factor
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, arguments: Any, named: Any) -> HttpResponse | None:  # noqa: ARG002
        """Refuse, or lead to where a second factor is shown or set up; None lets the request through."""
        held: Any = request
        person = request.user
        if not isinstance(person, User):
            return None
        if is_proved_enough(request, person, held.memberships):
            _arrived(request)
            return None
        name = request.resolver_match.view_name if request.resolver_match else ""
        if name in _ALWAYS or name in _PROVING:
            return None
        # Who knows the password of somebody with a passkey must not add one of their own.
        has_one = has_second_factor(person)
        if name in _SETTING_UP and not has_one:
            return None
        if _brings_a_token(request):
            return None
        if wants_problem(request) or request.headers.get("HX-Request") == "true":
            return _refused(request)
        if has_one:
            return redirect(f"{reverse('mfa_reauthenticate')}?{urlencode({'next': request.get_full_path()})}")
        _keep_what_was_wanted(request)
        return redirect("account_security")


def wanted_before(request: HttpRequest) -> str:
    """Where a person wanted to go before they were led to set up a second factor; empty while they still have to."""
    held: Any = request
    person = request.user
    wanted: str = request.session.get(_WANTED, "")
    is_ready = isinstance(person, User) and bool(wanted) and is_proved_enough(request, person, held.memberships)
    return wanted if is_ready else ""


class OfferedCodeForm(RequestLoginCodeForm):  # type: ignore[misc]
    """Asks for a code by e-mail; it is sent to consultants whose institution allows it, and the answer tells nobody."""

    _user: User | None

    def clean_email(self) -> str:
        """The address; whose it is only where a code may be sent."""
        email: str = super().clean_email()
        person: User | None = self._user
        if person is not None and not _may_come_by_code(list(running_memberships(person))):
            self._user = None
        return email


def _keep_what_was_wanted(request: HttpRequest) -> None:
    if request.method == "GET" and request.path != reverse("home"):
        request.session[_WANTED] = request.get_full_path()


def _arrived(request: HttpRequest) -> None:
    if request.session.get(_WANTED) == request.get_full_path():
        del request.session[_WANTED]


def _demanding(memberships: Iterable[Membership]) -> list[Membership]:
    return [membership for membership in memberships if membership.role in demanded_roles()]


def _may_come_by_code(memberships: list[Membership]) -> bool:
    return bool(memberships) and all(
        membership.role == Role.CONSULTANT and membership.institution.allows_code_by_email for membership in memberships
    )


def _brings_a_token(request: HttpRequest) -> bool:
    # Recognised by its own token, which answers for itself, and not by the cookie that came along.
    return wants_problem(request) and request.headers.get("Authorization", "").lower().startswith("token ")


def _refused(request: HttpRequest) -> HttpResponse:
    record_access_denied(actor=actor_of(request), tried=MFA_REQUIRED)
    words = "Your role needs a second factor. Sign in with one, or set one up."
    problem = Problem(**problem_members(403, MFA_REQUIRED, words))
    return HttpResponse(problem.model_dump_json(), status=403, content_type=CONTENT_TYPE)

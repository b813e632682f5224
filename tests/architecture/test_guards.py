"""Every address of the portal states who may open it."""

from collections.abc import Iterator

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.permissions import AllowAny
from rest_framework.views import APIView

# allauth's own: signing in, proving oneself again and signing out are for everybody, by nature.
OPEN_BY_NATURE = {
    "account_login",
    "account_logout",
    "account_inactive",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "account_request_login_code",
    "account_confirm_login_code",
    "mfa_authenticate",
    "mfa_login_webauthn",
}
# Proves itself by the key that it brings and the one-time code.
OPEN_VIEWS = {"EnrolmentsView"}


def addresses(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        place = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, place)
        else:
            yield place, pattern


ALL = sorted(addresses(get_resolver("portal.urls").url_patterns), key=lambda entry: entry[0])


def test_the_walk_finds_the_portal() -> None:
    found = {place for place, _ in ALL}
    assert {"", "people/", "monitoring/", "metrics", "audit/", "worklist/", "wire/v1/heartbeats/"} <= found


@pytest.mark.parametrize(("place", "pattern"), ALL, ids=[place or "/" for place, _ in ALL])
def test_an_address_states_its_guard(place: str, pattern: URLPattern) -> None:
    if pattern.name in OPEN_BY_NATURE:
        return
    view = getattr(pattern.callback, "cls", None)
    if view is None:
        assert isinstance(getattr(pattern.callback, "guard", None), str), f"{place} states no guard"
        return
    assert issubclass(view, APIView)
    initkwargs = getattr(pattern.callback, "initkwargs", {})
    permissions = initkwargs.get("permission_classes", view.permission_classes)
    assert permissions, f"{place} has no permission class"
    assert AllowAny not in permissions or view.__name__ in OPEN_VIEWS, f"{place} is open to everybody"

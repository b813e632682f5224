"""Has each page say who may open it, so that a test can walk all addresses and find none unguarded."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse

Page = Callable[..., HttpResponse]


def only_signed_in(view: Page) -> Page:
    """Guard a page for whoever is signed in; it shows and changes nothing but their own."""
    guarded: Page = login_required(view)
    guarded.guard = "signed in"  # type: ignore[attr-defined]
    return guarded


def open_to(words: str) -> Callable[[Page], Page]:
    """State why a page needs no guard."""

    def stated(view: Page) -> Page:
        @wraps(view)
        def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            return view(request, *args, **kwargs)

        wrapper.guard = words  # type: ignore[attr-defined]
        return wrapper

    return stated

"""Names who acts in a request, for the audit."""

from typing import Any

from allauth.account.adapter import get_adapter
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest

from audit.actors import Actor, UnknownActor
from portal.accounts.models import Kind, User


def actor_of(request: Any) -> Actor:
    """Return the person of a Django or REST request with the hat they wear; nobody when signed out.

    The hat comes from `portal.institutions`, which stands above: it is asked for, not imported.
    """
    user = getattr(request, "user", None)
    person = user if isinstance(user, User) and user.is_authenticated else None
    if person is None:
        request_id = str(getattr(request, "request_id", ""))
        return UnknownActor(remote_address=remote_address(request), request_id=request_id)
    return actor_for(request, person)


def actor_for(request: Any, person: User) -> Actor:
    """Return a person whom the request is about to recognise, with the hat they wear."""
    hat = _hat(request, person)
    return Actor(
        actor_id=str(person.subject),
        name=person.full_name,
        role=hat.role if hat else role_without_hat(person),
        institution=hat.institution.short_name if hat else "",
        remote_address=remote_address(request),
        request_id=str(getattr(request, "request_id", "")),
    )


def role_without_hat(person: User) -> str:
    """What the audit calls whoever wears no hat: the holder of a share link, or nothing."""
    return person.kind if person.kind == Kind.LINK_HOLDER else ""


def person_of(request: HttpRequest) -> User:
    """Return the person of a request to a guarded page. Raises PermissionDenied where there is none."""
    if isinstance(request.user, User):
        return request.user
    raise PermissionDenied


def remote_address(request: Any) -> str:
    """Return the address of the client as our own proxies tell it; "" where it cannot be known."""
    django_request: HttpRequest = getattr(request, "_request", request)
    try:
        return str(get_adapter().get_client_ip(django_request))
    except (PermissionDenied, ImproperlyConfigured):
        return ""


def _hat(request: Any, person: User) -> Any:
    hat = getattr(request, "hat", None)
    if hat is not None and hat.user_id == person.pk:
        return hat
    # Signed in within this request, or by an API token: the middleware saw nobody yet.
    hat_for = getattr(request, "hat_for", None)
    return hat_for(person) if hat_for else None

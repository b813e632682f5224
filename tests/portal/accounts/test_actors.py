"""The audit is told who acts: person, hat, address and request."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.test import RequestFactory
from knox.models import AuthToken
from rest_framework.request import Request

from audit.actors import Actor, UnknownActor
from audit.actors import actor_of as audited_actor_of
from portal.accounts.actors import actor_of, person_of, remote_address
from portal.institutions.middleware import HatMiddleware
from tests.portal.accounts.factories import UserFactory
from tests.portal.institutions.factories import InstitutionFactory, MembershipFactory


def request_of(user, **headers):
    request = RequestFactory().get("/", headers=headers)
    request.user = user
    request.request_id = "7f3c91ae"
    request.session = {}
    return request


def test_somebody_signed_out_is_nobody() -> None:
    actor = actor_of(request_of(AnonymousUser()))
    assert actor == UnknownActor(remote_address="127.0.0.1", request_id="7f3c91ae")
    assert (actor.actor_id, actor.name, actor.role) == ("", "", "not_signed_in")


@pytest.mark.django_db
def test_a_person_acts_under_their_hat() -> None:
    membership = MembershipFactory(institution__short_name="Nistru Clinical")
    request = request_of(membership.user)
    HatMiddleware(lambda request: None)(request)
    assert actor_of(request) == Actor(
        actor_id=str(membership.user.subject),
        name=membership.user.full_name,
        role="radiologist",
        institution="Nistru Clinical",
        remote_address="127.0.0.1",
        request_id="7f3c91ae",
    )
    assert audited_actor_of(request) == actor_of(request)


@pytest.mark.django_db
def test_a_person_without_a_role_acts_without_one() -> None:
    actor = actor_of(request_of(UserFactory()))
    assert (actor.role, actor.institution) == ("", "")


@pytest.mark.django_db
def test_an_api_token_acts_under_the_first_hat() -> None:
    membership = MembershipFactory(institution=InstitutionFactory(short_name="Codru Imaging"))
    _, token = AuthToken.objects.create(membership.user)
    plain = request_of(AnonymousUser())
    HatMiddleware(lambda request: None)(plain)
    from knox.auth import TokenAuthentication

    plain.META["HTTP_AUTHORIZATION"] = f"Token {token}"
    actor = actor_of(Request(plain, authenticators=[TokenAuthentication()]))
    assert (actor.actor_id, actor.institution) == (str(membership.user.subject), "Codru Imaging")


def test_a_forwarded_address_is_not_believed_without_a_proxy_of_ours() -> None:
    request = request_of(AnonymousUser(), **{"X-Forwarded-For": "10.0.0.1"})
    assert remote_address(request) == "127.0.0.1"


def test_the_proxy_of_ours_tells_the_address(settings) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    request = request_of(AnonymousUser(), **{"X-Forwarded-For": "6.6.6.6, 10.20.4.17"})
    assert remote_address(request) == "10.20.4.17"


@pytest.mark.parametrize("address", ["", "not an address"])
def test_an_address_that_cannot_be_known_is_empty(address: str) -> None:
    request = request_of(AnonymousUser())
    request.META["REMOTE_ADDR"] = address
    assert remote_address(request) == ""


def test_a_page_without_a_person_is_refused() -> None:
    with pytest.raises(PermissionDenied):
        person_of(request_of(AnonymousUser()))

"""To an institution's provider and back."""

from typing import Any

from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from portal.accounts.guards import open_to
from portal.single_sign_on.adapter import refused
from portal.single_sign_on.provider import InstitutionAdapter, InstitutionProvider
from portal.single_sign_on.selectors import enabled_provider


@require_POST
@open_to("everybody: leads to the identity provider of an institution")
def start(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Lead to the provider; by a page, as the browser's policy lets no form post to another site."""
    provider = enabled_provider(provider_id)
    if provider is None:
        raise Http404
    response: HttpResponse = InstitutionProvider(request, app=provider.app).redirect_from_request(request)
    if not isinstance(response, HttpResponseRedirect):
        return response
    page = render(request, "single_sign_on/leaving.html", {"provider": provider, "url": response.url})
    page["Refresh"] = f"0; url={response.url}"
    return page


class _CallbackView(OAuth2CallbackView):  # type: ignore[misc]
    def _get_state(self, request: HttpRequest, provider: Any) -> Any:
        state, response = super()._get_state(request, provider)
        if state is not None:
            self.adapter.nonce = state.get("nonce", "")
        return state, response


@require_GET
@open_to("everybody: takes in what the identity provider says, once and for this browser only")
def finish(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Sign in whom the provider vouches for."""
    if enabled_provider(provider_id) is None:
        raise Http404
    try:
        response: HttpResponse = _CallbackView.adapter_view(InstitutionAdapter(request, provider_id))(request)
    except SocialApp.DoesNotExist as error:
        raise Http404 from error
    except (KeyError, TypeError, ValueError):
        # What the provider sent has not the shape that it must have.
        return refused(request, "malformed_answer")
    return response

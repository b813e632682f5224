"""How allauth treats who comes by an institution's provider: found or made by our rules, never by e-mail alone."""

from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from audit.services import record_failed_sign_in
from portal.accounts.actors import actor_of
from portal.single_sign_on.errors import SignInRefused
from portal.single_sign_on.models import IdentityProvider
from portal.single_sign_on.selectors import enabled_provider
from portal.single_sign_on.sign_in import welcome


class InstitutionAccountAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """No sign-up form, no connecting by oneself; a refusal is a page and an event of the audit."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:  # noqa: ARG002
        """Nobody: `welcome` makes the accounts."""
        return False

    def list_apps(self, request: HttpRequest, provider: str | None = None, client_id: str | None = None) -> list[Any]:
        """The apps of enabled providers; another does not exist."""
        apps: list[SocialApp] = super().list_apps(request, provider=provider, client_id=client_id)
        enabled = set(IdentityProvider.objects.filter(is_enabled=True).values_list("app_id", flat=True))
        return [app for app in apps if app.pk in enabled]

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Find or make the person of verified claims."""
        provider = enabled_provider(sociallogin.account.provider)
        if provider is None:
            raise ImmediateHttpResponse(refused(request, "provider_disabled"))
        try:
            welcome(provider, sociallogin.claims)
        except SignInRefused as error:
            raise ImmediateHttpResponse(refused(request, error.code, str(error), provider)) from error
        if not sociallogin.is_existing:
            sociallogin.lookup()

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: Any = None,
        extra_context: Any = None,  # noqa: ARG002
    ) -> None:
        """Answer for what went wrong at the provider or on the way, with a plain page."""
        known = enabled_provider(provider.app.provider_id)
        code = str(exception) if exception is not None and exception.args else str(error or "unknown")
        raise ImmediateHttpResponse(refused(request, code, provider=known))


def refused(request: HttpRequest, code: str, words: str = "", provider: IdentityProvider | None = None) -> HttpResponse:
    """The page that says that nobody was signed in; `code` is for the audit alone."""
    record_failed_sign_in(
        actor=actor_of(request), username=provider.giver_name if provider else "identity provider", reason=code
    )
    shown = words or _("Your institution's sign-in did not work. Nobody was signed in. Try again.")
    return render(request, "single_sign_on/refused.html", {"words": shown, "provider": provider}, status=403)

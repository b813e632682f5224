"""Changes to an institution's identity providers; every act names its actor and is audited."""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

from allauth.socialaccount.models import SocialApp
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.actors import Actor
from audit.services import record_identity_provider_set, record_provider_connection_allowed
from portal.accounts.models import User
from portal.institutions.models import Institution, Role
from portal.institutions.rights import GIVABLE_BY_ADMINISTRATORS
from portal.institutions.selectors import institutions_managed_by
from portal.single_sign_on.errors import NotYourProvider, ProviderRefused
from portal.single_sign_on.models import AwaitedConnection, IdentityProvider, ProviderDomain
from portal.single_sign_on.selectors import people_to_connect, provider_to_change, providers_managed_by

CONNECTION_AWAITED_FOR: Final = timedelta(days=7)
PROVIDER: Final = "openid_connect"
_DOMAIN: Final = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class ProviderTerms:
    """How a provider is to be. An empty `client_secret` keeps the one that is set."""

    name: str
    issuer: str
    client_id: str
    domains: tuple[str, ...]
    client_secret: str = ""
    role_claim: str = "groups"
    role_mapping: dict[str, str] = field(default_factory=dict)
    is_enabled: bool = True


@transaction.atomic
def set_up_provider(*, actor: Actor, institution: Institution, terms: ProviderTerms) -> IdentityProvider:
    """Make a provider for an institution. Raises ProviderRefused."""
    _check(terms)
    if not terms.client_secret:
        raise ProviderRefused("client_secret", _("Give the client secret that the provider shows for this portal."))
    if SocialApp.objects.filter(client_id=terms.client_id, settings__server_url=terms.issuer).exists():
        raise ProviderRefused("client_id", _("This provider is set up already."))
    app = SocialApp(provider=PROVIDER, provider_id=f"{institution.code.lower()}-{uuid4().hex[:8]}")
    _write_app(app, terms)
    provider = IdentityProvider(institution=institution, app=app, created_at=timezone.now())
    return _write(actor, provider, terms)


@transaction.atomic
def set_up_provider_as_administrator(
    *, actor: Actor, administrator: User, institution_pk: int, terms: ProviderTerms
) -> IdentityProvider:
    """Make a provider for one of the administrator's institutions. Raises NotYourProvider, ProviderRefused."""
    institution = institutions_managed_by(administrator).filter(pk=institution_pk).first()
    if institution is None:
        raise NotYourProvider
    return set_up_provider(actor=actor, institution=institution, terms=terms)


@transaction.atomic
def change_provider(*, actor: Actor, administrator: User, pk: int, terms: ProviderTerms) -> IdentityProvider:
    """Change one of the administrator's providers. Raises NotYourProvider, ProviderRefused."""
    provider = provider_to_change(administrator, pk)
    if provider is None:
        raise NotYourProvider
    _check(terms)
    if terms.issuer != provider.issuer and not terms.client_secret:
        # Another machine must not be handed the secret of the first.
        raise ProviderRefused("client_secret", _("Another issuer needs its own client secret."))
    _write_app(provider.app, terms)
    return _write(actor, provider, terms)


@transaction.atomic
def disable_provider(*, actor: Actor, administrator: User, pk: int) -> IdentityProvider:
    """Let nobody in by this provider any more. Raises NotYourProvider."""
    provider = provider_to_change(administrator, pk)
    if provider is None:
        raise NotYourProvider
    if provider.is_enabled:
        provider.is_enabled = False
        provider.save(update_fields=["is_enabled"])
        _record(actor, provider)
    return provider


@transaction.atomic
def await_connection(*, actor: Actor, administrator: User, pk: int, person_pk: int) -> AwaitedConnection:
    """Let a person of the provider's institution, and of no other, come by it at their next sign-in, within a week.

    Raises NotYourProvider.
    """
    provider = providers_managed_by(administrator).filter(pk=pk).first()
    if provider is None:
        raise NotYourProvider
    person = people_to_connect(provider).filter(pk=person_pk).first()
    if person is None or person.pk == administrator.pk:
        raise NotYourProvider
    awaited, _made = AwaitedConnection.objects.update_or_create(
        provider=provider,
        user=person,
        defaults={"allowed_by": administrator, "allowed_until": timezone.now() + CONNECTION_AWAITED_FOR},
    )
    record_provider_connection_allowed(
        actor=actor,
        person_id=str(person.subject),
        person_name=person.full_name,
        institution=provider.institution.short_name,
        provider=provider.app.name,
    )
    return awaited


def _check(terms: ProviderTerms) -> None:
    address = urlsplit(terms.issuer)
    is_safe = address.scheme == "https" or (
        address.scheme == "http" and address.hostname in _LOOPBACK and settings.IDENTITY_PROVIDERS_ON_LOOPBACK
    )
    if not is_safe or not address.hostname or address.query or address.fragment or address.username:
        raise ProviderRefused("issuer", _("Give the issuer as an address that begins with https://."))
    if not terms.domains:
        raise ProviderRefused("domains", _("Name at least one domain of your institution's e-mail addresses."))
    for domain in terms.domains:
        if not _DOMAIN.fullmatch(domain):
            raise ProviderRefused("domains", _("A domain looks like hospital.example, without @ and spaces."))
    for role in terms.role_mapping.values():
        if role not in {one.value for one in GIVABLE_BY_ADMINISTRATORS} or role == Role.PATIENT:
            raise ProviderRefused("role_mapping", _("A claim can give the roles of staff of your institution only."))


def _write_app(app: SocialApp, terms: ProviderTerms) -> None:
    app.name = terms.name
    app.client_id = terms.client_id
    app.secret = terms.client_secret or app.secret
    app.settings = {"server_url": terms.issuer}
    app.save()


def _write(actor: Actor, provider: IdentityProvider, terms: ProviderTerms) -> IdentityProvider:
    provider.role_claim = terms.role_claim
    provider.role_mapping = dict(terms.role_mapping)
    provider.is_enabled = terms.is_enabled
    provider.save()
    _write_domains(provider, terms.domains)
    _record(actor, provider)
    return provider


def _write_domains(provider: IdentityProvider, domains: tuple[str, ...]) -> None:
    provider.domains.exclude(domain__in=domains).delete()
    held = set(provider.domains.values_list("domain", flat=True))
    try:
        with transaction.atomic():
            new = [domain for domain in dict.fromkeys(domains) if domain not in held]
            ProviderDomain.objects.bulk_create(ProviderDomain(provider=provider, domain=domain) for domain in new)
    except IntegrityError as error:
        raise ProviderRefused("domains", _("Another provider vouches for one of these domains.")) from error


def _record(actor: Actor, provider: IdentityProvider) -> None:
    record_identity_provider_set(
        actor=actor,
        institution=provider.institution.short_name,
        provider=provider.app.name,
        issuer=provider.issuer,
        is_enabled=provider.is_enabled,
    )


def terms_of(provider: IdentityProvider, **changed: Any) -> ProviderTerms:
    """How a provider is now, but for what is changed; the secret is never read out."""
    now: dict[str, Any] = {
        "name": provider.app.name,
        "issuer": provider.issuer,
        "client_id": provider.app.client_id,
        "domains": tuple(row.domain for row in provider.domains.all()),
        "role_claim": provider.role_claim,
        "role_mapping": dict(provider.role_mapping),
        "is_enabled": provider.is_enabled,
    }
    return ProviderTerms(**{**now, **changed})

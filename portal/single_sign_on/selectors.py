"""Reads of identity providers."""

from django.db.models import QuerySet
from django.utils import timezone

from portal.accounts.models import User
from portal.institutions.models import Institution, Membership
from portal.institutions.rights import GIVABLE_BY_ADMINISTRATORS
from portal.institutions.selectors import ends_after, institutions_managed_by, people_of
from portal.single_sign_on.models import IdentityProvider


def enabled_providers() -> QuerySet[IdentityProvider]:
    """The providers by which people may sign in."""
    return IdentityProvider.objects.filter(is_enabled=True).select_related("app", "institution")


def enabled_provider(provider_id: str) -> IdentityProvider | None:
    """The enabled provider of this name in addresses."""
    return enabled_providers().filter(app__provider_id=provider_id).first()


def providers_managed_by(administrator: User) -> QuerySet[IdentityProvider]:
    """The providers of the administrator's institutions."""
    managed = IdentityProvider.objects.filter(institution__in=institutions_managed_by(administrator))
    return managed.select_related("app", "institution").prefetch_related("domains")


def provider_to_change(administrator: User, pk: int) -> IdentityProvider | None:
    """One of the administrator's providers, locked for the transaction."""
    return providers_managed_by(administrator).select_for_update(of=("self",)).filter(pk=pk).first()


def people_to_connect(provider: IdentityProvider) -> QuerySet[User]:
    """People of the provider's institution who are nothing else, and do not govern.

    Its administrator chooses the provider, which could say to be anybody whom it knows: it must open nothing that they
    hold in another institution, as a patient of the state's, or above the administrator.
    """
    beyond = Membership.objects.filter(ends_after(timezone.now())).exclude(
        institution=provider.institution, role__in=GIVABLE_BY_ADMINISTRATORS
    )
    people = people_of(Institution.objects.filter(pk=provider.institution_id))
    return people.exclude(pk__in=beyond.values("user"))

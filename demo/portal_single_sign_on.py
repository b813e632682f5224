"""Tells the portal of institution A's OpenID provider, and lets its radiologists come by it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Final

from django.urls import reverse
from django.utils import timezone

from audit.actors import SystemActor
from demo.identity_providers import CLIENT_ID, INSTITUTION_EMAIL_DOMAIN, RADIOLOGY_GROUP
from demo.people import INSTITUTIONS, STAFF
from demo.state_files import write_json
from portal.accounts.models import User
from portal.institutions.models import Institution, Role
from portal.single_sign_on.models import AwaitedConnection, IdentityProvider
from portal.single_sign_on.services import ProviderTerms, change_provider, set_up_provider

ACTOR: Final = SystemActor("demo")
HOME: Final = INSTITUTIONS[0]
AWAITED_FOR: Final = timedelta(days=7)


def seed_provider(issuer: str, secret_file: Path, callbacks_file: Path) -> None:
    """Set the provider up, or bring its address up to date; note where it is to send people back to."""
    institution = Institution.objects.get(code=HOME.code)
    terms = ProviderTerms(
        name=HOME.short_name,
        issuer=issuer,
        client_id=CLIENT_ID,
        client_secret=secret_file.read_text(encoding="utf-8").strip(),
        domains=(INSTITUTION_EMAIL_DOMAIN,),
        role_mapping={RADIOLOGY_GROUP: Role.RADIOLOGIST.value},
    )
    provider = IdentityProvider.objects.filter(institution=institution).first()
    administrator = User.objects.get(username=_username(Role.INSTITUTION_ADMINISTRATOR))
    if provider is None:
        provider = set_up_provider(actor=ACTOR, institution=institution, terms=terms)
    elif provider.issuer != issuer:
        provider = change_provider(actor=ACTOR, administrator=administrator, pk=provider.pk, terms=terms)
    await_radiologists(provider, administrator)
    callback = reverse("openid_connect_callback", args=[provider.app.provider_id])
    write_json(callbacks_file, [callback])


def await_radiologists(provider: IdentityProvider, administrator: User) -> None:
    """The accounts of demo.json are those of the provider: the first sign-in by it connects them."""
    for person in STAFF:
        if (person.role, person.institution) == (Role.RADIOLOGIST, HOME.code):
            user = User.objects.get(username=person.username)
            user.email = f"{person.username}@{INSTITUTION_EMAIL_DOMAIN}"
            user.save(update_fields=["email"])
            AwaitedConnection.objects.update_or_create(
                provider=provider,
                user=user,
                defaults={"allowed_by": administrator, "allowed_until": timezone.now() + AWAITED_FOR},
            )


def _username(role: Role) -> str:
    return next(one.username for one in STAFF if (one.role, one.institution) == (role, HOME.code))

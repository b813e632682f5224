"""Events of institutions' identity providers; written through `audit.services`, as all others."""

from audit.actors import Actor
from audit.models import Action, AuditEvent
from audit.records import record


def record_identity_provider_set(
    *, actor: Actor, institution: str, provider: str, issuer: str, is_enabled: bool
) -> AuditEvent:
    """`actor` set up, changed or disabled an identity provider of an institution."""
    return record(
        action=Action.IDENTITY_PROVIDER_SET,
        actor=actor,
        institution=institution,
        details={"provider": provider, "issuer": issuer, "is_enabled": is_enabled},
    )


def record_provider_account_made(
    *, actor: Actor, person_id: str, person_name: str, institution: str, connected: bool
) -> AuditEvent:
    """A provider vouched for a person for the first time: an account was made, or the awaited one connected."""
    return record(
        action=Action.PROVIDER_ACCOUNT_MADE,
        actor=actor,
        institution=institution,
        details={"person_id": person_id, "person_name": person_name, "connected": connected},
    )


def record_provider_connection_allowed(
    *, actor: Actor, person_id: str, person_name: str, institution: str, provider: str
) -> AuditEvent:
    """`actor` said that a person who has an account may come by the provider."""
    return record(
        action=Action.PROVIDER_CONNECTION_ALLOWED,
        actor=actor,
        institution=institution,
        details={"person_id": person_id, "person_name": person_name, "provider": provider},
    )

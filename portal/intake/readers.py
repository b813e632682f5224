"""Finds the person whom a DICOM Server names by the subject of a viewer token."""

from uuid import UUID

from audit.actors import Actor, UnknownActor
from portal.accounts.actors import role_without_hat
from portal.accounts.models import User
from portal.institutions.selectors import chosen_membership
from wire.events import AccessEvent


def known_reader(subject: str | None) -> User | None:
    """The person of this subject; None where a refused token named nobody of ours."""
    try:
        return User.objects.filter(subject=UUID(subject)).first() if subject else None
    except ValueError:
        return None


def reader_as_actor(reader: User | None, event: AccessEvent) -> Actor:
    """The reader as the audit names them; what a token of nobody claimed is kept as claimed."""
    if reader is None:
        return UnknownActor(actor_id=event.sub or "", remote_address=event.remote_address)
    hat = chosen_membership(reader, None)
    return Actor(
        actor_id=str(reader.subject),
        name=reader.full_name,
        role=hat.role if hat else role_without_hat(reader),
        institution=hat.institution.short_name if hat else "",
        remote_address=event.remote_address,
    )

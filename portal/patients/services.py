"""What a patient reads of themselves, recorded as it is read."""

from datetime import date

from django.db import transaction

from audit.actors import Actor
from audit.services import record_looks_read, record_worklist_query
from portal.accounts.models import NationalIdentity, User
from portal.grants.policy import Sight
from portal.patients.looks import Looks, looks_at_own
from portal.patients.selectors import PAGE_SIZE, OwnImages, own_images


@transaction.atomic
def read_own_images(*, actor: Actor, sight: Sight, after: int | None = None, size: int = PAGE_SIZE) -> OwnImages:
    """One page of the person's own timeline."""
    page = own_images(sight, after=after, size=size)
    record_worklist_query(actor=actor, filters={}, results=len(page.studies))
    return page


@transaction.atomic
def read_looks(*, actor: Actor, user: User, until: date | None = None) -> Looks:
    """Who looked at the person's own images."""
    found = looks_at_own(user, until=until)
    identity = NationalIdentity.objects.filter(user=user).first()
    record_looks_read(
        actor=actor, results=len(found.looks), patient_identifiers=[identity.national_id] if identity else []
    )
    return found

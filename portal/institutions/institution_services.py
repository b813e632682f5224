"""What an institution's administrators choose for it."""

from collections.abc import Mapping
from typing import Any, Final
from zoneinfo import available_timezones

from django.db import transaction

from audit.actors import Actor
from audit.services import record_institution_changed
from portal.accounts.models import User
from portal.institutions.models import Institution
from portal.institutions.selectors import institutions_managed_by

CHOSEN: Final = frozenset({"allows_code_by_email", "shows_staff_names", "time_zone"})
"""What they choose; name, code and short name are the network's."""


class NotYourInstitution(Exception):
    """The person does not administer it; to them it does not exist."""


class UnknownTimeZone(ValueError):
    """There is no such time zone."""


@transaction.atomic
def change_institution(
    *, actor: Actor, administrator: User, institution_pk: int, changes: Mapping[str, Any]
) -> Institution:
    """Set some of CHOSEN; what stays as it was is not recorded. Raises NotYourInstitution or UnknownTimeZone."""
    managed = institutions_managed_by(administrator)
    institution = Institution.objects.select_for_update(no_key=True).filter(pk=institution_pk, pk__in=managed).first()
    if institution is None:
        raise NotYourInstitution
    if "time_zone" in changes and changes["time_zone"] not in available_timezones():
        raise UnknownTimeZone("There is no such time zone. Take one such as Europe/Chisinau.")
    changed = {name: value for name, value in changes.items() if name in CHOSEN and value != getattr(institution, name)}
    if not changed:
        return institution
    for name, value in changed.items():
        setattr(institution, name, value)
    institution.save(update_fields=sorted(changed))
    record_institution_changed(actor=actor, institution=institution.short_name, changes=changed)
    return institution

"""Who may do which errand at which DICOM Server."""

from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from portal.accounts.models import User
from portal.institutions.models import Role
from portal.institutions.selectors import institutions_of
from portal.servers.models import DicomServer
from portal.servers.selectors import servers_of
from wire.errands import ErrandName

ROLES: Final[dict[ErrandName, Role]] = {
    "upload": Role.RADIOLOGIST,
    "find_elsewhere": Role.RADIOLOGIST,
    "delete": Role.INSTITUTION_ADMINISTRATOR,
}
"""The role in the server's own institution that an errand needs."""


def may_do_something(person: User, server_id: UUID) -> bool:
    """True where the person has any errand at this server."""
    return any(servers_for_errand(person, errand).filter(pk=server_id).exists() for errand in ROLES)


def servers_for_errand(person: User, errand: ErrandName) -> QuerySet[DicomServer]:
    """The servers at which a person may do the errand now, by name; none for whoever may not."""
    return servers_of(institutions_of(person, ROLES[errand])).order_by("name", "pk")

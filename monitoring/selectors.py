"""Which servers a person watches over."""

from portal.accounts.models import User
from portal.institutions.models import Role
from portal.institutions.selectors import institutions_managed_by, running_memberships
from portal.servers.models import DicomServer
from portal.servers.selectors import servers_of


def watched_servers(user: User) -> list[DicomServer]:
    """All servers for a system administrator, those of the own institution for its administrator."""
    if running_memberships(user).filter(role=Role.SYSTEM_ADMINISTRATOR).exists():
        servers = servers_of(None)
    else:
        servers = servers_of(institutions_managed_by(user))
    return list(servers.select_related("state").order_by("name", "pk"))


def all_servers() -> list[DicomServer]:
    """Every server that may speak, with its state, for the metrics."""
    return list(servers_of(None).select_related("state").order_by("pk"))

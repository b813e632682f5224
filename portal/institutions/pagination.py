"""In what order programs get people, roles, invitations and institutions."""

from portal.accounts.pagination import PlacePagination


class NewestPeople(PlacePagination):
    """Who came last, first."""

    ordering = ("-date_joined", "-id")


class NewestRoles(PlacePagination):
    """What was given last, first."""

    ordering = ("-since", "-id")


class NewestInvitations(PlacePagination):
    """What was first sent last, first."""

    ordering = ("-created_at", "-id")


class InstitutionsByCode(PlacePagination):
    """By code."""

    ordering = ("code",)

    def is_place(self, position: str) -> bool:
        """True for text that a code can be compared with."""
        return "\x00" not in position

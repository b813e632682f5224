"""Why a share link cannot be made, and that one cannot be taken back."""

from django.utils.translation import gettext_lazy as _

from portal.grants.errors import GrantRefused


class LinkTooLong(GrantRefused):
    """The end is beyond what any link may have."""

    code = "link_too_long"
    field = "valid_until"
    words = _("A link ends after 90 days at the latest. Choose an earlier end.")


class TooManyUses(GrantRefused):
    """The number of uses is none, or beyond what any link may have."""

    code = "too_many_uses"
    field = "max_uses"
    words = _("A link can be opened from 1 to 100 times.")


class LinkWithoutLabel(GrantRefused):
    """Nobody could tell this link from others."""

    code = "link_without_label"
    field = "label"
    words = _("Say for whom the link is, in 1 to 80 characters.")


class NotYourLink(Exception):
    """The link is not the actor's to take back; to them it does not exist."""

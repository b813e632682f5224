"""Lets the page of the people show who was invited to them and has not come yet."""

from collections.abc import Sequence

from django import template

from portal.accounts.models import User
from portal.invitations.models import Invitation
from portal.invitations.selectors import pending_known_to

register = template.Library()
_SHOWN = 50


@register.simple_tag
def waiting_invitations(person: User) -> Sequence[Invitation]:
    """Return the newest invitations that wait: `{% waiting_invitations user as waiting %}`."""
    return list(pending_known_to(person)[:_SHOWN])

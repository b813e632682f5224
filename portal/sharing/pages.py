"""The list of one's share links as values, page by page."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.sharing.models import Closing, ShareLink, State
from portal.sharing.selectors import share_links_made_by

PAGE_SIZE: Final = 25
STATES: Final[dict[State, tuple[str | Promise, str, str]]] = {
    State.OPEN: (_("Works"), "check-circle", "ok"),
    State.USED_UP: (_("Used up"), "check2-all", ""),
    State.EXPIRED: (_("Ended"), "clock", ""),
    State.CLOSED: (_("Closed"), "lock", "danger"),
    State.REVOKED: (_("Taken back"), "x-lg", ""),
}


@dataclass(frozen=True)
class LinkRow:
    """One link of the list: its state in word, icon and colour, and whether there is anything to take back."""

    link: ShareLink
    state: State
    is_running: bool

    @property
    def words(self) -> str | Promise:
        """The state in words."""
        return STATES[self.state][0]

    @property
    def icon(self) -> str:
        """The icon of the state."""
        return STATES[self.state][1]

    @property
    def tone(self) -> str:
        """The colour of the state, empty for grey."""
        return STATES[self.state][2]

    @property
    def why_closed(self) -> str:
        """Why the portal closed it; empty where it did not."""
        why = self.link.why_ended
        return str(why.label) if why is not None and why != Closing.REVOKED else ""

    @property
    def may_download(self) -> bool:
        """True where the holder may download."""
        return "download" in self.link.permissions


@dataclass(frozen=True)
class LinksPage:
    """Some of the links, and the last of them where older ones follow."""

    rows: tuple[LinkRow, ...]
    last: UUID | None


def links_page(user: User, after: str = "") -> LinksPage:
    """The person's links, newest first; those older than the link `after` where it is one of theirs."""
    links = share_links_made_by(user)
    place = links.filter(pk=after).first() if _is_uuid(after) else None
    if place is not None:
        links = links.filter(Q(created_at__lt=place.created_at) | Q(created_at=place.created_at, pk__lt=place.pk))
    found = list(links[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    now = timezone.now()
    return LinksPage(
        rows=tuple(_row(link, now) for link in shown), last=shown[-1].pk if len(found) > len(shown) else None
    )


def _row(link: ShareLink, now: datetime) -> LinkRow:
    return LinkRow(link, link.state_at(now), is_running=link.runs_at(now))


def _is_uuid(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False

"""Reads of share links: by their token, of their maker, and those to be changed."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from portal.accounts.models import User
from portal.grants.decisions import Reach
from portal.grants.models import Permission
from portal.grants.people import Anyone
from portal.grants.policy import explain
from portal.grants.selectors import administered_institutions
from portal.sharing.models import ShareLink
from portal.sharing.pins import digest_of

STAY: Final = timedelta(hours=1)
"""How long one opening lasts."""


def share_link_at(token: str) -> ShareLink | None:
    """The link of this token, whatever its state."""
    return _with_study().filter(token_digest=digest_of(token)).first()


def share_link_of(holder: User) -> ShareLink | None:
    """The link whose holder this is."""
    return _with_study().filter(holder=holder).first()


def share_links_made_by(user: User) -> QuerySet[ShareLink]:
    """The person's links with all that their rows show, the newest first."""
    links = _with_study().filter(created_by=user).order_by("-created_at", "-pk")
    return links.prefetch_related("grant__study__patient__identifiers")


def share_links_known_to(user: Anyone, *, now: datetime | None = None) -> QuerySet[ShareLink]:
    """The person's own links, and those to studies of institutions that they administer."""
    if not isinstance(user, User) or not user.is_active:
        return ShareLink.objects.none()
    known = Q(created_by=user)
    administered = list(administered_institutions(user, now or timezone.now()))
    if administered:
        known |= Q(grant__study__server__institution_id__in=administered)
    return _with_study().filter(known)


def share_links_in_use(now: datetime) -> QuerySet[ShareLink]:
    """Links that somebody opened so lately that they may still be looking."""
    opened = ShareLink.objects.filter(closed_at=None, last_used_at__gt=now - STAY, grant__revoked_at=None)
    return _with(opened, "grant__study", "created_by").order_by("pk")


def locked_share_link(pk: UUID) -> ShareLink | None:
    """The link with its row locked until the transaction ends: guesses at its PIN take turns."""
    return _with_study().select_for_update(of=("self",)).filter(pk=pk).first()


def may_still_share(link: ShareLink, now: datetime) -> bool:
    """True where the maker could make this link today: a share ends with the access that it came from."""
    if link.grant.study is None:
        return False
    decision = explain(link.created_by, link.grant.study, now=now)
    return {Permission.SHARE, *link.permissions} <= set(decision.permissions_reaching(Reach.STUDY, now))


def _with_study() -> QuerySet[ShareLink]:
    links = _with(ShareLink.objects.all(), "grant__study__server__institution", "grant__study__patient__institution")
    return links.defer("grant__study__search_vector")


def _with(links: QuerySet[ShareLink], *others: str) -> QuerySet[ShareLink]:
    return links.select_related("holder", "created_by", "grant", *others)

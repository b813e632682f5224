"""Makes share links, opens them with the PIN, closes and revokes them; each act is one transaction and is audited."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.utils import timezone

from audit.actors import Actor, SystemActor
from audit.services import (
    record_share_link_closed,
    record_share_link_made,
    record_share_link_opened,
    record_share_link_pin_wrong,
    record_share_link_revoked,
)
from portal.accounts.models import Kind, Theme, User
from portal.grants.audited import audited_target
from portal.grants.decisions import Reach, in_order
from portal.grants.errors import GrantEndsBeforeItBegins, MoreThanGiverHas, ShareNotAllowed
from portal.grants.models import Grant, GrantKind, Permission
from portal.grants.policy import explain
from portal.grants.selectors import grant_to_change, may_revoke, person_to_change
from portal.grants.services import opened_by, revoke_tokens
from portal.sharing.errors import LinkTooLong, LinkWithoutLabel, NotYourLink, TooManyUses
from portal.sharing.models import Closing, ShareLink
from portal.sharing.pins import digest_of, new_pin, new_token
from portal.sharing.selectors import locked_share_link, may_still_share, share_links_in_use
from portal.studies.models import Study

LONGEST: Final = timedelta(days=90)
MOST_USES: Final = 100
MOST_WRONG_PINS: Final = 5
HOLDER_ROLE: Final = Kind.LINK_HOLDER.value
_SYSTEM: Final = SystemActor("sharing")


@dataclass(frozen=True)
class LinkTerms:
    """What a link is to open, until when, how often, and what its maker calls it."""

    label: str
    valid_until: datetime
    max_uses: int
    may_download: bool = False


@dataclass(frozen=True)
class MadeLink:
    """A new link with its secrets, which are known now and never again."""

    link: ShareLink
    token: str
    pin: str


@dataclass(frozen=True)
class Attempt:
    """What came of a PIN: the link where it was right, else how many tries are left; None where it opens no more."""

    opened: ShareLink | None = None
    tries_left: int = 0


@transaction.atomic
def make_share_link(*, actor: Actor, maker: User, study: Study, terms: LinkTerms) -> MadeLink:
    """Make a link to the study. Never gives more than the maker has, neither in rights nor in time.

    Raises GrantRefused; ShareNotAllowed where the maker may not share the study at all.
    """
    person = person_to_change(maker.pk)
    now = timezone.now()
    permissions = in_order([Permission.VIEW, *([Permission.DOWNLOAD] if terms.may_download else [])])
    rule = _check_maker(person, study, permissions, terms, now)
    _check_terms(terms, now)
    link_id, token, pin = uuid4(), new_token(), new_pin()
    link = ShareLink(
        id=link_id,
        token_digest=digest_of(token),
        pin_hash=make_password(pin),
        label=terms.label.strip(),
        max_uses=terms.max_uses,
        created_by=person,
        created_at=now,
    )
    link.holder = _make_holder(link)
    link.grant = Grant.objects.create(
        kind=GrantKind.SHARE_LINK,
        user=link.holder,
        study=study,
        permissions=list(permissions),
        valid_from=now,
        valid_until=terms.valid_until,
        granted_by=person,
        granted_at=now,
    )
    link.save(force_insert=True)
    record_share_link_made(
        actor=actor,
        study=audited_target(link.grant),
        link_id=str(link.pk),
        label=link.label,
        holder_id=str(link.holder.subject),
        holder_name=link.holder.full_name,
        permissions=permissions,
        valid_until=terms.valid_until,
        max_uses=link.max_uses,
        rule=rule,
    )
    return MadeLink(link, token, pin)


def open_share_link(*, actor: Actor, link_id: UUID, pin: str) -> Attempt | None:
    """Try a PIN. A right one counts one use; the fifth wrong one closes the link for ever. None: it opens no more.

    The count is read and written under the lock of the row, so however many guess at once, five are all they get.
    """
    with transaction.atomic():
        link = locked_share_link(link_id)
        now = timezone.now()
        if link is None or not link.opens_at(now):
            return None
        if not may_still_share(link, now):
            _close(link, Closing.ACCESS_LOST)
            return None
        if check_password(pin, link.pin_hash):
            return _count_use(actor, link, now)
        return _count_wrong_pin(actor, link)


def revoke_share_link(*, actor: Actor, revoker: User, link_id: UUID) -> ShareLink:
    """Take a link back; whoever is looking stops within a minute. One that is closed already stays as it is.

    Raises NotYourLink for anybody but its maker and administrators of the institution that owns the study.
    """
    with transaction.atomic():
        link = locked_share_link(link_id)
        if link is None or revoker.kind != Kind.PERSON or not may_revoke(revoker, link.grant):
            raise NotYourLink
        if link.runs_at(timezone.now()):
            _end(link, Closing.REVOKED, revoker)
            record_share_link_revoked(
                actor=actor,
                study=audited_target(link.grant),
                link_id=str(link.pk),
                holder_name=link.holder.full_name,
            )
    return link


def close_if_access_was_lost(*, link_id: UUID) -> bool:
    """Close the link where its maker may not share the study any more. True where it is, or was, not running."""
    with transaction.atomic():
        link = locked_share_link(link_id)
        now = timezone.now()
        if link is None or not link.runs_at(now):
            return True
        if may_still_share(link, now):
            return False
        _close(link, Closing.ACCESS_LOST)
        return True


def close_links_of_lost_access() -> int:
    """Close the links that somebody may be looking through though their maker lost the access; how many it were.

    Links that nobody uses are closed when somebody tries to.
    """
    now = timezone.now()
    lost = [link.pk for link in share_links_in_use(now).iterator() if not may_still_share(link, now)]
    return sum(close_if_access_was_lost(link_id=pk) for pk in lost)


def holder_as_actor(link: ShareLink, actor: Actor) -> Actor:
    """The holder, at the address from which `actor` came."""
    return replace(
        Actor(actor_id=str(link.holder.subject), name=link.holder.full_name, role=HOLDER_ROLE),
        remote_address=actor.remote_address,
        request_id=actor.request_id,
    )


def _check_maker(maker: User, study: Study, permissions: tuple[str, ...], terms: LinkTerms, now: datetime) -> str:
    """Return the rule by which the maker sees the study; refuse what they could not do themselves until the end."""
    if maker.kind != Kind.PERSON:
        raise ShareNotAllowed
    decision = explain(maker, study, now=now)
    if Permission.SHARE not in decision.permissions_reaching(Reach.STUDY, now):
        raise ShareNotAllowed
    if not {Permission.SHARE, *permissions} <= set(decision.permissions_reaching(Reach.STUDY, terms.valid_until)):
        raise MoreThanGiverHas
    return decision.rule


def _check_terms(terms: LinkTerms, now: datetime) -> None:
    if terms.valid_until <= now:
        raise GrantEndsBeforeItBegins
    if terms.valid_until > now + LONGEST:
        raise LinkTooLong
    if not 1 <= terms.max_uses <= MOST_USES:
        raise TooManyUses
    if not 1 <= len(terms.label.strip()) <= 80:
        raise LinkWithoutLabel


def _make_holder(link: ShareLink) -> User:
    """The user in whose name the link is used: of no institution, without a password, an address or a role."""
    holder = User(
        username=f"link-{link.pk}",
        first_name="Holder of link",
        last_name=link.code,
        kind=Kind.LINK_HOLDER,
        theme=Theme.LIGHT,
    )
    holder.set_unusable_password()
    holder.save(force_insert=True)
    return holder


def _count_use(actor: Actor, link: ShareLink, now: datetime) -> Attempt:
    link.uses += 1
    link.last_used_at = now
    link.save(update_fields=["uses", "last_used_at"])
    record_share_link_opened(
        actor=holder_as_actor(link, actor),
        study=audited_target(link.grant),
        link_id=str(link.pk),
        uses=link.uses,
        max_uses=link.max_uses,
        given_by=link.created_by.full_name,
    )
    return Attempt(opened=link)


def _count_wrong_pin(actor: Actor, link: ShareLink) -> Attempt:
    link.failed += 1
    link.save(update_fields=["failed"])
    record_share_link_pin_wrong(
        actor=actor,
        study=audited_target(link.grant),
        link_id=str(link.pk),
        holder_name=link.holder.full_name,
        tries=link.failed,
    )
    if link.failed >= MOST_WRONG_PINS:
        _close(link, Closing.WRONG_PIN)
    return Attempt(tries_left=MOST_WRONG_PINS - link.failed)


def _close(link: ShareLink, reason: Closing) -> None:
    _end(link, reason, None)
    record_share_link_closed(
        actor=_SYSTEM,
        study=audited_target(link.grant),
        link_id=str(link.pk),
        holder_name=link.holder.full_name,
        reason=reason,
    )


def _end(link: ShareLink, reason: Closing, by: User | None) -> None:
    """End link and grant. Locks are taken in the order of `revoke_grant`, so that neither waits for the other."""
    grant = grant_to_change(link.grant_id) or link.grant
    # Tokens are issued under the same lock: one issued before has an earlier time, none comes after.
    holder = person_to_change(link.holder_id)
    now = timezone.now()
    if grant.revoked_at is None:
        grant.revoked_at, grant.revoked_by = now, by
        grant.save(update_fields=["revoked_at", "revoked_by"])
        revoke_tokens(person=holder, studies=opened_by(grant), at=now)
    link.grant = grant
    link.closed_at, link.closed_reason = now, reason
    link.save(update_fields=["closed_at", "closed_reason"])

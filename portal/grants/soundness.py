"""Whether a giver still has what they gave, however long the chain of those who gave it on."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from portal.grants.decisions import Decision, Reach, Reason
from portal.grants.models import Grant, Permission
from portal.grants.policy import explain
from portal.grants.selectors import STANDS_ON_GIVER
from portal.studies.models import Study


def giver_has(grant: Grant, studies: Iterable[Study]) -> bool:
    """True where the giver has now what they gave, for one of these studies that the grant opens at least."""
    now = timezone.now()
    return any(grant.pk in _sound(_chain(grant, study, now), now) for study in studies)


def _chain(grant: Grant, study: Study, now: datetime) -> dict[UUID, tuple[Grant, tuple[Reason, ...]]]:
    """The grant and all on which it may stand, each with the reasons for which its giver sees the study."""
    found: dict[UUID, tuple[Grant, tuple[Reason, ...]]] = {}
    asked: dict[int, tuple[Reason, ...]] = {}
    waiting = {grant.pk: grant}
    while waiting:
        pk, one = waiting.popitem()
        if one.granted_by_id not in asked:
            asked[one.granted_by_id] = explain(one.granted_by, study, now=now).reasons
        reasons = asked[one.granted_by_id]
        found[pk] = one, reasons
        if not _covers(one, reasons, set(), now):
            lent_ids = {reason.grant_id for reason in reasons if reason.grant_id is not None} - found.keys()
            waiting.update(Grant.objects.select_related("granted_by").in_bulk(lent_ids))
    return found


def _sound(chain: dict[UUID, tuple[Grant, tuple[Reason, ...]]], now: datetime) -> set[UUID]:
    """Those of the chain that stand on something lasting: access that people gave each other does not hold itself."""
    sound = {pk for pk, (one, _) in chain.items() if one.kind not in STANDS_ON_GIVER}
    while True:
        more = {pk for pk, (one, reasons) in chain.items() if pk not in sound and _covers(one, reasons, sound, now)}
        if not more:
            return sound
        sound |= more


def _covers(grant: Grant, reasons: tuple[Reason, ...], sound: set[UUID], now: datetime) -> bool:
    """True where roles and sound grants together are what the grant gives, and the right to share it."""
    counted = Decision(tuple(reason for reason in reasons if reason.grant_id is None or reason.grant_id in sound))
    reach = Reach.STUDY if grant.study_id is not None else Reach.PATIENT
    return {Permission.SHARE, *grant.permissions} <= set(counted.permissions_reaching(reach, now))

"""Opens in an emergency, asks for access, decides what was asked, and reviews what was opened; all of it audited."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from audit.actors import Actor
from audit.services import (
    record_access_request_decided,
    record_access_request_withdrawn,
    record_access_requested,
    record_break_glass_reviewed,
)
from portal.access.errors import (
    AllowedAlready,
    DecisionWithoutReason,
    RequestDecided,
    RequestedAlready,
    RequestTooLong,
    RequestWithoutReason,
    ReviewWithoutNote,
)
from portal.access.letters import tell_of_break_glass, tell_of_decision, tell_of_request
from portal.access.models import AccessRequest, BreakGlassReview, RequestState
from portal.access.selectors import request_to_change
from portal.accounts.models import User
from portal.grants.audited import audited_study
from portal.grants.break_glass import SHORTEST_REASON, may_break_glass, open_by_break_glass
from portal.grants.decisions import in_order
from portal.grants.errors import (
    GrantEndsBeforeItBegins,
    GrantWithoutView,
    NotYours,
    ShareNotAllowed,
    UnknownGrantee,
)
from portal.grants.models import Grant, GrantKind, Permission
from portal.grants.policy import explain
from portal.grants.requested import grant_requested
from portal.grants.selectors import administered_institutions, grant_to_change, owner_of, person_to_change
from portal.studies.models import Study

LONGEST: Final = timedelta(days=366)
SHORTEST_ANSWER: Final = 5


@transaction.atomic
def break_glass(*, actor: Actor, person: User, study: Study, reason: str) -> Grant:
    """Open the holding to the doctor for an hour and tell the owner's administrators. Raises NotYours, GrantRefused."""
    grant, is_new = open_by_break_glass(actor=actor, person=person, study=study, reason=reason)
    if is_new:
        tell_of_break_glass(grant, study.server.institution, person)
    return grant


@transaction.atomic
def review_break_glass(*, actor: Actor, administrator: User, grant_id: UUID, note: str) -> BreakGlassReview:
    """Mark an opening of the administrator's institution as looked into. Raises NotYours, ReviewWithoutNote."""
    grant = grant_to_change(grant_id)
    if grant is None or grant.study is None or grant.user is None or grant.kind != GrantKind.BREAK_GLASS:
        raise NotYours
    # Whoever opened it cannot say that it was right.
    if grant.user_id == administrator.pk or not _administers(administrator, owner_of(grant)):
        raise NotYours
    words = " ".join(note.split())
    if len(words) < SHORTEST_ANSWER:
        raise ReviewWithoutNote
    review, _is_new = BreakGlassReview.objects.update_or_create(
        grant=grant,
        defaults={"reviewed_by": administrator, "reviewed_at": timezone.now(), "note": words[:1000]},
    )
    record_break_glass_reviewed(
        actor=actor,
        study=audited_study(grant.study),
        grant_id=str(grant.pk),
        person_id=str(grant.user.subject),
        person_name=grant.user.full_name,
        note=review.note,
    )
    return review


@transaction.atomic
def request_access(
    *, actor: Actor, person: User, study: Study, permissions: tuple[str, ...], valid_until: datetime, reason: str
) -> AccessRequest:
    """Ask the owner of the holding for access, and tell its administrators. Raises NotYours for who is no doctor.

    Whoever calls has made sure that the person may know of the study. Raises GrantRefused.
    """
    requester = person_to_change(person.pk)
    now = timezone.now()
    if not may_break_glass(requester, now):
        raise NotYours
    wanted = in_order(permissions)
    _check_wish(wanted, valid_until, now)
    words = " ".join(reason.split())
    if len(words) < SHORTEST_REASON:
        raise RequestWithoutReason
    decision = explain(requester, study, now=now)
    if set(wanted) <= set(decision.permissions) and (decision.until is None or decision.until >= valid_until):
        raise AllowedAlready
    if AccessRequest.objects.filter(requester=requester, study=study, state=RequestState.OPEN).exists():
        raise RequestedAlready
    request = AccessRequest.objects.create(
        requester=requester,
        study=study,
        permissions=list(wanted),
        wanted_until=valid_until,
        reason=words[:1000],
        requested_at=now,
    )
    record_access_requested(
        actor=actor,
        study=audited_study(study),
        request_id=str(request.pk),
        permissions=wanted,
        valid_until=valid_until,
        reason=request.reason,
    )
    tell_of_request(study.server.institution, requester)
    return request


@transaction.atomic
def approve_request(
    *,
    actor: Actor,
    administrator: User,
    request_id: UUID,
    permissions: tuple[str, ...] | None = None,
    valid_until: datetime | None = None,
) -> AccessRequest:
    """Give what was asked for, or less of it. Raises NotYours, GrantRefused."""

    def approve(request: AccessRequest) -> None:
        asked = tuple(request.permissions)
        given = tuple(one for one in (permissions or asked) if one in asked)
        if not may_break_glass(request.requester):
            raise UnknownGrantee
        request.grant = grant_requested(
            actor=actor,
            approver=administrator,
            grantee=request.requester,
            study=request.study,
            permissions=given,
            valid_until=min(valid_until or request.wanted_until, request.wanted_until),
            reason=request.reason,
        )
        request.state = RequestState.APPROVED

    return _decide(actor, administrator, request_id, approve)


@transaction.atomic
def decline_request(*, actor: Actor, administrator: User, request_id: UUID, reason: str) -> AccessRequest:
    """Say no, and why. Raises NotYours, GrantRefused."""
    words = " ".join(reason.split())

    def decline(request: AccessRequest) -> None:
        if len(words) < SHORTEST_ANSWER:
            raise DecisionWithoutReason
        request.decision_reason = words[:1000]
        request.state = RequestState.DECLINED

    return _decide(actor, administrator, request_id, decline)


@transaction.atomic
def withdraw_request(*, actor: Actor, person: User, request_id: UUID) -> AccessRequest:
    """Take one's own request back. Raises NotYours, RequestDecided."""
    request = request_to_change(request_id)
    if request is None or request.requester_id != person.pk:
        raise NotYours
    if not request.is_open:
        raise RequestDecided
    request.state = RequestState.WITHDRAWN
    request.decided_by = person
    request.decided_at = timezone.now()
    request.save(update_fields=["state", "decided_by", "decided_at"])
    record_access_request_withdrawn(actor=actor, study=audited_study(request.study), request_id=str(request.pk))
    return request


def _decide(
    actor: Actor, administrator: User, request_id: UUID, decide: Callable[[AccessRequest], None]
) -> AccessRequest:
    request = request_to_change(request_id)
    if request is None or not _administers(administrator, request.study.server.institution_id):
        raise NotYours
    # Nobody answers their own question; a colleague does.
    if request.requester_id == administrator.pk:
        raise NotYours
    if not request.is_open:
        raise RequestDecided
    decide(request)
    request.decided_by = administrator
    request.decided_at = timezone.now()
    request.save(update_fields=["state", "grant", "decision_reason", "decided_by", "decided_at"])
    record_access_request_decided(
        actor=actor,
        study=audited_study(request.study),
        request_id=str(request.pk),
        person_id=str(request.requester.subject),
        person_name=request.requester.full_name,
        approved=request.state == RequestState.APPROVED,
        reason=request.decision_reason,
    )
    tell_of_decision(request)
    return request


def _check_wish(wanted: tuple[str, ...], valid_until: datetime, now: datetime) -> None:
    if Permission.VIEW not in wanted:
        raise GrantWithoutView
    if Permission.SHARE in wanted:
        raise ShareNotAllowed
    if valid_until <= now:
        raise GrantEndsBeforeItBegins
    if valid_until > now + LONGEST:
        raise RequestTooLong


def _administers(person: User, institution_id: int) -> bool:
    return institution_id in set(administered_institutions(person, timezone.now()))

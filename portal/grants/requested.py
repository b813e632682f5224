"""Gives access that somebody asked for, on the word of an administrator of the institution that owns the study."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from audit.actors import Actor
from audit.services import record_grant_made
from portal.accounts.models import User
from portal.grants.audited import audited_target
from portal.grants.decisions import Reach, in_order
from portal.grants.errors import (
    GrantEndsBeforeItBegins,
    GrantToOneself,
    GrantWithoutView,
    NotYours,
    ShareNotAllowed,
    UnknownGrantee,
)
from portal.grants.models import Grant, GrantKind, Permission
from portal.grants.selectors import administered_institutions, person_to_change
from portal.studies.models import Study


@transaction.atomic
def grant_requested(
    *,
    actor: Actor,
    approver: User,
    grantee: User,
    study: Study,
    permissions: tuple[str, ...],
    valid_until: datetime,
    reason: str = "",
) -> Grant:
    """Give `grantee` what they asked for on one holding.

    The approver sees no pixels and could not give access as a reader does; being an administrator of the institution
    that owns the holding is what entitles them. Nothing that is given so can be shared on. Raises NotYours for
    anybody else, GrantRefused.
    """
    person_to_change(approver.pk)
    now = timezone.now()
    given = in_order(permissions)
    if study.server.institution_id not in set(administered_institutions(approver, now)):
        raise NotYours
    if grantee.pk == approver.pk:
        raise GrantToOneself
    if not grantee.is_active:
        raise UnknownGrantee
    if valid_until <= now:
        raise GrantEndsBeforeItBegins
    if Permission.VIEW not in given:
        raise GrantWithoutView
    if Permission.SHARE in given:
        raise ShareNotAllowed
    grant = Grant.objects.create(
        kind=GrantKind.REQUESTED,
        user=grantee,
        study=study,
        permissions=list(given),
        valid_from=now,
        valid_until=valid_until,
        reason=reason.strip(),
        granted_by=approver,
        granted_at=now,
    )
    record_grant_made(
        actor=actor,
        study=audited_target(grant),
        grant_id=str(grant.pk),
        person_id=str(grantee.subject),
        person_name=grantee.full_name,
        permissions=given,
        valid_from=now,
        valid_until=valid_until,
        reach=Reach.STUDY,
        reason=grant.reason,
    )
    return grant

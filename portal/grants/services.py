"""Gives access and takes it back; each act is one transaction, is audited, and reaches running viewers."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from audit.actors import Actor
from audit.services import record_grant_made, record_grant_revoked
from portal.accounts.models import User
from portal.grants.audited import audited_target
from portal.grants.decisions import Reach, in_order
from portal.grants.errors import (
    GrantEndsBeforeItBegins,
    GrantToOneself,
    GrantWithoutView,
    MoreThanGiverHas,
    NotYours,
    ShareNotAllowed,
    UnknownGrantee,
)
from portal.grants.models import Assignment, Grant, Permission, Revocation
from portal.grants.policy import explain
from portal.grants.selectors import grant_to_change, may_revoke, person_to_change, running_grants_given_by
from portal.studies.models import Study


@dataclass(frozen=True)
class GrantTerms:
    """What is to be given: to one study or to all of the patient's at its institution."""

    permissions: tuple[str, ...]
    valid_until: datetime
    valid_from: datetime | None = None
    """None: from now on."""
    whole_patient: bool = False
    reason: str = ""


@transaction.atomic
def give_grant(*, actor: Actor, giver: User, grantee: User, study: Study, terms: GrantTerms) -> Grant:
    """Give `grantee` access to the study, or to the patient's history at the institution that owns it.

    Never gives more than the giver has, neither in rights nor in time. Raises GrantRefused.
    """
    person_to_change(giver.pk)
    now = timezone.now()
    permissions = in_order(terms.permissions)
    valid_from = max(terms.valid_from or now, now)
    if terms.valid_until <= valid_from:
        raise GrantEndsBeforeItBegins
    if Permission.VIEW not in permissions:
        raise GrantWithoutView
    if grantee.pk == giver.pk:
        raise GrantToOneself
    if not grantee.is_active:
        raise UnknownGrantee
    reach = Reach.PATIENT if terms.whole_patient else Reach.STUDY
    rule = _check_giver(giver, study, permissions, reach, terms.valid_until)
    grant = Grant.objects.create(
        user=grantee,
        study=None if terms.whole_patient else study,
        patient=study.patient if terms.whole_patient else None,
        permissions=list(permissions),
        valid_from=valid_from,
        valid_until=terms.valid_until,
        reason=terms.reason.strip(),
        granted_by=giver,
        granted_at=now,
    )
    record_grant_made(
        actor=actor,
        study=audited_target(grant),
        grant_id=str(grant.pk),
        person_id=str(grantee.subject),
        person_name=grantee.full_name,
        permissions=permissions,
        valid_from=valid_from,
        valid_until=terms.valid_until,
        reach=reach,
        reason=grant.reason,
        rule=rule,
    )
    return grant


def _check_giver(giver: User, study: Study, permissions: tuple[str, ...], reach: Reach, until: datetime) -> str:
    """Return the rule by which the giver sees the study; refuse what they could not do themselves until the end."""
    now = timezone.now()
    decision = explain(giver, study, now=now)
    if Permission.SHARE not in decision.permissions_reaching(reach, now):
        raise ShareNotAllowed
    if not {Permission.SHARE, *permissions} <= set(decision.permissions_reaching(reach, until)):
        raise MoreThanGiverHas
    return decision.rule


@transaction.atomic
def revoke_grant(*, actor: Actor, revoker: User, grant_id: UUID) -> Grant:
    """Take a grant back, and with it every grant that its receiver could only give because of it.

    DICOM Servers learn of it with their next heartbeat and refuse the tokens that were issued before. A grant that has
    ended or was revoked stays as it is. Raises NotYours for anybody but the giver and the owner's administrators.
    """
    grant = grant_to_change(grant_id)
    if grant is None or not may_revoke(revoker, grant):
        raise NotYours
    if grant.revoked_at is None and grant.valid_until > timezone.now():
        _revoke(actor, revoker, grant)
    return grant


def _revoke(actor: Actor, revoker: User, grant: Grant) -> None:
    # Tokens are issued under the same lock: one issued before the revocation has an earlier time, none comes after.
    grantee = person_to_change(grant.user_id)
    grant.revoked_at = timezone.now()
    grant.revoked_by = revoker
    grant.save(update_fields=["revoked_at", "revoked_by"])
    studies = opened_by(grant)
    revoke_tokens(person=grantee, studies=studies, at=grant.revoked_at)
    record_grant_revoked(
        actor=actor,
        study=audited_target(grant),
        grant_id=str(grant.pk),
        person_id=str(grantee.subject),
        person_name=grantee.full_name,
    )
    patient_ids = {study.patient_id for study in studies}
    for given_on in running_grants_given_by(grantee, [study.pk for study in studies], patient_ids):
        if not _may_still_give(given_on):
            _revoke(actor, revoker, given_on)


def revoke_tokens(*, person: User, studies: Iterable[Study], at: datetime) -> None:
    """Have the servers of these holdings refuse the tokens that the person got until `at`."""
    Revocation.objects.bulk_create(
        Revocation(
            server_id=study.server_id,
            subject=person.subject,
            study_instance_uid=study.study_instance_uid,
            revoked_at=at,
        )
        for study in studies
    )


def opened_by(row: Grant | Assignment) -> list[Study]:
    """The holdings that a grant or an assignment opens today."""
    if row.study is not None:
        return [row.study]
    return list(Study.objects.filter(patient=row.patient).select_related("server").order_by("pk"))


def _may_still_give(grant: Grant) -> bool:
    """True where the giver has, without the grant just revoked, what they gave."""
    reach = Reach.STUDY if grant.study is not None else Reach.PATIENT
    studies = opened_by(grant)
    wanted = {Permission.SHARE, *grant.permissions}
    return any(
        wanted <= set(explain(grant.granted_by, study).permissions_reaching(reach, timezone.now())) for study in studies
    )

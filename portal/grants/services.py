"""Gives access and takes it back; each act is one transaction, is audited, and reaches running viewers."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from audit.actors import Actor
from audit.services import record_grant_made, record_grant_revoked
from portal.accounts.models import Kind, User
from portal.grants.audited import audited_target
from portal.grants.decisions import Reach, in_order
from portal.grants.errors import (
    GrantEndsBeforeItBegins,
    GrantToOneself,
    GrantWithoutView,
    MoreThanGiverHas,
    NotYours,
    RoleReadsNoImages,
    RoleSeesIt,
    ShareNotAllowed,
    UnknownGrantee,
)
from portal.grants.letters import invite_address, tell_person
from portal.grants.models import Assignment, Grant, GrantKind, Permission, Revocation
from portal.grants.policy import explain
from portal.grants.recipients import (
    READING_ROLES,
    Address,
    Recipient,
    RoleAt,
    is_own_address,
    person_of_address,
)
from portal.grants.selectors import (
    grant_to_change,
    may_revoke,
    person_to_change,
    receivers_to_change,
    running_grants_given_by,
)
from portal.grants.soundness import giver_has
from portal.institutions.models import Role
from portal.studies.models import Study
from wire.deidentification import map_uid

GIVER_LOST_IT: Final = "The giver does not have this access any more."


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
def give_grant(
    *,
    actor: Actor,
    giver: User,
    grantee: Recipient,
    study: Study,
    terms: GrantTerms,
    kind: GrantKind = GrantKind.GIVEN,
) -> Grant:
    """Give a person, a role or an address access to the study, or to the patient's history at its institution.

    Never gives more than the giver has, neither in rights nor in time. What is given to the proved address of one
    person is theirs at once; nothing that the giver is shown tells this from an address that nobody has. Receivers
    of kind GIVEN are written to. Raises GrantRefused.
    """
    person_to_change(giver.pk)
    now = timezone.now()
    permissions = in_order(terms.permissions)
    valid_from = max(terms.valid_from or now, now)
    if terms.valid_until <= valid_from:
        raise GrantEndsBeforeItBegins
    if Permission.VIEW not in permissions:
        raise GrantWithoutView
    reach = Reach.PATIENT if terms.whole_patient else Reach.STUDY
    rule = _check_giver(giver, study, permissions, reach, terms.valid_until)
    grant = Grant(
        kind=kind,
        study=None if terms.whole_patient else study,
        patient=study.patient if terms.whole_patient else None,
        permissions=list(permissions),
        valid_from=valid_from,
        valid_until=terms.valid_until,
        reason=terms.reason.strip(),
        granted_by=giver,
        granted_at=now,
    )
    _address(grant, grantee, study)
    grant.save(force_insert=True)
    if kind == GrantKind.GIVEN:
        _tell(actor, grant, grantee, study, rule)
    person = grant.user
    record_grant_made(
        actor=actor,
        study=audited_target(grant),
        grant_id=str(grant.pk),
        person_id=str(person.subject) if person is not None else "",
        person_name=person.full_name if person is not None else grant.recipient_words,
        permissions=permissions,
        valid_from=valid_from,
        valid_until=terms.valid_until,
        reach=reach,
        reason=grant.reason,
        rule=rule,
    )
    return grant


def _address(grant: Grant, grantee: Recipient, study: Study) -> None:
    """Write for whom the grant is. Raises GrantRefused where it cannot be for them."""
    if isinstance(grantee, RoleAt):
        if grantee.role not in READING_ROLES:
            raise RoleReadsNoImages
        if grantee.role == Role.RADIOLOGIST and grantee.institution.pk == study.server.institution_id:
            raise RoleSeesIt
        grant.role, grant.role_institution = grantee.role, grantee.institution
        return
    if isinstance(grantee, Address):
        if is_own_address(grant.granted_by, grantee):
            raise GrantToOneself
        grant.user = person_of_address(grantee)
        if grant.user is None:
            grant.email = grantee.email
        else:
            grant.addressed_as = grantee.email
        return
    if grantee.pk == grant.granted_by_id:
        raise GrantToOneself
    if not grantee.is_active or grantee.kind != Kind.PERSON:
        raise UnknownGrantee
    grant.user = grantee


def _tell(actor: Actor, grant: Grant, grantee: Recipient, study: Study, rule: str) -> None:
    """Write to a person or an address; a whole role finds the study in its list."""
    if isinstance(grantee, Address):
        invite_address(actor, grant, study.server.institution, grantee.email, rule=rule)
    else:
        tell_person(grant, rule=rule)


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


def _revoke(actor: Actor, revoker: User | None, grant: Grant, reason: str = "") -> None:
    # Tokens are issued under the same locks: one issued before the revocation has an earlier time, none comes after.
    receivers = receivers_to_change(grant)
    grant.revoked_at = timezone.now()
    grant.revoked_by = revoker
    grant.save(update_fields=["revoked_at", "revoked_by"])
    studies = opened_by(grant)
    for receiver in receivers:
        revoke_tokens(person=receiver, studies=studies, at=grant.revoked_at, key=grant.deidentification_key)
    record_grant_revoked(
        actor=actor,
        study=audited_target(grant),
        grant_id=str(grant.pk),
        person_id=str(grant.user.subject) if grant.user is not None else "",
        person_name=grant.user.full_name if grant.user is not None else grant.recipient_words,
        reason=reason,
    )
    patient_ids = {study.patient_id for study in studies}
    for given_on in running_grants_given_by(receivers, [study.pk for study in studies], patient_ids):
        revoke_where_giver_lost(actor, given_on)


def revoke_where_giver_lost(actor: Actor, grant: Grant) -> bool:
    """Take back a grant, whose row is locked, whose giver does not have any more what they gave; True where so."""
    # What was taken back meanwhile, further up the same chain, is not taken back twice.
    if Grant.objects.filter(pk=grant.pk, revoked_at__isnull=False).exists():
        return False
    # What opens no study at all can stay.
    studies = opened_by(grant)
    if not studies or giver_has(grant, studies):
        return False
    _revoke(actor, None, grant, reason=GIVER_LOST_IT)
    return True


def revoke_tokens(*, person: User, studies: Iterable[Study], at: datetime, key: str = "") -> None:
    """Have the servers of these holdings refuse the tokens that the person got until `at`.

    Tokens without identity name each study as `key` maps it.
    """
    Revocation.objects.bulk_create(
        Revocation(
            server_id=study.server_id,
            subject=person.subject,
            study_instance_uid=map_uid(key, study.study_instance_uid) if key else study.study_instance_uid,
            revoked_at=at,
        )
        for study in studies
    )


def opened_by(row: Grant | Assignment) -> list[Study]:
    """The holdings that a grant or an assignment opens today."""
    if row.study is not None:
        return [row.study]
    return list(Study.objects.filter(patient=row.patient).select_related("server").order_by("pk"))

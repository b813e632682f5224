"""An administrator's word on a description under a national ID: given with a reason, taken back, always audited."""

from typing import Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.actors import Actor
from audit.services import record_identity_ruled, record_identity_ruling_undone
from portal.accounts.models import NationalIdentity, User
from portal.grants.audited import audited_patient
from portal.grants.errors import GrantRefused, NotYours
from portal.grants.identities import own_patients
from portal.grants.lookup import studies_of_patients
from portal.grants.models import IdentityRuling
from portal.grants.running import running_in
from portal.grants.selectors import person_to_change
from portal.grants.services import revoke_tokens
from portal.institutions.models import Role
from portal.studies.models import Patient

SHORTEST_REASON: Final = 5


class RulingWithoutReason(GrantRefused):
    """Nobody could tell later why the description was ruled on."""

    code = "ruling_without_reason"
    field = "reason"
    words = _("Say how you know, for those who look at it later.")


@transaction.atomic
def rule_on_description(
    *, actor: Actor, administrator: User, identity: NationalIdentity, patient_pk: int, is_the_bearer: bool, reason: str
) -> IdentityRuling:
    """Say that a description under the national ID is of its bearer, or of somebody else; replaces an older word.

    Running viewers stop where something closes by it. Raises NotYours for a description of another institution,
    or one that does not carry the ID, and RulingWithoutReason.
    """
    words = " ".join(reason.split())
    bearer = person_to_change(identity.user_id)
    patient = _patient_to_rule_on(administrator, identity, patient_pk)
    if len(words) < SHORTEST_REASON:
        raise RulingWithoutReason
    opened_before = own_patients(bearer).patient_ids
    now = timezone.now()
    IdentityRuling.objects.filter(
        patient=patient, issuer=identity.issuer, national_id=identity.national_id, undone_at__isnull=True
    ).update(undone_by=administrator, undone_at=now)
    ruling = IdentityRuling.objects.create(
        patient=patient,
        issuer=identity.issuer,
        national_id=identity.national_id,
        is_the_bearer=is_the_bearer,
        reason=words[:1000],
        ruled_by=administrator,
        ruled_at=now,
    )
    _stop_viewers(bearer, opened_before)
    record_identity_ruled(
        actor=actor,
        study=audited_patient(patient),
        issuer=identity.issuer,
        national_id=identity.national_id,
        is_the_bearer=is_the_bearer,
        reason=ruling.reason,
    )
    return ruling


@transaction.atomic
def undo_ruling(*, actor: Actor, administrator: User, identity: NationalIdentity, patient_pk: int) -> IdentityRuling:
    """Take the standing word on a description back; the descriptions must agree again. Raises NotYours."""
    bearer = person_to_change(identity.user_id)
    patient = _patient_to_rule_on(administrator, identity, patient_pk)
    standing = IdentityRuling.objects.select_for_update().filter(
        patient=patient, issuer=identity.issuer, national_id=identity.national_id, undone_at__isnull=True
    )
    ruling = standing.first()
    if ruling is None:
        raise NotYours
    opened_before = own_patients(bearer).patient_ids
    ruling.undone_by = administrator
    ruling.undone_at = timezone.now()
    ruling.save(update_fields=["undone_by", "undone_at"])
    _stop_viewers(bearer, opened_before)
    record_identity_ruling_undone(
        actor=actor, study=audited_patient(patient), issuer=identity.issuer, national_id=identity.national_id
    )
    return ruling


def may_rule_on(administrator: User, patient: Patient) -> bool:
    """True for administrators of the institution that describes the patient, and for system administrators."""
    if not administrator.is_active:
        return False
    roles = running_in(
        administrator, timezone.now(), Role.INSTITUTION_ADMINISTRATOR, Role.SYSTEM_ADMINISTRATOR
    ).values_list("role", "institution_id")
    return any(
        role == Role.SYSTEM_ADMINISTRATOR or institution_id == patient.institution_id for role, institution_id in roles
    )


def _patient_to_rule_on(administrator: User, identity: NationalIdentity, patient_pk: int) -> Patient:
    carrying = Patient.objects.filter(
        identifiers__issuer=identity.issuer, identifiers__identifier=identity.national_id, pk=patient_pk
    )
    patient = carrying.select_related("institution").first()
    # Who rules on their own national ID would open a stranger's studies to themselves.
    if patient is None or administrator.pk == identity.user_id or not may_rule_on(administrator, patient):
        raise NotYours
    return patient


def _stop_viewers(bearer: User, opened_before: frozenset[int]) -> None:
    """Have the bearer's tokens refused for whatever their national ID opened before and does not any more."""
    closed = opened_before - own_patients(bearer).patient_ids
    if closed:
        revoke_tokens(person=bearer, studies=studies_of_patients(closed), at=timezone.now())

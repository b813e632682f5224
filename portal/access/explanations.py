"""Why a person may or may not see a holding, rule by rule: which hold, which do not, and why not."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.utils import formats, timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.actors import Actor
from audit.services import record_access_explained
from portal.access.selectors import memberships_ever
from portal.accounts.models import NationalIdentity, User
from portal.grants.audited import audited_study
from portal.grants.decisions import WORDS, Decision, Reason, Rule
from portal.grants.identities import descriptions_under, own_patients
from portal.grants.models import Assignment, AssignmentPart, Grant, GrantKind, Permission
from portal.grants.policy import explain
from portal.grants.running import received_by
from portal.institutions.models import Membership, PhysicianAlias, Role
from portal.studies.display import staff_name
from portal.studies.models import Study

_RULES: Final = tuple(rule for rule in Rule if rule != Rule.NONE)
NAMES: Final[dict[str, str | Promise]] = {
    Rule.RADIOLOGIST_OF_INSTITUTION: gettext_lazy("Radiologist of the institution"),
    Rule.ASSIGNED_TO_RADIOLOGIST: gettext_lazy("Study assigned to the radiologist"),
    Rule.NAMED_AS_PHYSICIAN: gettext_lazy("Doctor whom the study names"),
    Rule.PATIENT_ASSIGNED_TO_DOCTOR: gettext_lazy("Patient assigned to the doctor"),
    Rule.OWN_STUDY: gettext_lazy("Own study, by national ID"),
    Rule.STUDY_GRANT: gettext_lazy("Access given to this study"),
    Rule.PATIENT_GRANT: gettext_lazy("Access given to this patient's studies"),
    Rule.BREAK_GLASS: gettext_lazy("Break-glass"),
}


@dataclass(frozen=True)
class CheckedRule:
    """One rule of the policy, whether it holds, and what says so."""

    rule: Rule
    name: str
    holds: bool
    details: tuple[str, ...]


@dataclass(frozen=True)
class Explanation:
    """The decision about one person and one holding, with every rule that was looked at."""

    person: User
    study: Study
    decision: Decision
    account: str
    """What keeps the whole account out; "" where nothing does."""
    checked: tuple[CheckedRule, ...]


@dataclass(frozen=True)
class _Case:
    person: User
    study: Study
    now: datetime
    memberships: tuple[Membership, ...]

    @property
    def owner(self) -> str:
        """Short name of the institution that owns the holding."""
        return self.study.server.institution.short_name


@transaction.atomic
def explain_to_owner(*, actor: Actor, person: User, study: Study) -> Explanation:
    """Why the person may or may not see the holding, for an administrator of its owner; the asking is recorded."""
    explanation = explanation_of(person, study)
    record_explained(actor=actor, person=person, study=study, decision=explanation.decision)
    return explanation


def record_explained(*, actor: Actor, person: User, study: Study, decision: Decision) -> None:
    """Write that somebody was told why."""
    record_access_explained(
        actor=actor,
        study=audited_study(study),
        person_id=str(person.subject),
        person_name=person.full_name,
        rule=decision.rule,
    )


def explanation_of(person: User, study: Study, *, now: datetime | None = None) -> Explanation:
    """The decision of the policy itself, and for each rule that does not hold what is missing."""
    moment = now or timezone.now()
    decision = explain(person, study, now=moment)
    case = _Case(person, study, moment, tuple(memberships_ever(person)))
    return Explanation(
        person=person,
        study=study,
        decision=decision,
        account=_account(person),
        checked=tuple(_checked(rule, decision, case) for rule in _RULES),
    )


def _checked(rule: Rule, decision: Decision, case: _Case) -> CheckedRule:
    name = str(NAMES.get(rule, WORDS[rule].name))
    reasons = [reason for reason in decision.reasons if reason.rule == rule]
    if reasons:
        return CheckedRule(rule, name, True, tuple(_holds(reason) for reason in reasons))
    missing = _MISSING.get(rule)
    return CheckedRule(rule, name, False, tuple(missing(case)) if missing else ())


def _holds(reason: Reason) -> str:
    parts = [reason.institution]
    if reason.since:
        parts.append(_("since %(day)s") % {"day": _day(reason.since)})
    if reason.given_by:
        parts.append(_("by %(person)s") % {"person": reason.given_by})
    if reason.until:
        parts.append(_("until %(moment)s") % {"moment": _moment(reason.until)})
    return ", ".join(part for part in parts if part) or _("It holds.")


def _account(person: User) -> str:
    if person.suspended_at is not None:
        return _("The account is suspended since %(day)s: nothing is open to it.") % {"day": _day(person.suspended_at)}
    return "" if person.is_active else _("The account is closed: nothing is open to it.")


def _no_radiologist(case: _Case) -> list[str]:
    return _no_role(case, Role.RADIOLOGIST, _("Not a radiologist of %(institution)s.") % {"institution": case.owner})


def _no_role(case: _Case, role: Role, nothing: str) -> list[str]:
    """Why the person has not the role at the owner now, one line a membership."""
    held = [
        one
        for one in case.memberships
        if one.role == role and one.institution_id == case.study.server.institution_id and not _runs(one, case.now)
    ]
    return [_state_of(one, case.now) for one in held] or [nothing]


def _state_of(membership: Membership, now: datetime) -> str:
    words = {"role": membership.get_role_display(), "institution": membership.institution.short_name}
    if membership.ended_at is not None and membership.ended_at <= now:
        ended = _day(membership.ended_at)
        return _("%(role)s of %(institution)s until %(day)s; the role has ended.") % {**words, "day": ended}
    if membership.suspended_at is not None:
        since = _day(membership.suspended_at)
        return _("%(role)s of %(institution)s, suspended since %(day)s.") % {**words, "day": since}
    return _("%(role)s of %(institution)s from %(day)s on.") % {**words, "day": _day(membership.since)}


def _not_assigned(case: _Case) -> list[str]:
    lines = _assignments(case, Q(study=case.study, part=AssignmentPart.RADIOLOGIST))
    return lines or [_("The study is not assigned to this person.")]


def _not_named(case: _Case) -> list[str]:
    doctors = [one for one in _at_owner(case, Role.REFERRING_DOCTOR) if _runs(one, case.now)]
    if not doctors:
        nothing = _("Not a referring doctor of %(institution)s.") % {"institution": case.owner}
        return _no_role(case, Role.REFERRING_DOCTOR, nothing)
    aliases = PhysicianAlias.objects.filter(membership__in=doctors).order_by("written_as")
    spellings = [alias.written_as for alias in aliases]
    if not spellings:
        return [_("No spelling of the name is tied to this doctor under People.")]
    named = [staff_name(row.physician_name) for row in case.study.physicians.order_by("pk")]
    if not any(named):
        return [_("The study names no physician.")]
    return [
        _("The study names %(named)s; this doctor is written %(spellings)s.")
        % {"named": ", ".join(filter(None, named)), "spellings": ", ".join(spellings)}
    ]


def _patient_not_assigned(case: _Case) -> list[str]:
    lines = _assignments(case, Q(patient_id=case.study.patient_id, part=AssignmentPart.REFERRING_DOCTOR))
    return lines or [_("The patient is not assigned to this person.")]


def _assignments(case: _Case, target: Q) -> list[str]:
    lines = []
    for row in Assignment.objects.filter(target, user=case.person).order_by("pk"):
        if row.ended_at is not None and row.ended_at <= case.now:
            lines.append(_("An assignment ended on %(day)s.") % {"day": _day(row.ended_at)})
        else:
            lines.append(_("Assigned, but the role that this needs does not run."))
    return lines


def _not_own(case: _Case) -> list[str]:
    if not any(one.role == Role.PATIENT and _runs(one, case.now) for one in case.memberships):
        return [_("Not a patient of the portal.")]
    identity = NationalIdentity.objects.filter(user=case.person).first()
    if identity is None:
        return [_("Nobody vouched for a national ID of this person.")]
    row = next((one for one in descriptions_under(identity) if one.patient_id == case.study.patient_id), None)
    if row is None:
        return [_("The study does not carry the national ID of this person.")]
    if row.is_the_bearer is False:
        return [_("An administrator ruled that this patient is somebody else with the same national ID.")]
    own = own_patients(case.person)
    if own.is_in_conflict:
        return [_("Institutions describe different people under this national ID; nothing opens until it is settled.")]
    if case.study.patient_id not in own.patient_ids:
        return [_("The national provider has not confirmed this national ID, which another institution set.")]
    return []


def _no_study_grant(case: _Case) -> list[str]:
    lines = _grants(case, Q(study=case.study) & ~Q(kind=GrantKind.BREAK_GLASS))
    return lines or [_("Nobody gave this person access to the study.")]


def _no_patient_grant(case: _Case) -> list[str]:
    lines = _grants(case, Q(patient_id=case.study.patient_id))
    return lines or [_("Nobody gave this person access to the patient's studies.")]


def _no_break_glass(case: _Case) -> list[str]:
    return _grants(case, Q(study=case.study, kind=GrantKind.BREAK_GLASS)) or [_("Not opened so by this person.")]


def _grants(case: _Case, target: Q) -> list[str]:
    found = received_by(case.person, case.now).filter(target).select_related("granted_by", "revoked_by")
    return [_why_no_grant(grant, case.now) for grant in found.order_by("-granted_at", "-pk")[:20]]


def _why_no_grant(grant: Grant, now: datetime) -> str:
    given = {"person": grant.granted_by.full_name, "day": _day(grant.granted_at)}
    if grant.revoked_at is not None:
        by = grant.revoked_by.full_name if grant.revoked_by else ""
        said = {**given, "moment": _moment(grant.revoked_at), "by": by}
        return _("Given by %(person)s on %(day)s; revoked by %(by)s on %(moment)s.") % said
    if grant.valid_until <= now:
        return _("Given by %(person)s on %(day)s; ended on %(moment)s.") % {
            **given,
            "moment": _moment(grant.valid_until),
        }
    if grant.valid_from > now:
        return _("Given by %(person)s on %(day)s; begins on %(moment)s.") % {
            **given,
            "moment": _moment(grant.valid_from),
        }
    if grant.without_identity:
        return _("Given by %(person)s on %(day)s without the patient's identity: it opens no more than images.") % given
    if Permission.VIEW not in grant.permissions:
        return _("Given by %(person)s on %(day)s without the right to view.") % given
    return _("Given by %(person)s on %(day)s; the role that this needs does not run.") % given


def _at_owner(case: _Case, role: Role) -> list[Membership]:
    owner = case.study.server.institution_id
    return [one for one in case.memberships if one.role == role and one.institution_id == owner]


def _runs(membership: Membership, now: datetime) -> bool:
    has_ended = membership.ended_at is not None and membership.ended_at <= now
    return membership.since <= now and membership.suspended_at is None and not has_ended


def _day(moment: datetime) -> str:
    return formats.date_format(timezone.localtime(moment), "j M Y")


def _moment(moment: datetime) -> str:
    return formats.date_format(timezone.localtime(moment), "j M Y, H:i")


_MISSING: Final[dict[Rule, Callable[[_Case], list[str]]]] = {
    Rule.RADIOLOGIST_OF_INSTITUTION: _no_radiologist,
    Rule.ASSIGNED_TO_RADIOLOGIST: _not_assigned,
    Rule.NAMED_AS_PHYSICIAN: _not_named,
    Rule.PATIENT_ASSIGNED_TO_DOCTOR: _patient_not_assigned,
    Rule.OWN_STUDY: _not_own,
    Rule.STUDY_GRANT: _no_study_grant,
    Rule.PATIENT_GRANT: _no_patient_grant,
    Rule.BREAK_GLASS: _no_break_glass,
}

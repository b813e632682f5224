"""The page of one study: opening it is recorded, and everything on it follows from the decision that allowed it."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit.actors import Actor
from audit.services import record_study_opened
from portal.grants.audited import audited_study
from portal.grants.decisions import Decision, Reason
from portal.grants.deidentified import deidentified_holding_for
from portal.grants.lines import GrantLine, lines_on, permission_words
from portal.grants.models import Permission
from portal.grants.people import Anyone
from portal.grants.policy import Sight, sight_of
from portal.grants.upkeep import note_use
from portal.institutions.models import Role
from portal.studies.models import Series, Study
from portal.worklist.selectors import other_holdings, other_studies_of_patient, series_of


@dataclass(frozen=True)
class Why:
    """The panel "Why can I see this study?", line by line, and what is recorded."""

    rule: str
    sentence: str
    role: str
    since: datetime | None
    given_by: str
    until: datetime | None
    until_words: str
    """Said where there is no date."""
    also_true: tuple[str, ...]
    recorded: str


@dataclass(frozen=True)
class StudyPage:
    """What the page of a study shows, and what its panel in the list shows of it."""

    study: Study
    decision: Decision
    why: Why
    permissions: str
    """What the reader may do, in words: "view, download"."""
    may_share: bool
    series: list[Series]
    grants: list[GrantLine]
    """Empty for who may not share: who else sees a study is not everybody's business."""
    other_studies: list[Study]
    other_holdings: list[Study]
    whole_patient: str = ""
    """All studies of the patient that could be given, in words: "All 4 at Nistru"."""


def open_study(*, actor: Actor, user: Anyone, study_instance_uid: str, server_id: str | None) -> StudyPage | None:
    """The page of the study, recorded with the rule that allowed it; None where the person may see no such study."""
    sight = sight_of(user)
    found = sight.holding(study_instance_uid, server_id)
    if found is None:
        return _open_without_identity(actor, user, study_instance_uid, server_id)
    study, decision = found
    record_study_opened(
        actor=actor, study=audited_study(study), rule=decision.rule, given_by=_giver_of_ending_access(decision)
    )
    note_use(decision)
    return page_of_study(sight, study, decision)


def _open_without_identity(
    actor: Actor, user: Anyone, study_instance_uid: str, server_id: str | None
) -> StudyPage | None:
    """The page of a masked copy under its mapped UID: nothing on it leads to the patient or to other studies."""
    hidden = deidentified_holding_for(user, study_instance_uid, server_id)
    if hidden is None:
        return None
    record_study_opened(
        actor=actor,
        study=audited_study(hidden.study),
        rule=hidden.decision.rule,
        given_by=_giver_of_ending_access(hidden.decision),
    )
    note_use(hidden.decision)
    return StudyPage(
        study=hidden.masked,
        decision=hidden.decision,
        why=why(hidden.masked, hidden.decision),
        permissions=permission_words(hidden.decision.permissions),
        may_share=False,
        series=series_of(hidden.masked),
        grants=[],
        other_studies=[],
        other_holdings=[],
    )


def page_of_study(sight: Sight, study: Study, decision: Decision) -> StudyPage:
    """What the page shows of a holding that the policy opened."""
    may_share = Permission.SHARE in decision.permissions
    return StudyPage(
        study=study,
        decision=decision,
        why=why(study, decision),
        permissions=permission_words(decision.permissions),
        may_share=may_share,
        series=series_of(study),
        grants=lines_on(sight, study) if may_share else [],
        other_studies=other_studies_of_patient(sight, study),
        other_holdings=list(other_holdings(sight, study)),
        whole_patient=whole_patient_words(sight, study) if may_share else "",
    )


def panel_of_study(sight: Sight, study_instance_uid: str, server_id: str | None) -> StudyPage | None:
    """What stands beside the list about one row: no opening, as it says no more than list and search do."""
    found = sight.holding(study_instance_uid, server_id)
    if found is None:
        return None
    study, decision = found
    return StudyPage(
        study=study,
        decision=decision,
        why=why(study, decision),
        permissions=permission_words(decision.permissions),
        may_share=Permission.SHARE in decision.permissions,
        series=series_of(study),
        grants=[],
        other_studies=other_studies_of_patient(sight, study),
        other_holdings=[],
    )


def why(study: Study, decision: Decision) -> Why:
    """The decision in words."""
    owner = study.server.institution.short_name
    return Why(
        rule=str(decision.rule_words),
        sentence=str(decision.rule_sentence),
        role=_role_words(decision.reasons[0]) if decision.reasons else "",
        since=decision.since,
        given_by=decision.given_by,
        until=decision.until,
        until_words=str(decision.end_words),
        also_true=tuple(_also(reason) for reason in decision.also_true),
        recorded=_("Each opening is recorded. An auditor can see who looked at studies of %(institution)s.")
        % {"institution": owner},
    )


def whole_patient_words(sight: Sight, study: Study) -> str:
    """What giving the whole patient gives today: the patient's studies at the institution, as many as there are."""
    number = sight.studies.filter(patient_id=study.patient_id).count()
    institution = study.patient.institution.short_name
    words = ngettext("All, %(number)s now, at %(institution)s", "All %(number)s at %(institution)s", number)
    return words % {"number": number, "institution": institution}


def _role_words(reason: Reason) -> str:
    role: str | Promise = Role(reason.role).label if reason.role else ""
    return ", ".join(str(part) for part in (role, reason.institution) if part)


def _also(reason: Reason) -> str:
    return ", ".join(str(part) for part in (reason.words, reason.institution) if part)


def _giver_of_ending_access(decision: Decision) -> str:
    """Who gave access that ends; who gave a role says nothing about this opening."""
    return decision.given_by if decision.until is not None else ""

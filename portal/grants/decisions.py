"""The policy's answer about one person and one study: allowed or not, by which rule, and until when."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.grants.models import Permission

Words = str | Promise


class Rule(StrEnum):
    """Why a person may see a study; the values are stable, programs and the audit keep them."""

    RADIOLOGIST_OF_INSTITUTION = "radiologist_of_institution"
    ASSIGNED_TO_RADIOLOGIST = "assigned_to_radiologist"
    NAMED_AS_PHYSICIAN = "named_as_physician"
    PATIENT_ASSIGNED_TO_DOCTOR = "patient_assigned_to_doctor"
    OWN_STUDY = "own_study"
    STUDY_GRANT = "study_grant"
    PATIENT_GRANT = "patient_grant"
    BREAK_GLASS = "break_glass"
    NONE = "none"


ALL_RULES: Final = tuple(rule.value for rule in Rule)


class Reach(StrEnum):
    """How far a reason reaches beyond the one study."""

    STUDY = "study"
    PATIENT = "patient"


@dataclass(frozen=True)
class RuleWords:
    """A rule as people read it: its name, one sentence about it, and what ends it."""

    name: Words
    sentence: Words
    end: Words


WORDS: Final[dict[Rule, RuleWords]] = {
    Rule.RADIOLOGIST_OF_INSTITUTION: RuleWords(
        _("Radiologist of the institution"),
        _("Radiologists see every study of their own institution."),
        _("You leave this role"),
    ),
    Rule.ASSIGNED_TO_RADIOLOGIST: RuleWords(
        _("Assigned to you"),
        _("A radiologist sees the studies that are assigned to them."),
        _("The assignment is taken back"),
    ),
    Rule.NAMED_AS_PHYSICIAN: RuleWords(
        _("Referring doctor of the study"),
        _("Doctors see the studies of their institution that name them as referring or requesting physician."),
        _("You leave this role"),
    ),
    Rule.PATIENT_ASSIGNED_TO_DOCTOR: RuleWords(
        _("Doctor of the patient"),
        _("Doctors see the studies of the patients who are assigned to them in their institution."),
        _("The assignment is taken back"),
    ),
    Rule.OWN_STUDY: RuleWords(
        _("Your own study"),
        _("Patients see the studies that carry their national ID."),
        _("It is yours, without an end"),
    ),
    Rule.STUDY_GRANT: RuleWords(
        _("Access given to this study"),
        _("Somebody who may share this study gave you access to it for a time."),
        _("The access is revoked"),
    ),
    Rule.PATIENT_GRANT: RuleWords(
        _("Access given to this patient"),
        _("Somebody who may share this patient's studies at the institution gave you access to them for a time."),
        _("The access is revoked"),
    ),
    Rule.BREAK_GLASS: RuleWords(
        _("Opened without permission"),
        _("You opened this study for an emergency and gave a reason. The institution that owns it was told."),
        _("The hour is over"),
    ),
    Rule.NONE: RuleWords(
        _("No rule gives you access"),
        _("None of your roles and no access given to you reaches this study."),
        "",
    ),
}

ALL_PERMISSIONS: Final = tuple(Permission.values)


@dataclass(frozen=True)
class Reason:
    """One rule that opens one study to one person, from one access row."""

    rule: Rule
    permissions: frozenset[str]
    reach: Reach
    role: str = ""
    """Code of the role in which it is true; empty where no role is needed."""
    institution: str = ""
    """Short name of the institution of that role."""
    given_by: str = ""
    since: datetime | None = None
    until: datetime | None = None
    grant_id: UUID | None = None
    """The grant, where it is one."""

    @property
    def words(self) -> Words:
        """Name of the rule in plain words."""
        return WORDS[self.rule].name


@dataclass(frozen=True)
class Decision:
    """What the policy says of one person and one study. The first reason leads, the others are also true."""

    reasons: tuple[Reason, ...] = ()

    @property
    def allowed(self) -> bool:
        """True when at least one rule opens the study."""
        return bool(self.reasons)

    @property
    def rule(self) -> Rule:
        """Stable code of the leading rule."""
        return self.reasons[0].rule if self.reasons else Rule.NONE

    @property
    def rule_words(self) -> Words:
        """Name of the leading rule in plain words."""
        return WORDS[self.rule].name

    @property
    def rule_sentence(self) -> Words:
        """One sentence that explains the leading rule."""
        return WORDS[self.rule].sentence

    @property
    def role(self) -> str:
        """Code of the role in which the leading rule is true."""
        return self.reasons[0].role if self.reasons else ""

    @property
    def institution(self) -> str:
        """Short name of the institution of that role."""
        return self.reasons[0].institution if self.reasons else ""

    @property
    def since(self) -> datetime | None:
        """When the leading reason began."""
        return self.reasons[0].since if self.reasons else None

    @property
    def given_by(self) -> str:
        """Who gave the role, the assignment or the grant; empty where nobody did."""
        return self.reasons[0].given_by if self.reasons else ""

    @property
    def until(self) -> datetime | None:
        """The last moment at which any reason still holds; None where one has no fixed end."""
        return latest(reason.until for reason in self.reasons)

    @property
    def end_words(self) -> Words:
        """What ends the leading reason where no date does."""
        return WORDS[self.rule].end

    @property
    def also_true(self) -> tuple[Reason, ...]:
        """The other reasons, strongest first."""
        return self.reasons[1:]

    @property
    def permissions(self) -> tuple[str, ...]:
        """What all reasons together allow, in the order view, download, report, share."""
        return in_order(permission for reason in self.reasons for permission in reason.permissions)

    def permissions_reaching(self, reach: Reach, until: datetime) -> tuple[str, ...]:
        """What the person may do as far as `reach` and still at `until`: the most that they can give to others."""
        return in_order(
            permission
            for reason in self.reasons
            if (reach == Reach.STUDY or reason.reach == Reach.PATIENT)
            and (reason.until is None or reason.until >= until)
            for permission in reason.permissions
        )


DENIED: Final = Decision()


def in_order(permissions: Iterable[str]) -> tuple[str, ...]:
    """The permissions once each, in the order view, download, report, share."""
    given = set(permissions)
    return tuple(permission for permission in ALL_PERMISSIONS if permission in given)


def latest(ends: Iterable[datetime | None]) -> datetime | None:
    """The latest of the ends; None, which is no end, is later than every date."""
    known: list[datetime] = []
    for end in ends:
        if end is None:
            return None
        known.append(end)
    return max(known, default=None)

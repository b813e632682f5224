"""What a study UID in an address of the viewer opens to whoever asks: a holding, or its masked copy under a grant."""

from dataclasses import dataclass
from typing import Final

from portal.accounts.models import Kind, User
from portal.grants.decisions import Decision, Rule
from portal.grants.deidentified import deidentified_holding_for
from portal.grants.models import Grant
from portal.grants.people import Anyone
from portal.grants.policy import Sight, sight_of
from portal.institutions.models import Role
from portal.institutions.selectors import running_memberships
from portal.studies.models import Study

STAFF: Final = frozenset({Role.RADIOLOGIST, Role.REFERRING_DOCTOR, Role.CONSULTANT})


@dataclass(frozen=True)
class Opened:
    """One study as one person may see it now. `shown` is what they know of it, `study` what the audit is told."""

    study: Study
    shown: Study
    decision: Decision
    sight: Sight
    """What else the person may see, read for the same request."""
    grant: Grant | None = None
    """The grant without identity by which it is seen; None where it is seen as it is."""

    @property
    def permissions(self) -> tuple[str, ...]:
        """What the person may do with it."""
        return self.decision.permissions

    def stay(self, session: str) -> str:
        """The sign-in, as far as its viewing sessions are told apart: one without identity ends with its grant."""
        return session if self.grant is None else f"{session} grant {self.grant.pk}"


def opened(user: Anyone, study_instance_uid: str, server_id: str | None) -> Opened | None:
    """What the UID opens to the person now; None where they may see no such study."""
    sight = sight_of(user)
    found = sight.holding(study_instance_uid, server_id)
    if found is not None:
        study, decision = found
        return Opened(study, study, decision, sight)
    hidden = deidentified_holding_for(user, study_instance_uid, server_id)
    return None if hidden is None else Opened(hidden.study, hidden.masked, hidden.decision, sight, hidden.grant)


@dataclass(frozen=True)
class Audience:
    """One person, as far as it decides whether they read as staff; asked of each study that they see."""

    is_link_holder: bool
    is_patient_only: bool

    def is_lay(self, decision: Decision) -> bool:
        """True for patients and holders of share links: they see the images, and not the unsigned work of a reader.

        A doctor who opens their own images as a patient is one; so is a patient whom another patient gave access.
        """
        is_own = bool(decision.reasons) and all(reason.rule == Rule.OWN_STUDY for reason in decision.reasons)
        return self.is_link_holder or self.is_patient_only or is_own


def audience_of(user: Anyone) -> Audience:
    """Who the person is to a viewer; whoever is nobody reads as a holder of a link."""
    if not isinstance(user, User) or user.kind == Kind.LINK_HOLDER:
        return Audience(is_link_holder=True, is_patient_only=False)
    roles = set(running_memberships(user).values_list("role", flat=True))
    return Audience(is_link_holder=False, is_patient_only=Role.PATIENT in roles and not roles & STAFF)

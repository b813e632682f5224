"""The patient's other studies that a reader may lay beside the one that is open."""

from dataclasses import dataclass
from typing import Final

from portal.grants.decisions import Decision
from portal.grants.models import Permission
from portal.grants.people import Anyone
from portal.grants.policy import Sight, explain_each
from portal.studies.models import Study
from portal.worklist.selectors import priors_of_patient
from viewer.opened import Opened

PRIORS_AT_MOST: Final = 20


@dataclass(frozen=True)
class Prior:
    """Another study of the patient, and why the reader may see it."""

    study: Study
    decision: Decision


def priors_of(user: Anyone, found: Opened) -> list[Prior]:
    """Other studies that certainly are of the same patient, and that the person may view: the newest, 20 at most.

    Where there are more, those of the same modality or body part go first. None beside a study without identity.
    Nothing is recorded here: a prior is opened when its token is issued.
    """
    if found.grant is not None:
        return []
    sight = found.sight
    others = _one_holding_each(sight, priors_of_patient(sight, found.study))
    likeliest = sorted(others, key=lambda other: not _is_alike(other, found.study))[:PRIORS_AT_MOST]
    shown = sorted(likeliest, key=others.index)
    if not shown:
        return []
    decided = map(Prior, shown, explain_each(user, shown, now=sight.now))
    return [prior for prior in decided if Permission.VIEW in prior.decision.permissions]


def _one_holding_each(sight: Sight, studies: list[Study]) -> list[Study]:
    """Of several servers' copies of a study the one to read, as everywhere."""
    best: dict[str, Study] = {}
    for study in studies:
        known = best.get(study.study_instance_uid)
        if known is None or sight.worth(study) > sight.worth(known):
            best[study.study_instance_uid] = study
    return [study for study in studies if best[study.study_instance_uid] is study]


def _is_alike(one: Study, other: Study) -> bool:
    modalities = set(one.modalities_in_study) & set(other.modalities_in_study)
    return bool(modalities or set(one.body_parts_examined) & set(other.body_parts_examined))

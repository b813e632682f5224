"""Finds what the policy hides, for a doctor who has an exact address or an exact ID with the birth date.

Each look is counted and written into the audit; what is not found and what is not there answer alike.
"""

from datetime import date

from audit.actors import Actor
from audit.services import record_break_glass_sought
from portal.access.errors import TooManyTries
from portal.access.tries import may_try_again
from portal.accounts.models import User
from portal.accounts.national_ids import compact
from portal.grants.audited import audited_study, audited_try
from portal.grants.lookup import holding_called, holdings_of_patient
from portal.studies.models import Study


def study_at(*, actor: Actor, person: User, study_instance_uid: str, server_id: str | None) -> Study | None:
    """The holding of an exact address. Raises TooManyTries."""
    if not may_try_again(person):
        raise TooManyTries
    study = holding_called(study_instance_uid, server_id)
    subject = audited_study(study) if study else audited_try(study_instance_uid, server_id)
    record_break_glass_sought(actor=actor, study=subject, results=1 if study else 0)
    return study


def studies_of(*, actor: Actor, person: User, identifier: str, birth_date: date) -> list[Study]:
    """The holdings of whoever has exactly this identifier and this birth date. Raises TooManyTries."""
    if not may_try_again(person):
        raise TooManyTries
    found = holdings_of_patient(identifier, birth_date)
    record_break_glass_sought(actor=actor, results=len(found), patient_identifiers=[compact(identifier)])
    return found

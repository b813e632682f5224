"""Grants as pages list them: for whom, what, until when, when last used, and whether the reader may take them back."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.db.models import F, QuerySet

from portal.accounts.models import User
from portal.grants.models import Grant, Permission
from portal.grants.people import Anyone
from portal.grants.policy import Sight, sight_of
from portal.grants.selectors import administered_institutions, grants_given_by, grants_on, grants_received_by
from portal.institutions.models import Institution
from portal.studies.models import Study

SHOWN_AT_MOST: Final = 100


@dataclass(frozen=True)
class GrantLine:
    """One access that somebody gave."""

    grant: Grant
    recipient: str
    """For whom: a name, "Radiologist, A", or the address by which the giver called them."""
    initials: str
    """Two letters; empty where it is for no person whose name may be told."""
    permissions: str
    has_begun: bool
    may_revoke: bool
    study: Study | None = None
    """What it opens, or one study of the patient; None where the reader may not see it."""


@dataclass(frozen=True)
class GrantLines:
    """The lines to show, and how many there are in all."""

    lines: list[GrantLine]
    count: int


def lines_on(sight: Sight, study: Study) -> list[GrantLine]:
    """Who else may see the study because somebody gave it to them, for who may share it."""
    oversees = study.server.institution_id in set(administered_institutions(sight.user, sight.now))
    return [
        _line(grant, sight, may_revoke=oversees or grant.granted_by_id == sight.user.pk)
        for grant in grants_on(study, now=sight.now)
    ]


def lines_given_by(user: User) -> GrantLines:
    """What the person gave; with the button that takes it back."""
    sight = sight_of(user)
    return _lines(grants_given_by(user, now=sight.now), sight, may_revoke=True)


def lines_received_by(user: User) -> GrantLines:
    """What others gave to the person, to a role of theirs, or to their address."""
    sight = sight_of(user)
    return _lines(grants_received_by(user, now=sight.now), sight, may_revoke=False)


def permission_words(permissions: Iterable[str]) -> str:
    """The rights in words: "view, download"."""
    return ", ".join(str(Permission(permission).label) for permission in permissions)


@dataclass(frozen=True)
class ShownRecipient:
    """For whom a grant is, as one reader may know it; one of person, role with institution, and email is set."""

    kind: str
    name: str
    person: User | None = None
    role: str | None = None
    institution: Institution | None = None
    email: str | None = None


def recipient_of(reader: Anyone, grant: Grant) -> ShownRecipient:
    """For whom the grant is: what was given to an address stays one to all but its owner."""
    if grant.role:
        return ShownRecipient("role", grant.recipient_words, role=grant.role, institution=grant.role_institution)
    if grant.user is not None and (not grant.addressed_as or grant.user_id == reader.pk):
        return ShownRecipient("person", grant.user.full_name, person=grant.user)
    return ShownRecipient("email", grant.recipient_words, email=grant.recipient_words)


def _lines(grants: QuerySet[Grant], sight: Sight, *, may_revoke: bool) -> GrantLines:
    rows = list(grants[:SHOWN_AT_MOST])
    studies = _studies_of(rows, sight)
    lines = [_line(grant, sight, may_revoke=may_revoke, study=studies.get(grant.pk)) for grant in rows]
    return GrantLines(lines, len(rows) if len(rows) < SHOWN_AT_MOST else grants.count())


def _studies_of(grants: list[Grant], sight: Sight) -> dict[object, Study]:
    """What each grant opens, of all that the reader may see: the study, or the newest one of the patient."""
    study_ids = {grant.study_id for grant in grants if grant.study_id is not None}
    patient_ids = {grant.patient_id for grant in grants if grant.patient_id is not None}
    seen = sight.studies.select_related("server__institution", "patient__institution").prefetch_related(
        "patient__identifiers"
    )
    by_study = {study.pk: study for study in seen.filter(pk__in=study_ids)}
    newest = seen.filter(patient_id__in=patient_ids).order_by("patient_id", F("study_date").desc(nulls_last=True))
    by_patient = {study.patient_id: study for study in newest.distinct("patient_id")} if patient_ids else {}
    found = {
        grant.pk: by_study.get(grant.study_id) if grant.study_id else by_patient.get(grant.patient_id)  # type: ignore[arg-type]
        for grant in grants
    }
    return {key: study for key, study in found.items() if study is not None}


def _line(grant: Grant, sight: Sight, *, may_revoke: bool, study: Study | None = None) -> GrantLine:
    recipient = recipient_of(sight.user, grant)
    return GrantLine(
        grant=grant,
        recipient=recipient.name,
        initials=recipient.person.initials if recipient.person is not None else "",
        permissions=permission_words(grant.permissions),
        has_begun=grant.valid_from <= sight.now,
        may_revoke=may_revoke,
        study=study,
    )

"""What is open to one person at one moment, read once as plain lists of keys."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from portal.accounts.models import User
from portal.grants.identities import NOBODY, own_patients
from portal.grants.models import AssignmentPart
from portal.grants.running import running_assignments, running_grants, running_in
from portal.institutions.models import PhysicianAlias, Role
from portal.servers.models import DicomServer
from portal.studies.models import StudyPhysician

LISTED_AT_MOST: Final = 10_000
"""Studies found by a physician's name are listed by their keys up to here, so that the planner knows how few they
are and fetches just them; beyond, they are so many that walking an index in the order of the list meets them soon."""


@dataclass(frozen=True)
class Access:
    """The keys that a person's access rows open; each part stands for itself and none widens another."""

    server_ids: frozenset[UUID] = frozenset()
    """Servers whose every study is open: a radiologist's own institutions."""
    study_ids: frozenset[int] = frozenset()
    patient_ids: frozenset[int] = frozenset()
    """Patients whose every study is open: one's own, and those granted."""
    patients_at: tuple[tuple[frozenset[int], frozenset[UUID]], ...] = ()
    """Patients assigned to a doctor, and the servers of the institution in which they are."""
    studies_at: tuple[tuple[frozenset[int], frozenset[UUID]], ...] = ()
    """Studies that name a doctor, and the servers of the institution that writes them so."""
    is_in_conflict: bool = False
    """True where the person's national ID stands for different people, and opens nothing until that is settled."""
    named_at: tuple[tuple[frozenset[str], frozenset[UUID]], ...] = ()
    """Names of a physician of very many studies, and the servers of the institution that writes them so."""

    def condition(self) -> Q:
        """The studies that are open."""
        return Q(server_id__in=self.server_ids) | self.condition_beyond_servers()

    def condition_beyond_servers(self) -> Q:
        """The studies that are open for another reason than the server that holds them."""
        found = Q(pk__in=self.study_ids) | Q(patient_id__in=self.patient_ids)
        for patient_ids, server_ids in self.patients_at:
            found |= Q(patient_id__in=patient_ids, server_id__in=server_ids)
        for study_ids, server_ids in self.studies_at:
            found |= Q(pk__in=study_ids, server_id__in=server_ids)
        for names, server_ids in self.named_at:
            named = Exists(StudyPhysician.objects.filter(study=OuterRef("pk"), name_key__in=names))
            found |= Q(named, server_id__in=server_ids)
        return found


@dataclass(frozen=True)
class Roles:
    """The roles that hold, each with the institutions in which it does, and the servers of these."""

    radiologist_at: frozenset[int]
    doctor_by: dict[int, int]
    """Membership → institution."""
    is_patient: bool
    servers: dict[int, frozenset[UUID]]
    """Institution → its servers."""

    def servers_of(self, institutions: Iterable[int]) -> frozenset[UUID]:
        """The servers of these institutions."""
        return frozenset().union(*(self.servers.get(institution, frozenset()) for institution in institutions))


def access_of(user: User, now: datetime) -> Access:
    """What an active person's roles, assignments, national ID and grants open at `now`."""
    roles = _roles_of(user, now)
    granted = list(running_grants(user, now).values_list("study_id", "patient_id"))
    study_ids = {study_id for study_id, _ in granted}
    patient_ids = {patient_id for _, patient_id in granted}
    if roles.radiologist_at:
        assigned = running_assignments(user, now).filter(part=AssignmentPart.RADIOLOGIST)
        study_ids |= set(assigned.values_list("study_id", flat=True))
    own = own_patients(user) if roles.is_patient else NOBODY
    studies_at, named_at = _studies_naming(roles)
    return Access(
        server_ids=roles.servers_of(roles.radiologist_at),
        study_ids=frozenset(study_ids - {None}),
        patient_ids=frozenset((patient_ids | own.patient_ids) - {None}),
        is_in_conflict=own.is_in_conflict,
        patients_at=_patients_assigned(user, roles, now),
        studies_at=studies_at,
        named_at=named_at,
    )


def _roles_of(user: User, now: datetime) -> Roles:
    opening = (Role.RADIOLOGIST, Role.REFERRING_DOCTOR, Role.PATIENT)
    memberships = list(running_in(user, now, *opening))
    staffed = {row.institution_id for row in memberships if row.role != Role.PATIENT}
    servers: dict[int, set[UUID]] = {}
    if staffed:
        rows = DicomServer.objects.filter(institution_id__in=staffed).values_list("institution_id", "pk")
        for institution_id, server_id in rows.order_by():
            servers.setdefault(institution_id, set()).add(server_id)
    return Roles(
        radiologist_at=frozenset(row.institution_id for row in memberships if row.role == Role.RADIOLOGIST),
        doctor_by={row.pk: row.institution_id for row in memberships if row.role == Role.REFERRING_DOCTOR},
        is_patient=any(row.role == Role.PATIENT for row in memberships),
        servers={institution_id: frozenset(keys) for institution_id, keys in servers.items()},
    )


def _patients_assigned(user: User, roles: Roles, now: datetime) -> tuple[tuple[frozenset[int], frozenset[UUID]], ...]:
    """Patients assigned in each institution: the patient's row and the study must both be of this one."""
    if not roles.doctor_by:
        return ()
    of_patients = running_assignments(user, now).filter(part=AssignmentPart.REFERRING_DOCTOR)
    assigned = of_patients.filter(patient__isnull=False)
    by_institution: dict[int, set[int]] = {}
    for patient_id, institution_id in assigned.values_list("patient_id", "patient__institution_id"):
        if institution_id in roles.doctor_by.values():
            by_institution.setdefault(institution_id, set()).add(patient_id)
    return tuple((frozenset(keys), roles.servers_of([at])) for at, keys in sorted(by_institution.items()))


def _studies_naming(
    roles: Roles,
) -> tuple[tuple[tuple[frozenset[int], frozenset[UUID]], ...], tuple[tuple[frozenset[str], frozenset[UUID]], ...]]:
    """Studies of each institution that name the doctor as that institution, and no other, writes them."""
    if not roles.doctor_by:
        return (), ()
    names: dict[int, set[str]] = {}
    aliases = PhysicianAlias.objects.filter(membership_id__in=roles.doctor_by).exclude(name_key="")
    for membership_id, name_key in aliases.values_list("membership_id", "name_key"):
        names.setdefault(roles.doctor_by[membership_id], set()).add(name_key)
    listed: list[tuple[frozenset[int], frozenset[UUID]]] = []
    many: list[tuple[frozenset[str], frozenset[UUID]]] = []
    left = LISTED_AT_MOST
    for keys, institutions in _by_spelling(names).items():
        servers = roles.servers_of(institutions)
        # Whoever bears the name elsewhere comes along here and is left out by the servers.
        # Rows are counted, not studies: one may name a doctor twice, and a cut list must not pass for a whole one.
        rows = StudyPhysician.objects.filter(name_key__in=keys).values_list("study_id", flat=True)
        named = list(rows[: left + 1])
        if len(named) <= left:
            left -= len(named)
            listed.append((frozenset(named), servers))
        else:
            many.append((keys, servers))
    return tuple(listed), tuple(many)


def _by_spelling(names: dict[int, set[str]]) -> dict[frozenset[str], list[int]]:
    """The institutions that write a doctor by the same names, which one condition serves."""
    spelt: dict[frozenset[str], list[int]] = {}
    for institution_id, keys in sorted(names.items()):
        spelt.setdefault(frozenset(keys), []).append(institution_id)
    return spelt

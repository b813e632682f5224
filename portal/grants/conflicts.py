"""National IDs under which institutions describe different people, side by side, for who may settle it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.db.models import Count, Exists, F, Max, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Trim, Upper
from django.utils import timezone

from portal.accounts.models import NationalIdentity, User
from portal.grants.identities import descriptions_under, opened_to_bearer
from portal.grants.models import IdentityRuling
from portal.grants.running import running_in
from portal.institutions.models import Role
from portal.studies.models import Patient, PatientIdentifier, Study
from runtime.folding import name_key

COUNTED_AT_MOST: Final = 100


@dataclass(frozen=True)
class Reach:
    """Whose descriptions an administrator may rule on."""

    everywhere: bool
    institution_ids: frozenset[int]

    def covers(self, institution_id: int) -> bool:
        """True for a description of this institution."""
        return self.everywhere or institution_id in self.institution_ids


@dataclass(frozen=True)
class ConflictLine:
    """A national ID in the list."""

    identity: NationalIdentity
    is_open: bool
    descriptions: int


@dataclass(frozen=True)
class DescribedAs:
    """One description: whole where the reader may rule on it, else only what is needed to compare."""

    patient: Patient
    institution: str
    birth_date: date | None
    sex: str
    may_rule: bool
    has_same_name: bool | None
    """Of a description whose name is not shown: whether the name agrees with one that is; None where none is."""
    studies: int
    since: datetime | None
    senders: tuple[str, ...]
    ruling: IdentityRuling | None


@dataclass(frozen=True)
class Conflict:
    """The descriptions under one national ID, and whether they keep the bearer's studies closed."""

    identity: NationalIdentity
    is_open: bool
    descriptions: tuple[DescribedAs, ...]
    earlier: tuple[IdentityRuling, ...]
    """Rulings that were undone or replaced, on descriptions that the reader may rule on."""


def reach_of(administrator: User) -> Reach:
    """What the person may rule on: nothing for who administers nothing."""
    roles = running_in(
        administrator, timezone.now(), Role.INSTITUTION_ADMINISTRATOR, Role.SYSTEM_ADMINISTRATOR
    ).values_list("role", "institution_id")
    return Reach(
        everywhere=any(role == Role.SYSTEM_ADMINISTRATOR for role, _ in roles),
        institution_ids=frozenset(at for role, at in roles if role == Role.INSTITUTION_ADMINISTRATOR),
    )


def identities_in_question(reach: Reach) -> QuerySet[NationalIdentity]:
    """People of the portal under whose national ID descriptions differ, rulings aside, one of them within reach."""
    carried = PatientIdentifier.objects.filter(
        Exists(Study.objects.filter(patient=OuterRef("patient_id"))),
        issuer=OuterRef("issuer"),
        identifier=OuterRef("national_id"),
    ).order_by()
    births = carried.values("issuer")
    written = carried.exclude(patient__patient_sex="").annotate(written=Upper(Trim("patient__patient_sex")))
    sexes = written.exclude(written="").values("issuer")
    found = NationalIdentity.objects.annotate(
        first_birth=Subquery(births.annotate(value=Min("patient__patient_birth_date")).values("value")),
        last_birth=Subquery(births.annotate(value=Max("patient__patient_birth_date")).values("value")),
        first_sex=Subquery(sexes.annotate(value=Min("written")).values("value")),
        last_sex=Subquery(sexes.annotate(value=Max("written")).values("value")),
    )
    differ = Q(first_birth__lt=F("last_birth")) | Q(first_sex__lt=F("last_sex"))
    unlike_asserted = (
        Q(first_birth__lt=F("birth_date"))
        | Q(last_birth__gt=F("birth_date"))
        | (~Q(sex="") & (Q(first_sex__lt=F("sex")) | Q(last_sex__gt=F("sex"))))
    )
    if not reach.everywhere:
        found = found.filter(Exists(carried.filter(patient__institution_id__in=reach.institution_ids)))
    return found.exclude(national_id="").filter(differ | unlike_asserted).select_related("user").order_by("-pk")


def conflict_lines(reach: Reach, *, before: int | None = None, size: int) -> list[ConflictLine]:
    """The newest national IDs in question, or those older than the key `before`; settled ones too."""
    found = identities_in_question(reach)
    if before is not None:
        found = found.filter(pk__lt=before)
    return [_line(identity) for identity in found[:size]]


def open_conflicts(reach: Reach) -> int:
    """How many keep somebody's studies closed, counted up to COUNTED_AT_MOST in question."""
    return sum(_line(identity).is_open for identity in identities_in_question(reach)[:COUNTED_AT_MOST])


def conflict_of(reach: Reach, identity_pk: int) -> Conflict | None:
    """The descriptions side by side; None where none is within reach, or they never differed."""
    identity = identities_in_question(reach).filter(pk=identity_pk).first()
    if identity is None:
        return None
    found = descriptions_under(identity)
    pks = [one.patient_id for one in found]
    patients = Patient.objects.filter(pk__in=pks).select_related("institution").order_by("institution__name", "pk")
    rulings = IdentityRuling.objects.filter(
        patient__in=pks, issuer=identity.issuer, national_id=identity.national_id
    ).select_related("ruled_by", "undone_by", "patient__institution")
    standing = {ruling.patient_id: ruling for ruling in rulings if ruling.undone_at is None}
    rows = list(patients)
    names = {_name_of(row) for row in rows if reach.covers(row.institution_id)}
    described = tuple(_described(row, reach, names, standing.get(row.pk)) for row in rows)
    past = [one for one in rulings.order_by("-ruled_at") if one.undone_at and reach.covers(one.patient.institution_id)]
    return Conflict(identity, opened_to_bearer(identity, found).is_in_conflict, described, tuple(past))


def _line(identity: NationalIdentity) -> ConflictLine:
    found = descriptions_under(identity)
    return ConflictLine(identity, opened_to_bearer(identity, found).is_in_conflict, len(found))


def _described(patient: Patient, reach: Reach, names: set[str], ruling: IdentityRuling | None) -> DescribedAs:
    may_rule = reach.covers(patient.institution_id)
    studies = Study.objects.filter(patient=patient).order_by()
    totals = studies.aggregate(number=Count("pk"), since=Min("first_received_at"))
    return DescribedAs(
        patient=patient,
        institution=patient.institution.short_name,
        birth_date=patient.patient_birth_date,
        sex=patient.patient_sex,
        may_rule=may_rule,
        has_same_name=None if may_rule or not names else _name_of(patient) in names,
        studies=totals["number"],
        since=totals["since"] if may_rule else None,
        senders=_senders(list(studies.values_list("server__name", "calling_ae_titles"))) if may_rule else (),
        ruling=ruling,
    )


def _senders(rows: list[tuple[str, list[str]]]) -> tuple[str, ...]:
    said = {f"{title} → {server}" for server, titles in rows for title in titles} or {server for server, _ in rows}
    return tuple(sorted(said))


def _name_of(patient: Patient) -> str:
    return name_key(patient.patient_name)

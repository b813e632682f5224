"""Which patients of the institutions a national ID stands for, and when it must not be trusted.

Institutions describe a patient each in their own words, so one national ID meets many rows of Patient.
Two of them that give different birth dates, or different sexes, cannot both be this person: one institution
mistyped the ID, or sends another person's. What the identity provider asserts says which; where it says nothing,
none of them is shown, not even those that clash with nobody (a row without birth date may belong to either side).
A missing study is a nuisance and has a cure, a stranger's study is a disclosure and has none.
An administrator settles the conflict: by correcting it at the institution that is wrong, or by a ruling on a
description. A row ruled not to be the bearer is left out; a row ruled to be the bearer is trusted as it is.

A number that an administrator set, and the national identity provider has not confirmed, opens the studies of the
institutions whose patient the person is, and of no other: nobody reaches what other institutions hold by typing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from django.db.models import Exists, OuterRef, Subquery

from portal.accounts.models import NationalIdentity, User
from portal.grants.models import IdentityRuling
from portal.institutions.models import Role
from portal.institutions.selectors import running_memberships
from portal.studies.models import Patient, PatientIdentifier, Study

Value = TypeVar("Value", date, str)


@dataclass(frozen=True)
class OwnPatients:
    """The rows of Patient that a person's national ID opens to them."""

    patient_ids: frozenset[int]
    is_in_conflict: bool
    """True where rows were found and describe different people; then `patient_ids` is empty."""


NOBODY = OwnPatients(frozenset(), is_in_conflict=False)


@dataclass(frozen=True)
class Description:
    """One row of Patient under a national ID, as far as it says who it is."""

    patient_id: int
    birth_date: date | None
    sex: str
    is_the_bearer: bool | None = None
    """What an administrator ruled; None where nobody did."""


def own_patients(user: User) -> OwnPatients:
    """The patients that carry the person's national ID under its issuer, in every institution that may be trusted."""
    identity = NationalIdentity.objects.filter(user=user).first()
    if identity is None or not identity.issuer or not identity.national_id:
        return NOBODY
    own = opened_to_bearer(identity, descriptions_under(identity))
    if identity.is_confirmed or not own.patient_ids:
        return own
    vouching = running_memberships(user).filter(role=Role.PATIENT).order_by().values("institution")
    known = Patient.objects.filter(pk__in=own.patient_ids, institution__in=vouching)
    return OwnPatients(frozenset(known.values_list("pk", flat=True)), is_in_conflict=False)


def descriptions_under(identity: NationalIdentity) -> list[Description]:
    """Every description that carries the national ID and has a study, with the ruling on it; one query.

    A description that was corrected stays behind without a study, and clashes with nobody any more.
    """
    ruling = IdentityRuling.objects.filter(
        patient=OuterRef("pk"), issuer=identity.issuer, national_id=identity.national_id, undone_at__isnull=True
    )
    # One filter() for both columns: issuer and ID must stand in the same identifier row.
    carried = PatientIdentifier.objects.filter(issuer=identity.issuer, identifier=identity.national_id)
    rows = (
        Patient.objects.filter(pk__in=carried.values("patient_id"))
        .filter(Exists(Study.objects.filter(patient=OuterRef("pk"))))
        .annotate(ruled=Subquery(ruling.values("is_the_bearer")[:1]))
        .order_by("pk")
        .values_list("pk", "patient_birth_date", "patient_sex", "ruled")
    )
    return [Description(*row) for row in rows]


def opened_to_bearer(identity: NationalIdentity, descriptions: Sequence[Description]) -> OwnPatients:
    """Which of the descriptions open to the bearer of the national ID: all that may be the bearer's, or none."""
    left = [one for one in descriptions if one.is_the_bearer is not False]
    trusted = [one for one in left if one.is_the_bearer]
    unruled = [one for one in left if one.is_the_bearer is None]
    asserted = Description(0, identity.birth_date, identity.sex)
    if _clash(_birth_dates([asserted]), _birth_dates(trusted), _birth_dates(unruled)) or _clash(
        _sexes([asserted]), _sexes(trusted), _sexes(unruled)
    ):
        return OwnPatients(frozenset(), is_in_conflict=True)
    return OwnPatients(frozenset(one.patient_id for one in left), is_in_conflict=False)


def describe_different_people(descriptions: Iterable[tuple[date | None, str]]) -> bool:
    """True where two descriptions give different birth dates or sexes; what is not given clashes with nothing."""
    rows = [Description(0, birth_date, sex) for birth_date, sex in descriptions]
    return len(_birth_dates(rows)) > 1 or len(_sexes(rows)) > 1


def ruled_not_bearers(identifiers: Iterable[tuple[str, str]]) -> dict[tuple[str, str], set[int]]:
    """Under each issuer and identifier the rows that an administrator ruled to be somebody else's; one query."""
    found: dict[tuple[str, str], set[int]] = {key: set() for key in identifiers}
    standing = IdentityRuling.objects.filter(undone_at__isnull=True, is_the_bearer=False)
    under = standing.filter(national_id__in=[identifier for _, identifier in found])
    for issuer, national_id, patient_id in under.values_list("issuer", "national_id", "patient_id"):
        if (issuer, national_id) in found:
            found[issuer, national_id].add(patient_id)
    return found


def _clash(asserted: set[Value], trusted: set[Value], unruled: set[Value]) -> bool:
    """True where rows on which nobody ruled contradict what is known of the bearer, or one another.

    The provider's word goes before the administrators', as these vouch for a row and not for what it says.
    """
    known = asserted or trusted
    return bool(unruled - known) if known else len(unruled) > 1


def _birth_dates(rows: Iterable[Description]) -> set[date]:
    return {row.birth_date for row in rows if row.birth_date is not None}


def _sexes(rows: Iterable[Description]) -> set[str]:
    return {row.sex.strip().upper() for row in rows if row.sex.strip()}

"""Which patients of the institutions a national ID stands for, and when it must not be trusted.

Institutions describe a patient each in their own words, so one national ID meets many rows of Patient.
Two of them that give different birth dates, or different sexes, cannot both be this person: one institution
mistyped the ID, or sends another person's. The portal holds no birth date of its own that could say which,
so it shows none of them, not even those that clash with nobody (a row without birth date may belong to
either side). A missing study is a nuisance and has a cure, a stranger's study is a disclosure and has none.
An administrator settles the conflict at the institution that is wrong; the next report resolves it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, OuterRef

from portal.accounts.models import NationalIdentity, User
from portal.studies.models import Patient, Study


@dataclass(frozen=True)
class OwnPatients:
    """The rows of Patient that a person's national ID opens to them."""

    patient_ids: frozenset[int]
    is_in_conflict: bool
    """True where rows were found and describe different people; then `patient_ids` is empty."""


NOBODY = OwnPatients(frozenset(), is_in_conflict=False)


def own_patients(user: User) -> OwnPatients:
    """The patients that carry the person's national ID under its issuer, in any institution."""
    identity = NationalIdentity.objects.filter(user=user).first()
    if identity is None or not identity.issuer or not identity.national_id:
        return NOBODY
    # One filter() for both columns: issuer and ID must stand in the same identifier row. A description that was
    # corrected stays behind without a study, and clashes with nobody any more.
    rows = (
        Patient.objects.filter(identifiers__issuer=identity.issuer, identifiers__identifier=identity.national_id)
        .filter(Exists(Study.objects.filter(patient=OuterRef("pk"))))
        .values_list("pk", "patient_birth_date", "patient_sex")
    )
    found = list(rows)
    if describe_different_people((birth_date, sex) for _, birth_date, sex in found):
        return OwnPatients(frozenset(), is_in_conflict=True)
    return OwnPatients(frozenset(pk for pk, _, _ in found), is_in_conflict=False)


def describe_different_people(descriptions: Iterable[tuple[date | None, str]]) -> bool:
    """True where two descriptions give different birth dates or sexes; what is not given clashes with nothing."""
    birth_dates: set[date] = set()
    sexes: set[str] = set()
    for birth_date, sex in descriptions:
        if birth_date is not None:
            birth_dates.add(birth_date)
        if sex.strip():
            sexes.add(sex.strip().upper())
    return len(birth_dates) > 1 or len(sexes) > 1

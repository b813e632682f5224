"""Finds holdings past the policy for those who may know of them: by an exact address, or as the owner's administrator.

Nothing found here opens anything. The callers guard who asks, count the tries and write each into the audit.
"""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from portal.accounts.national_ids import compact
from portal.studies.models import Patient, PatientIdentifier, Study

MOST_FOUND = 50


def studies_of_patients(patient_ids: Iterable[int]) -> list[Study]:
    """Every holding of these rows of Patient."""
    return list(Study.objects.filter(patient_id__in=list(patient_ids)).order_by("pk"))


def holding_called(study_instance_uid: str, server_id: str | None = None) -> Study | None:
    """The holding of an exact address: that of the server named, else the reachable one that is most complete."""
    holdings = Study.objects.filter(study_instance_uid=study_instance_uid)
    if server_id is not None:
        try:
            holdings = holdings.filter(server_id=UUID(server_id))
        except ValueError:
            return None
    now = timezone.now()
    found = sorted(
        _shown(holdings)[:MOST_FOUND],
        key=lambda study: (
            study.server.is_reachable(now),
            study.is_complete,
            study.number_of_study_related_instances,
            -study.pk,
        ),
    )
    return found[-1] if found else None


def holdings_of_patient(identifier: str, birth_date: date) -> list[Study]:
    """The holdings of whoever has exactly this identifier and this birth date, newest first.

    A description without a birth date is not found: the identifier alone must not do.
    """
    typed = identifier.strip()
    if not typed:
        return []
    spellings = {typed, compact(typed)} - {""}
    carried = PatientIdentifier.objects.filter(identifier__in=spellings).values("patient_id")
    patients = Patient.objects.filter(pk__in=carried, patient_birth_date=birth_date).values("pk")
    return list(_shown(Study.objects.filter(patient__in=patients)).order_by("-study_date", "-pk")[:MOST_FOUND])


def holdings_of_institutions(institution_ids: Iterable[int], text: str) -> list[Study]:
    """The institutions' own holdings of exactly this study UID, accession number or patient identifier."""
    typed = text.strip()
    owners = list(institution_ids)
    if not typed or not owners:
        return []
    carried = PatientIdentifier.objects.filter(identifier__in={typed, compact(typed)} - {""}).values("patient_id")
    said = Q(study_instance_uid=typed) | Q(accession_number=typed) | Q(patient__in=carried)
    owned = Study.objects.filter(said, server__institution_id__in=owners)
    return list(_shown(owned).order_by("-study_date", "-pk")[:MOST_FOUND])


def _shown(studies: QuerySet[Study]) -> QuerySet[Study]:
    """With all that a banner says of them."""
    related = studies.filter(is_removed=False).select_related("server__institution", "patient__institution")
    return related.prefetch_related("patient__identifiers").defer("search_vector")

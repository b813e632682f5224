"""What pages of one study read besides the study: series, earlier studies, other copies, and who else may see it."""

from datetime import date, datetime
from typing import Final

from django.db.models import F, QuerySet

from portal.grants.identities import describe_different_people, ruled_not_bearers
from portal.grants.policy import Sight
from portal.servers.models import DicomServer
from portal.studies.models import IdentifierKind, Patient, PatientIdentifier, Series, Study
from portal.worklist.lists import with_what_rows_show

EARLIER_AT_MOST: Final = 50


def series_of(study: Study) -> list[Series]:
    """The series in the order of their numbers; those without a number last."""
    return sorted(
        study.series.all(),
        key=lambda series: (series.series_number is None, series.series_number or 0, series.series_instance_uid),
    )


def other_studies_of_patient(sight: Sight, study: Study) -> list[Study]:
    """The patient's other studies that the person may see, newest first, undated last."""
    found = sight.studies.filter(patient_id__in=_rows_of_same_patient(study.patient))
    others = with_what_rows_show(found.exclude(study_instance_uid=study.study_instance_uid))
    return list(others.order_by(F("study_date").desc(nulls_last=True), "-pk")[:EARLIER_AT_MOST])


def other_holdings(sight: Sight, study: Study) -> QuerySet[Study]:
    """The same study UID on other servers, where the person may see it too: a copy, or something else altogether."""
    same_uid = sight.studies.filter(study_instance_uid=study.study_instance_uid)
    return with_what_rows_show(same_uid.exclude(pk=study.pk)).order_by("pk")


def unreachable(servers: list[DicomServer], now: datetime) -> list[DicomServer]:
    """The servers that have not spoken to the portal lately."""
    return [server for server in servers if not server.is_reachable(now)]


def priors_of_patient(sight: Sight, study: Study) -> list[Study]:
    """The patient's other studies that may stand beside this one's images, newest first, undated last, with series.

    Two people on one screen are worse than a study that is not offered: as soon as what is known under the patient's
    identifiers describes different people, only what the institution itself describes by the same words is left.
    """
    rows = _described_as_same(study.patient)
    described = [row[1:] for row in rows]
    keys = [study.patient_id] if describe_different_people(described) else [pk for pk, _, _ in rows]
    found = sight.studies.filter(patient_id__in=keys).exclude(study_instance_uid=study.study_instance_uid)
    others = with_what_rows_show(found).prefetch_related("series")
    return list(others.order_by(F("study_date").desc(nulls_last=True), "-pk")[:EARLIER_AT_MOST])


def _rows_of_same_patient(patient: Patient) -> list[int]:
    """The rows that describe this person: the same national ID anywhere, or any same identifier in one institution.

    Another institution's own numbers say nothing, even under an issuer of the same name. Rows that give another
    birth date or sex are somebody else's until an administrator says otherwise.
    """
    this = (patient.patient_birth_date, patient.patient_sex)
    rows = _described_as_same(patient)
    return [pk for pk, birth_date, sex in rows if not describe_different_people([this, (birth_date, sex)])]


def _described_as_same(patient: Patient) -> list[tuple[int, date | None, str]]:
    """Key, birth date and sex of the rows under an identifier of the patient that nobody ruled to be another's.

    None at all without an identifier: unknown people share the row that says nothing, and are not one person.
    """
    under: dict[tuple[str, str], set[int]] = {}
    for identifier in patient.identifiers.all():
        if identifier.kind == IdentifierKind.OTHER and not identifier.issuer:
            # Whose number that is, nobody can say: test data and migrations repeat them.
            continue
        rows = PatientIdentifier.objects.filter(issuer=identifier.issuer, identifier=identifier.identifier)
        if identifier.kind != IdentifierKind.NATIONAL:
            rows = rows.filter(patient__institution_id=patient.institution_id)
        under[identifier.issuer, identifier.identifier] = set(rows.values_list("patient_id", flat=True))
    if not under:
        return []
    same = {patient.pk}.union(*under.values())
    if len(same) > 1:
        ruled_out = ruled_not_bearers(under)
        # An identifier that is not this row's own says nothing about whose row this is.
        sound = {key: rows - ruled_out[key] for key, rows in under.items() if patient.pk not in ruled_out[key]}
        same = {patient.pk}.union(*sound.values())
    return list(Patient.objects.filter(pk__in=same).values_list("pk", "patient_birth_date", "patient_sex"))

"""How a holding, a patient or a refused try is written into the audit log, as it was at that moment."""

from uuid import UUID

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Q

from audit.subjects import AuditedStudy, study_summary
from portal.grants.models import Assignment, Grant
from portal.studies.models import Patient, Study


def audited_study(study: Study) -> AuditedStudy:
    """The holding with every identifier by which an auditor may look for its patient."""
    return AuditedStudy(
        study_instance_uid=study.study_instance_uid,
        server_id=str(study.server_id),
        institution=study.server.institution.short_name,
        patient_identifiers=_identifiers(study.patient),
        summary=study_summary(
            study.modalities_in_study, study.study_date, study.body_parts_examined or [study.study_description]
        ),
    )


def audited_patient(patient: Patient) -> AuditedStudy:
    """A patient's whole history at one institution."""
    return AuditedStudy(
        study_instance_uid="",
        institution=patient.institution.short_name,
        patient_identifiers=_identifiers(patient),
    )


def audited_target(row: Grant | Assignment) -> AuditedStudy:
    """What a grant or an assignment opens."""
    if row.study is not None:
        return audited_study(row.study)
    if row.patient is not None:
        return audited_patient(row.patient)
    raise ValueError("Access is to a study or to a patient.")


def audited_try(study_instance_uid: str, server_id: str | None) -> AuditedStudy:
    """What somebody tried to reach and may not: its owner and patient are named where the study exists.

    One query, the same whether it exists or not, so that the time of an answer tells nothing.
    """
    holdings = Q(study_instance_uid=study_instance_uid)
    try:
        holdings &= Q(server_id=UUID(server_id)) if server_id else Q()
    except ValueError:
        holdings = Q(pk__in=[])
    found = (
        Study.objects.filter(holdings)
        .annotate(found_identifiers=ArrayAgg("patient__identifiers__identifier", distinct=True, default=[]))
        .values_list("server_id", "server__institution__short_name", "patient__patient_id", "found_identifiers")
        .order_by("pk")
        .first()
    )
    if found is None:
        return AuditedStudy(study_instance_uid=study_instance_uid)
    server, institution, patient_id, identifiers = found
    return AuditedStudy(
        study_instance_uid=study_instance_uid,
        server_id=str(server),
        institution=institution,
        patient_identifiers=tuple(dict.fromkeys(value for value in (patient_id, *identifiers) if value)),
    )


def _identifiers(patient: Patient) -> tuple[str, ...]:
    known = patient.identifiers.order_by("pk").values_list("identifier", flat=True)
    return tuple(dict.fromkeys(value for value in (patient.patient_id, *known) if value))

"""One study as the viewer's client is told of it: the study that was opened, and each prior beside it."""

from collections.abc import Iterable
from typing import Any

from django.urls import reverse

from portal.studies.models import Study
from portal.studies.presentation import ShownStudy
from portal.worklist.selectors import series_of


def study_config(
    study: Study, shown: ShownStudy, permissions: Iterable[str], *, is_lay: bool, is_prior: bool = False
) -> dict[str, Any]:
    """What the client needs to show the study, and what the person may do with it; addresses that are theirs alone."""
    patient = shown.patient
    return {
        "study_instance_uid": study.study_instance_uid,
        "server_id": str(study.server_id),
        "token_url": _address("viewer_api:token", study),
        "annotations_url": None if is_lay else _address("viewer_api:marks", study),
        "taken_out_url": _address("viewer_api:taken_out", study),
        "institution": study.server.institution.short_name,
        "accession_number": study.accession_number,
        "study_date": shown.study_date.text,
        "study_day": study.study_date.isoformat() if study.study_date else None,
        "description": shown.title,
        "modalities": list(study.modalities_in_study),
        "body_parts": list(study.body_parts_examined),
        "patient": {
            "patient_name": patient.name.plain,
            "patient_sex": patient.sex_letter,
            "patient_age": patient.age,
            "patient_birth_date": patient.birth_date.text,
            "patient_id": patient.identifier.text if patient.identifier else "",
        },
        "series": _series(study),
        "permissions": list(permissions),
        "is_prior": is_prior,
    }


def _series(study: Study) -> list[dict[str, Any]]:
    return [
        {
            "series_instance_uid": series.series_instance_uid,
            "number": series.series_number,
            "description": series.series_description.strip(),
            "modality": series.modality,
            "body_part": series.body_part_examined,
            "number_of_instances": series.number_of_series_related_instances,
        }
        for series in series_of(study)
    ]


def _address(name: str, study: Study) -> str:
    return f"{reverse(name, args=[study.study_instance_uid])}?server={study.server_id}"

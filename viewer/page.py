"""What the server writes into the viewer's page: enough to show whose images these are before any script ran."""

from dataclasses import asdict
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from portal.studies.masking import is_masked
from portal.studies.models import Study
from portal.studies.presentation import ShownStudy, shown_study
from portal.worklist.selectors import series_of
from portal.worklist.views import study_url
from viewer.assets import viewer_assets
from viewer.presets import CT_PRESETS


def page_context(study: Study) -> dict[str, Any]:
    """The template's context; `viewer_config` is also what the client reads from `#viewer-config`."""
    shown = shown_study(study)
    series = _series(study)
    return {
        "study": study,
        "series": series,
        "viewer_config": _config(study, shown, series),
        "viewer_assets": viewer_assets(),
        "window_title": _window_title(shown),
        "is_masked": is_masked(study),
        "rail_title": shown.study_date.text,
    }


def _config(study: Study, shown: ShownStudy, series: list[dict[str, Any]]) -> dict[str, Any]:
    patient = shown.patient
    return {
        "study_instance_uid": study.study_instance_uid,
        "server_id": str(study.server_id),
        "token_url": f"{reverse('viewer_api:token', args=[study.study_instance_uid])}?server={study.server_id}",
        # Whoever sees a study without identity was asked about it: its question is where they came from.
        "worklist_url": reverse("consultations:questions" if is_masked(study) else "worklist:list"),
        "study_url": study_url(study.study_instance_uid, str(study.server_id)),
        "institution": study.server.institution.short_name,
        "accession_number": study.accession_number,
        "study_date": shown.study_date.text,
        "description": shown.title,
        "patient": {
            "patient_name": patient.name.plain,
            "patient_sex": patient.sex_letter,
            "patient_age": patient.age,
            "patient_birth_date": patient.birth_date.text,
            "patient_id": patient.identifier.text if patient.identifier else "",
        },
        "series": series,
        "presets": [asdict(preset) for preset in CT_PRESETS],
    }


def _series(study: Study) -> list[dict[str, Any]]:
    return [
        {
            "series_instance_uid": series.series_instance_uid,
            "number": series.series_number,
            "description": series.series_description.strip(),
            "modality": series.modality,
            "number_of_instances": series.number_of_series_related_instances,
        }
        for series in series_of(study)
    ]


def _window_title(shown: ShownStudy) -> str:
    """ "Munteanu E., CT 20 Nov 2026": whose images a window shows is read on its tab."""
    return _("%(name)s, %(modalities)s %(date)s") % {
        "name": shown.patient.name.short,
        "modalities": shown.modalities,
        "date": shown.study_date.text,
    }

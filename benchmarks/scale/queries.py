"""The usual queries of C-FIND and QIDO-RS, timed in a process of a DICOM Server: prints one JSON object.

`python -m benchmarks.scale.queries`, with the environment of a server whose index `scale.rows` filled. Each time is
that of a page of at most 101 matches, and of counting how many more there are where it is full.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from typing import Any

import django

from benchmarks.scale.questions import milliseconds, part

LIMIT = 101
# Keys by what is looked for; the names are made as `scale.rows` makes them.
QUERIES: dict[str, tuple[str, dict[str, str]]] = {
    "studies, newest": ("STUDY", {}),
    "studies of a day": ("STUDY", {"StudyDate": "{day}"}),
    "studies of a day by modality": ("STUDY", {"StudyDate": "{day}", "ModalitiesInStudy": "MR"}),
    "studies of a year by name and modality": (
        "STUDY",
        {"StudyDate": "{year}0101-{year}1231", "PatientName": "{family}*", "ModalitiesInStudy": "CT"},
    ),
    "studies by patient ID": ("STUDY", {"PatientID": "{patient_id}"}),
    "studies by accession number": ("STUDY", {"AccessionNumber": "{accession_number}"}),
    "studies by national ID": ("STUDY", {"OtherPatientIDs": "{other_id}"}),
    "studies by whole name": ("STUDY", {"PatientName": "{name}"}),
    "studies by start of a name": ("STUDY", {"PatientName": "{family}*"}),
    "studies by two letters of a name": ("STUDY", {"PatientName": "{two}*"}),
    "studies by middle of a name": ("STUDY", {"PatientName": "*{middle}*"}),
    "studies by a name in two letters in its middle": ("STUDY", {"PatientName": "*{two}*"}),
    "studies by a name that nobody has": ("STUDY", {"PatientName": "*qqqq*"}),
    "studies by birth date": ("STUDY", {"PatientBirthDate": "{birth_date}"}),
    "studies by description": ("STUDY", {"StudyDescription": "*knee"}),
    "studies by referring physician": ("STUDY", {"ReferringPhysicianName": "{referring}*"}),
    "studies by a rare modality": ("STUDY", {"ModalitiesInStudy": "XA"}),
    "studies by a common modality": ("STUDY", {"ModalitiesInStudy": "CT"}),
    "studies by a modality that is not there": ("STUDY", {"ModalitiesInStudy": "OT"}),
    "patients, all": ("PATIENT", {}),
    "patients by start of a name": ("PATIENT", {"PatientName": "{family}*"}),
    "series of a study": ("SERIES", {"StudyInstanceUID": "{study}"}),
    "series by UID": ("SERIES", {"SeriesInstanceUID": "{series}"}),
    "series of a day by modality": ("SERIES", {"StudyDate": "{day}", "Modality": "MR"}),
    "instances of a series": ("INSTANCE", {"StudyInstanceUID": "{study}", "SeriesInstanceUID": "{series}"}),
    "instances, any": ("INSTANCE", {}),
    "hostile wildcards": ("STUDY", {"PatientName": "*a" * 300 + "*b", "StudyDescription": "*?" * 300}),
}
_TOLD = {
    "PATIENT": ["PatientName", "PatientBirthDate", "NumberOfPatientRelatedStudies"],
    "STUDY": ["PatientName", "StudyDate", "StudyDescription", "ModalitiesInStudy", "NumberOfStudyRelatedSeries"],
    "SERIES": ["Modality", "SeriesDescription", "NumberOfSeriesRelatedInstances"],
    "INSTANCE": ["SOPClassUID", "InstanceNumber", "Rows", "Columns"],
}


def example() -> dict[str, str]:
    """Values of a study from the middle of the index."""
    models = part("index.models")
    middle = models.Study.objects.order_by("pk").last().pk // 2
    study = models.Study.objects.filter(pk__gte=middle).order_by("pk").first()
    family = study.patient_name_alphabetic.partition("^")[0]
    return {
        "day": study.study_date,
        "year": study.study_date[:4],
        "name": study.patient_name_alphabetic,
        "family": family,
        "two": family[:2],
        "middle": family[2:6],
        "patient_id": study.patient_id,
        "accession_number": study.accession_number,
        "other_id": str(study.other_patient_ids[0]["identifier"]),
        "birth_date": study.patient_birth_date,
        "referring": study.referring_physician_name["alphabetic"][:4],
        "study": study.study_instance_uid,
        "series": study.series.get().series_instance_uid,
    }


def request(level: str, keys: dict[str, str]) -> Any:
    """The query of the engine."""
    attributes, values, requests = part("query.attributes"), part("query.values"), part("query.requests")
    criteria = [
        (attributes.ATTRIBUTES[key], values.criterion_of(attributes.ATTRIBUTES[key], [keys[key]])) for key in keys
    ]
    return requests.QueryRequest(
        attributes.Level[level], tuple(criteria), frozenset([*_TOLD[level], *keys]), limit=LIMIT
    )


def answered(asked: Any) -> int:
    """Look for a page, and how many more there are; returns how many are in the page."""
    searching = part("query.searching")
    found = len(list(searching.search(asked)))
    if found == LIMIT:
        searching.count(asked, after=found)
    return found


def main() -> None:
    """Time every query and print milliseconds by its name."""
    django.setup()
    values = example()
    times = {}
    for name, (level, keys) in QUERIES.items():
        asked = request(level, {key: value.format(**values) for key, value in keys.items()})
        times[name] = milliseconds(partial(answered, asked))
        print(f"{name}: {answered(asked)} found, {times[name]:.1f} ms", file=sys.stderr)
    print(json.dumps(times))


if __name__ == "__main__":
    main()

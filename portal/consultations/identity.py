"""What may betray a patient in a question without identity: writing in the pixels, and the question itself."""

from collections.abc import Iterable, Iterator
from typing import Final

from portal.studies.models import Study
from runtime.folding import words

# PS3.3 C.7.3.1.1.1: ultrasound, screenshots and scans, angiography and fluoroscopy, endoscopy and photographs, in whose
# pixels equipment and people write names.
WRITTEN_ON: Final = frozenset(
    {"US", "IVUS", "BDUS", "SC", "OT", "XA", "RF", "ES", "XC", "GM", "DMS", "OP"}
    | {"HC", "DG", "DF", "DS", "CF", "EC", "LS", "VF"}
)
_SHORTEST_NAME: Final = 3
_SHORTEST_NUMBER: Final = 5


def may_show_identity(study: Study) -> bool:
    """True where a name or number may be written in the pixels, which nobody removes; its series are read."""
    if not WRITTEN_ON.isdisjoint(study.modalities_in_study):
        return True
    return any(series.burned_in_annotation == "YES" for series in study.series.all())


def names_patient(text: str, studies: Iterable[Study]) -> bool:
    """True where `text` holds a part of the patient's name, or a number of patient or study, however written.

    The studies come with their patients; identifiers are read.
    """
    said = set(words(text))
    run_together = "".join(words(text))
    return any(
        not said.isdisjoint(_names(study)) or any(number in run_together for number in _numbers(study))
        for study in studies
    )


def _names(study: Study) -> set[str]:
    patient = study.patient
    groups = (patient.patient_name, patient.patient_name_ideographic, patient.patient_name_phonetic)
    found = {word for group in groups for word in words(group.replace("^", " "))}
    return {word for word in found if len(word) >= _SHORTEST_NAME or not word.isascii()}


def _numbers(study: Study) -> Iterator[str]:
    identifiers = [study.patient.patient_id, *(one.identifier for one in study.patient.identifiers.all())]
    for number in (*identifiers, study.accession_number, study.study_instance_uid):
        joined = "".join(words(number))
        if len(joined) >= _SHORTEST_NUMBER:
            yield joined

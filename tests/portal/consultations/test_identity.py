"""What may betray a patient: a question that names them, and modalities that write into their images."""

import pytest

from portal.consultations.identity import may_show_identity, names_patient
from tests.portal.consultations.factories import marked_patient, marked_series, marked_study
from tests.portal.grants.factories import make_identifier, make_name

pytestmark = pytest.mark.django_db


def somebody():
    return marked_study(
        patient=marked_patient(
            patient_name=make_name("Козлова^Мария^Ли", "柯^玛"),
            patient_id="NC-204417",
            other_patient_ids=(make_identifier("2099031001472", "IDNP", "national"),),
        ),
        accession_number="04-55011",
    )


@pytest.mark.parametrize(
    "text",
    [
        "Is Kozlova's nodule growing?",
        "КОЗЛОВА: второй узел?",
        "柯 has a nodule",
        "Compare 2099 0310 0147 2",
        "see nc204417",
        "accession 04 55011 shows it",
    ],
)
def test_a_question_that_names_the_patient_is_found_however_it_is_written(text):
    assert names_patient(text, [somebody()])


@pytest.mark.parametrize(
    "text",
    [
        "Second nodule of the right upper lobe grew from 10.8 to 19.5 mm. Metastasis or second primary?",
        "Image 71 of 180, li is too short to be a name.",
        "",
    ],
)
def test_an_ordinary_question_names_nobody(text):
    assert not names_patient(text, [somebody()])


@pytest.mark.parametrize(("modality", "expected"), [("US", True), ("SC", True), ("XA", True), ("CT", False)])
def test_modalities_that_write_into_their_images_are_looked_at(modality, expected):
    uid = "1.2.3.4.5.55"
    study = marked_study(study_instance_uid=uid, series=(marked_series(uid, 1, modality=modality),))
    assert may_show_identity(study) is expected


@pytest.mark.parametrize(("says", "expected"), [("YES", True), ("NO", False), ("", False)])
def test_what_an_instance_says_of_its_pixels_counts(says, expected):
    uid = "1.2.3.4.5.56"
    series = (marked_series(uid, 1), marked_series(uid, 2, burned_in_annotation=says))
    assert may_show_identity(marked_study(study_instance_uid=uid, series=series)) is expected

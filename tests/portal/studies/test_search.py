"""Readers find studies by the beginnings of words, in any script, and by identifiers however they are typed."""

import pytest

from portal.studies.folding import identifier_words, query_words, text_words
from portal.studies.models import Study
from portal.studies.search import matching
from tests.portal.servers.factories import DicomServerFactory
from tests.portal.studies.factories import make_identifier, make_name, make_patient_report, make_study

pytestmark = pytest.mark.django_db


def found(query: str) -> int:
    return Study.objects.filter(matching(query)).count()


@pytest.fixture
def study() -> Study:
    patient = make_patient_report(
        patient_name=make_name("Țurcanu^Gheorghe^Ion", "Цуркану^Георге"),
        patient_id="NC 19-8836",
        issuer_of_patient_id="NISTRU",
        other_patient_ids=(make_identifier("2099017002631", "IDNP", "national"),),
    )
    return make_study(patient=patient)


@pytest.mark.parametrize(
    "query",
    [
        "turcanu",
        "Ţurc",
        "ȚURCANU gheorghe",
        "gheorghe turcanu",
        "ion țurcanu",
        "Цуркану",
        "NC 19-8836",
        "NC198836",
        "nc1988",
        "8836",
        "2099017002631",
        "2099 0170 0263 1",
        "2099-0170-0263-1",
        "20990170",
        "NC-2026-118204",
        "118204",
        "chest",
        "contrast",
        "kozak",
        "Козак",
        "moraru",
        "",
        "   ",
        "-- ' ; \\",
    ],
)
def test_the_study_is_found(study: Study, query: str) -> None:
    assert found(query) == 1


@pytest.mark.parametrize(
    "query", ["urcanu", "turcanu elena", "2099017002632", "2002062031458", "knee", "118205", "x' | 'turcanu"]
)
def test_the_study_is_not_found(study: Study, query: str) -> None:
    assert found(query) == 0


@pytest.mark.parametrize("query", ["'", "':*", "a & b | !c <-> (", "\\'", "%", "\x00", "💥", "'" * 500, "x " * 500])
def test_no_query_breaks_the_database(study: Study, query: str) -> None:
    assert found(query) in (0, 1)


def test_a_newer_report_is_found_by_its_new_words_alone() -> None:
    server = DicomServerFactory()
    make_study(server, revision=1, study_description="Knee")
    make_study(server, revision=2, study_description="Elbow")
    assert (found("knee"), found("elbow")) == (0, 1)


def test_words_of_texts_and_identifiers_are_bounded() -> None:
    assert text_words(["a" * 5000, "Chest, abdomen", ""]) == ["a" * 100, "chest", "abdomen"]
    assert identifier_words(["NC-2026/118 204", "--"]) == ["nc2026118204", "nc", "2026", "118", "204"]
    assert query_words("x " * 500) == ["x"] * 12

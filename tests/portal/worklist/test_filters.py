"""Each filter narrows to what it says, in any script and spelling; hostile text finds and breaks nothing."""

from datetime import timedelta

import pytest
from django.http import QueryDict
from django.utils import timezone

from portal.grants.policy import visible_studies
from portal.worklist.filters import StudyFilterSet
from portal.worklist.lists import study_list
from tests.portal.grants.factories import (
    DicomServerFactory,
    InstitutionFactory,
    MembershipFactory,
    make_identifier,
    make_name,
    make_patient_report,
    make_patient_study,
    make_study,
    radiologist_of,
)
from tests.portal.studies.factories import make_series

pytestmark = pytest.mark.django_db


@pytest.fixture
def institution():
    return InstitutionFactory(code="nistru")


@pytest.fixture
def reader(institution):
    return radiologist_of(institution)


@pytest.fixture
def make(institution):
    server = DicomServerFactory(institution=institution)

    def make_one(patient_name="Nobody", *, server=server, **changes):
        described = {
            "patient_name": patient_name,
            "patient_id": "",
            "issuer_of_patient_id": "",
            "other_patient_ids": (),
        }
        patient_changes = {
            name: changes.pop(name) for name in list(changes) if name.startswith("patient_") or "ids" in name
        }
        return make_patient_study(server, patient=make_patient_report(**{**described, **patient_changes}), **changes)

    return make_one


def found(reader, **filters):
    """The studies that an address with these filters lists."""
    query = QueryDict(mutable=True)
    query.update(filters)
    return set(study_list(reader, query).studies)


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        ("Țurcanu^Ștefan", "turcanu"),
        ("Turcanu^Stefan", "ȚURCANU Ștef"),
        ("Козлова^Мария", "kozlova"),
        ("Kozlova^Maria", "козлова мар"),
        ("Munteanu^Elena", "elena munt"),
        ("MUNTEANU^ELENA", "Munteanu, Elena"),
    ],
)
@pytest.mark.parametrize("by", ["search", "patient_name"])
def test_a_name_is_found_in_any_script_case_and_order(reader, make, written, typed, by):
    study = make(written)
    make("Popescu^Radu")
    assert found(reader, **{by: typed}) == {study}


@pytest.mark.parametrize("typed", ["2002062031458", "2002 0620 3145 8", "2002-0620-31458", "20020620"])
def test_an_id_is_found_with_and_without_spaces(reader, make, typed):
    study = make(other_patient_ids=(make_identifier("2002062031458", "IDNP", "national"),))
    make(other_patient_ids=(make_identifier("2002062031466", "IDNP", "national"),)) if len(typed) > 8 else None
    assert found(reader, search=typed) == {study}


def test_the_patient_id_filter_wants_the_whole_identifier_of_any_issuer(reader, make):
    by_id = make(patient_id="NC 77")
    other = make(other_patient_ids=(make_identifier("2002062031458", "IDNP", "national"),))
    assert found(reader, patient_id="NC 77") == {by_id}
    assert found(reader, patient_id="2002 0620 3145 8") == {other}
    assert found(reader, patient_id="NC") == set()


def test_a_description_and_an_accession_number_are_searched(reader, make):
    study = make(study_description="CT of the ribs, abdomen", accession_number="04-55011")
    make(study_description="MRI knee", accession_number="04-55012")
    assert found(reader, search="rib") == {study}
    assert found(reader, search="04-55011") == {study}
    assert found(reader, accession_number="04-55011") == {study}


def test_the_name_filter_does_not_find_descriptions(reader, make):
    named = make("Chesterton^Gilbert")
    make("Munteanu^Elena", study_description="Chest")
    assert found(reader, patient_name="chest") == {named}


def test_modalities_are_found_among_several(reader, make):
    ct = make(series=(make_series(1, modality="CT"), make_series(2, modality="PT")))
    mr = make(series=(make_series(1, modality="MR"),))
    make(series=(make_series(1, modality="US"),))
    assert found(reader, modality="CT") == {ct}
    assert found(reader, modality="pt") == {ct}
    assert found(reader, modality="CT,MR") == {ct, mr}
    assert found(reader, modality="XX") == set()


def test_study_dates_are_bounded_on_both_sides_and_include_the_bounds(reader, make):
    first, second, third = (make(study_date=day) for day in ("20261119", "20261120", "20261121"))
    make(study_date="")
    assert found(reader, study_date="2026-11-20") == {second}
    assert found(reader, study_date_after="2026-11-20") == {second, third}
    assert found(reader, study_date_before="2026-11-20") == {first, second}
    assert found(reader, study_date_after="2026-11-20", study_date_before="2026-11-20") == {second}


def test_arrival_is_when_the_first_instance_came(reader, make):
    now = timezone.now()
    recent = make(first_received_at=now - timedelta(hours=2))
    older = make(first_received_at=now - timedelta(days=2))
    assert found(reader, arrived="24h") == {recent}
    assert found(reader, arrived="3d") == {recent, older}
    assert found(reader, received_before=(now - timedelta(days=1)).isoformat()) == {older}
    assert found(reader, received_after=(now - timedelta(days=1)).isoformat()) == {recent}
    # Further from UTC than the database takes.
    displaced = (now - timedelta(days=1)).astimezone(timezone.get_fixed_timezone(timedelta(hours=-19, minutes=-4)))
    assert found(reader, received_after=displaced.isoformat()) == {recent}


def test_institution_and_server_narrow_to_where_the_study_lies(reader, make):
    elsewhere = InstitutionFactory(code="codru")
    MembershipFactory(user=reader, institution=elsewhere)
    second_server = DicomServerFactory(institution=elsewhere)
    here, there = make(), make(server=second_server)
    assert found(reader, institution="nistru") == {here}
    assert found(reader, institution="codru,nistru") == {here, there}
    assert found(reader, server=str(second_server.pk)) == {there}


def test_state_tells_complete_from_arriving(reader, make):
    whole, growing = make(complete=True), make(complete=False)
    assert found(reader, state="complete") == {whole}
    assert found(reader, state="arriving") == {growing}


def test_filters_narrow_together(reader, make):
    study = make("Munteanu^Elena", study_date="20261120", series=(make_series(1, modality="MR"),))
    make("Munteanu^Elena", study_date="20261120")
    make("Munteanu^Elena", study_date="20261121", series=(make_series(1, modality="MR"),))
    assert found(reader, search="munt", modality="MR", study_date="2026-11-20") == {study}


@pytest.mark.parametrize(
    "hostile",
    [
        "' OR 1=1 --",
        "munteanu' | '",
        "a' & !b:* <-> (",
        "\\'); DROP TABLE studies_study; --",
        "%",
        "%%%_",
        ":*",
        "((((",
        "\x00",
        "\u202emunteanu",
        "🫁",
        "zz " * 60,
        "<script>alert(1)</script>",
    ],
)
@pytest.mark.parametrize("by", ["search", "patient_name", "patient_id", "accession_number", "modality", "institution"])
def test_hostile_text_is_only_text(reader, make, hostile, by):
    make("Popescu^Radu")
    assert found(reader, **{by: hostile}) == set()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("study_date", "yesterday"),
        ("study_date_after", "2026-13-45"),
        ("server", "nonsense"),
        ("arrived", "1000y"),
        ("state", "lost"),
        ("search", "x" * 201),
        ("received_after", "soon"),
        ("received_after", "0001-01-01T00:00:00+14:00"),
        ("study_instance_uid", "1" * 65),
    ],
)
def test_a_filter_that_cannot_be_read_shows_nothing_rather_than_everything(reader, make, name, value):
    make()
    query = QueryDict(mutable=True)
    query[name] = value
    wanted = study_list(reader, query)
    assert not wanted.is_readable
    assert not wanted.studies.exists()
    assert wanted.count().number == 0


def test_no_filter_reaches_what_the_policy_hides(reader, make):
    hidden = make_study(study_description="Chest")
    for filters in (
        {"search": "chest"},
        {"institution": hidden.server.institution.code},
        {"server": str(hidden.server_id)},
        {"study_instance_uid": hidden.study_instance_uid},
        {"patient_id": hidden.patient.patient_id},
    ):
        assert found(reader, **filters) == set()


def test_the_filters_start_from_what_the_policy_shows(reader):
    assert StudyFilterSet(QueryDict(), queryset=visible_studies(reader)).qs.count() == 0


def test_a_name_in_a_second_script_is_found_by_either(reader, make):
    study = make(patient_name=make_name("Kim^Minsu", ideographic="金^民秀"))
    assert found(reader, search="金") == {study}
    assert found(reader, search="kim") == {study}

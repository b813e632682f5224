"""`/api/v1/studies/`: the list and one study for programs."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from knox.models import AuthToken

from audit.models import Action, AuditEvent
from tests.portal.grants.factories import (
    DicomServerFactory,
    GrantFactory,
    make_name,
    make_patient_report,
    make_patient_study,
    national_patient,
    radiologist_of,
)
from tests.portal.studies.factories import make_series

pytestmark = pytest.mark.django_db
URL = "/api/v1/studies/"


@pytest.fixture
def server():
    return DicomServerFactory(last_contact_at=timezone.now())


@pytest.fixture
def reader(server):
    return radiologist_of(server.institution)


@pytest.fixture
def get(client, reader):
    headers = {"Authorization": f"Token {AuthToken.objects.create(reader)[1]}"}

    def get_one(url=URL, **query):
        return client.get(url, query, headers=headers)

    return get_one


def test_a_study_is_told_in_the_words_of_dicom(get, server):
    study = make_patient_study(
        server,
        patient=national_patient(patient_name=make_name("Munteanu^Elena")),
        study_date="20261120",
        study_time="012100",
        accession_number="04-55011",
        study_description="CT of the chest",
        referring_physician_name=make_name("Botnari^Mihail"),
        series=(make_series(1), make_series(2, modality="PT")),
        number_of_study_related_instances=748,
        complete=True,
    )
    answer = get()
    assert answer.status_code == 200
    body = answer.json()
    assert (body["next"], body["previous"]) == (None, None)
    told = body["results"][0]
    assert parse_datetime(told.pop("first_received_at")) == study.first_received_at
    assert parse_datetime(told.pop("last_received_at")) == study.last_received_at
    assert told == {
        "study_instance_uid": study.study_instance_uid,
        "study_date": "2026-11-20",
        "study_time": "012100",
        "accession_number": "04-55011",
        "study_id": study.study_id,
        "study_description": "CT of the chest",
        "referring_physician_name": "Botnari^Mihail",
        "modalities_in_study": ["CT", "PT"],
        "body_parts_examined": study.body_parts_examined,
        "patient_name": "Munteanu^Elena",
        "patient_id": "77-01",
        "issuer_of_patient_id": "NISTRU",
        "patient_birth_date": "1962-03-14",
        "patient_sex": "F",
        "patient_identifiers": [
            {"identifier": "2099031001472", "issuer": "IDNP", "kind": "national"},
            {"identifier": "77-01", "issuer": "NISTRU", "kind": "patient_id"},
        ],
        "number_of_study_related_series": 2,
        "number_of_study_related_instances": 748,
        "is_complete": True,
        "institution": {
            "code": server.institution.code,
            "name": server.institution.name,
            "short_name": server.institution.short_name,
        },
        "server": {"id": str(server.pk), "name": server.name, "ae_title": "NISTRU"},
    }


def test_one_study_has_its_series_and_the_reason_why_it_is_shown(get, server, reader):
    study = make_patient_study(server, series=(make_series(2, series_description="Lung 1.0"), make_series(1)))
    told = get(f"{URL}{study.study_instance_uid}/").json()
    assert [series["series_number"] for series in told["series"]] == [1, 2]
    assert told["series"][1]["series_description"] == "Lung 1.0"
    assert set(told["series"][0]) == {
        "series_instance_uid",
        "modality",
        "series_number",
        "series_description",
        "body_part_examined",
        "protocol_name",
        "station_name",
        "number_of_series_related_instances",
    }
    assert told["access"] == {
        "rule": "radiologist_of_institution",
        "rule_words": "Radiologist of the institution",
        "role": "radiologist",
        "given_by": "",
        "until": None,
        "permissions": ["view", "download", "report", "share"],
    }
    event = AuditEvent.objects.get(action=Action.STUDY_OPENED)
    assert (event.actor_id, event.study_instance_uid) == (str(reader.subject), study.study_instance_uid)


def test_the_list_is_recorded_with_its_filters(get, server, reader):
    make_patient_study(server)
    get(modality="CT", search="2002 0620 3145 8")
    event = AuditEvent.objects.get(action=Action.WORKLIST_QUERIED)
    assert event.details == {"filters": {"modality": ["CT"], "search": "…"}, "results": 0}
    assert event.patient_identifiers == ["2002062031458"]
    assert event.actor_id == str(reader.subject)


def test_pages_follow_each_other_both_ways(get, server):
    now = timezone.now()
    made = [make_patient_study(server, first_received_at=now - timedelta(minutes=n)) for n in range(5)]
    uids, body, backward = [], get(page_size=2).json(), []
    uids += [one["study_instance_uid"] for one in body["results"]]
    while body["next"]:
        body = get(body["next"]).json()
        uids += [one["study_instance_uid"] for one in body["results"]]
    assert uids == [study.study_instance_uid for study in made]
    while body["previous"]:
        body = get(body["previous"]).json()
        backward = [one["study_instance_uid"] for one in body["results"]] + backward
    assert backward == uids[:4]


def test_filters_and_order_travel_with_the_links(get, server):
    for day in ("20261118", "20261119", "20261120"):
        make_patient_study(server, study_date=day)
    body = get(ordering="study_date", study_date_after="2026-11-19", page_size=1).json()
    days = [body["results"][0]["study_date"], get(body["next"]).json()["results"][0]["study_date"]]
    assert days == ["2026-11-19", "2026-11-20"]


@pytest.mark.parametrize(
    "query",
    [
        {"cursor": "nonsense"},
        {"cursor": "' OR 1=1 --"},
        {"cursor": "x" * 5000},
        {"ordering": "patient_sort"},
        {"ordering": "--study_date"},
        {"page_size": "0"},
        {"page_size": "201"},
        {"page_size": "-1"},
        {"page_size": "²"},
        {"study_date": "yesterday"},
        {"server": "nonsense"},
        {"state": "lost"},
        {"search": "\x00"},
        {"search": "x" * 201},
    ],
)
def test_what_cannot_be_read_is_a_problem_that_repeats_nothing(get, server, query):
    make_patient_study(server)
    answer = get(**query)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "request_invalid"
    [(name, value)] = query.items()
    assert name in answer.json()["detail"]
    assert value not in answer.content.decode() or len(value) < 3


def test_a_cursor_of_another_order_is_refused(get, server):
    for _ in range(2):
        make_patient_study(server)
    cursor = re.search("cursor=([^&]+)", get(page_size=1).json()["next"]).group(1)
    assert get(cursor=cursor, ordering="study_date").status_code == 400


def test_the_server_tells_apart_two_holdings_of_one_uid(get, server, reader):
    study = make_patient_study(server)
    copy = make_patient_study(study_instance_uid=study.study_instance_uid)
    GrantFactory(user=reader, study=copy)
    url = f"{URL}{study.study_instance_uid}/"
    assert get(url, server=str(server.pk)).json()["server"]["id"] == str(server.pk)
    assert get(url, server=str(copy.server_id)).json()["server"]["id"] == str(copy.server_id)
    assert get(url, server="00000000-0000-0000-0000-000000000000").status_code == 404
    listed = get(study_instance_uid=study.study_instance_uid).json()["results"]
    assert {one["server"]["id"] for one in listed} == {str(server.pk), str(copy.server_id)}


def test_hostile_text_comes_back_as_text(get, server):
    name = "<script>alert(1)</script>^'; DROP TABLE x; --"
    make_patient_study(server, patient=make_patient_report(patient_name=name))
    answer = get()
    assert answer["Content-Type"] == "application/json"
    assert answer.json()["results"][0]["patient_name"] == name


def test_the_list_asks_the_database_as_often_for_many_as_for_one(get, server, django_assert_max_num_queries):
    for _ in range(10):
        make_patient_study(server, patient=national_patient())
    with django_assert_max_num_queries(15):
        assert len(get().json()["results"]) == 10


def test_a_browser_session_may_read_too(client, reader, server):
    make_patient_study(server)
    client.force_login(reader)
    assert len(client.get(URL).json()["results"]) == 1


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_studies_are_read_only(client, reader, server, method):
    study = make_patient_study(server)
    client.force_login(reader)
    for url in (URL, f"{URL}{study.study_instance_uid}/"):
        assert getattr(client, method)(url).status_code == 405


@pytest.mark.filterwarnings("error")
def test_the_schema_is_written_without_a_warning_and_names_the_parameters(tmp_path, capsys):
    from django.core.management import call_command
    from drf_spectacular.drainage import GENERATOR_STATS

    GENERATOR_STATS.reset()
    path = tmp_path / "schema.yaml"
    call_command("spectacular", "--file", str(path), "--validate", "--fail-on-warn")
    schema = path.read_text()
    for words in ("/api/v1/studies/:", "/api/v1/studies/{study_instance_uid}/viewer-token/:", "/api/v1/grants/:"):
        assert words in schema
    assert capsys.readouterr().err == ""


def test_the_schema_is_for_people_who_are_signed_in(client, get):
    assert client.get("/api/v1/schema/").status_code == 401
    answer = get("/api/v1/schema/")
    assert answer.status_code == 200
    assert "studies_list" in answer.content.decode()


def test_a_filter_that_is_misspelt_is_refused_rather_than_passed_over(get, server):
    make_patient_study(server)
    answer = get(modalty="CT")
    assert answer.status_code == 400
    assert "results" not in answer.json()
    assert AuditEvent.objects.filter(action=Action.WORKLIST_QUERIED).count() == 0

"""Marks by their addresses: who reads and writes them, what is refused, and what the audit hears of it."""

import json
from uuid import uuid4

import pytest
from django.test import Client

from audit.models import Action, AuditEvent
from portal.institutions.models import Role
from tests.portal.accounts.factories import NATIONAL_IDS
from tests.portal.grants.factories import (
    GrantFactory,
    MembershipFactory,
    UserFactory,
    doctor_of,
    make_name,
    make_patient_study,
    national_patient,
    patient_person,
    radiologist_of,
)
from tests.portal.sharing.factories import make_link, open_link
from tests.viewer.marks.factories import make_mark, mark_body
from viewer.marks.models import Mark, MarkVersion

pytestmark = pytest.mark.django_db
SECRET = "spiculated"


@pytest.fixture
def study():
    return make_patient_study(patient=national_patient(), referring_physician_name=make_name("Botnari^Mihail^^Dr."))


@pytest.fixture
def reader(study, client):
    person = radiologist_of(study.server.institution)
    client.force_login(person)
    return person


def list_url(study):
    return f"/api/v1/studies/{study.study_instance_uid}/annotations/?server={study.server_id}"


def url(study, mark_id, tail="", **query):
    more = "".join(f"&{name}={value}" for name, value in query.items())
    base = f"/api/v1/studies/{study.study_instance_uid}/annotations/{mark_id}/{tail}"
    return f"{base}?server={study.server_id}{more}"


def put(client, study, mark_id, body):
    return client.put(url(study, mark_id), json.dumps(body), content_type="application/json")


def as_person(person):
    client = Client()
    client.force_login(person)
    return client


def denials():
    return AuditEvent.objects.filter(action=Action.ACCESS_DENIED)


def test_a_mark_is_kept_and_read_again_just_so(client, study, reader):
    mark_id = uuid4()
    answer = put(client, study, mark_id, mark_body())
    assert answer.status_code == 200
    kept = dict(answer.json())
    times = kept.pop("created_at"), kept.pop("changed_at")
    assert times[0] == times[1]
    assert kept == {
        "id": str(mark_id),
        "kind": "line",
        "series_instance_uid": "1.2.3.1",
        "sop_instance_uid": "1.2.3.1.70",
        "frame_number": 1,
        "points": [[10.5, 20.25], [30.0, 40.0]],
        "text": "nodule",
        "values": {"length": 19.5, "unit": "mm"},
        "author": {"name": reader.full_name, "is_me": True},
        "version": 1,
        "is_deleted": False,
    }
    assert client.get(list_url(study)).json() == {"next": None, "previous": None, "results": [answer.json()]}


def test_another_reader_sees_it_as_somebody_elses(client, study, reader):
    make_mark(study, reader)
    colleague = radiologist_of(study.server.institution)
    (shown,) = as_person(colleague).get(list_url(study)).json()["results"]
    assert shown["author"] == {"name": reader.full_name, "is_me": False}


def test_a_change_that_came_too_late_is_told_what_is_there_now(client, study, reader):
    mark_id = uuid4()
    put(client, study, mark_id, mark_body())
    put(client, study, mark_id, mark_body(1, text="larger"))
    answer = put(client, study, mark_id, mark_body(1, text="smaller"))
    assert (answer.status_code, answer["Content-Type"]) == (409, "application/problem+json")
    problem = answer.json()
    assert (problem["code"], problem["status"]) == ("changed_meanwhile", 409)
    assert (problem["current"]["text"], problem["current"]["version"]) == ("larger", 2)
    assert client.delete(url(study, mark_id, version=1)).json()["current"]["version"] == 2


def test_what_is_taken_away_leaves_the_list_and_stays_among_its_versions(client, study, reader):
    mark_id = uuid4()
    put(client, study, mark_id, mark_body())
    assert client.delete(url(study, mark_id, version=1)).status_code == 204
    assert client.get(list_url(study)).json()["results"] == []
    versions = client.get(url(study, mark_id, "versions/")).json()["results"]
    assert [(one["version"], one["is_deleted"]) for one in versions] == [(1, False), (2, True)]
    assert {one["id"] for one in versions} == {str(mark_id)}


def test_the_list_has_pages(client, study, reader):
    marks = [make_mark(study, reader) for _ in range(3)]
    first = client.get(f"{list_url(study)}&page_size=2").json()
    second = client.get(first["next"]).json()
    found = [one["id"] for one in (*first["results"], *second["results"])]
    assert found == [str(mark.mark_id) for mark in marks]


def test_the_list_costs_the_same_however_many_marks_there_are(client, study, reader, django_assert_max_num_queries):
    for _ in range(30):
        make_mark(study, reader)
    with django_assert_max_num_queries(25):
        assert len(client.get(list_url(study)).json()["results"]) == 30


@pytest.mark.parametrize("who", ["stranger", "other radiologist", "administrator", "other patient", "revoked"])
def test_to_whom_the_study_is_hidden_its_marks_are_too(study, who):
    reader = radiologist_of(study.server.institution)
    mark = make_mark(study, reader, text=SECRET)
    people = {
        "stranger": UserFactory,
        "other radiologist": lambda: MembershipFactory(role=Role.RADIOLOGIST).user,
        "administrator": lambda: (
            MembershipFactory(role=Role.INSTITUTION_ADMINISTRATOR, institution=study.server.institution).user
        ),
        "other patient": lambda: patient_person(NATIONAL_IDS[1]),
        "revoked": lambda: GrantFactory(study=study, revoked_at=mark.created_at).user,
    }
    person = people[who]()
    client = as_person(person)
    answers = [
        client.get(list_url(study)),
        client.get(url(study, mark.mark_id, "versions/")),
        put(client, study, mark.mark_id, mark_body(1, text="mine")),
        put(client, study, uuid4(), {"nonsense": True}),
        client.delete(url(study, mark.mark_id, version=1)),
    ]
    assert [answer.status_code for answer in answers] == [404] * 5
    assert not [answer for answer in answers if SECRET in answer.content.decode()]
    assert [event.actor_id for event in denials()] == [str(person.subject)] * 5
    assert MarkVersion.objects.count() == 1


def test_nobody_who_is_signed_out_reads_or_writes(study):
    mark = make_mark(study, radiologist_of(study.server.institution), text=SECRET)
    client = Client()
    for answer in (
        client.get(list_url(study)),
        client.get(url(study, mark.mark_id, "versions/")),
        put(client, study, mark.mark_id, mark_body(1)),
        client.delete(url(study, mark.mark_id, version=1)),
    ):
        assert (answer.status_code, SECRET in answer.content.decode()) == (401, False)
    assert denials().count() == 4
    assert MarkVersion.objects.count() == 1


def test_who_may_not_report_reads_marks_and_makes_none(study):
    mark = make_mark(study, radiologist_of(study.server.institution), text=SECRET)
    doctor = doctor_of(study.server.institution)
    client = as_person(doctor)
    assert [one["text"] for one in client.get(list_url(study)).json()["results"]] == [SECRET]
    for answer in (
        put(client, study, uuid4(), mark_body()),
        put(client, study, mark.mark_id, mark_body(1, text="x")),
        client.delete(url(study, mark.mark_id, version=1)),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert [(event.details["tried"], event.actor_id) for event in denials()] == [
        ("change_mark", str(doctor.subject))
    ] * 3
    assert MarkVersion.objects.count() == 1


def test_the_mark_of_a_colleague_is_not_ours_to_change(client, study, reader):
    mark = make_mark(study, radiologist_of(study.server.institution))
    for answer in (
        put(client, study, mark.mark_id, mark_body(1, text="x")),
        client.delete(url(study, mark.mark_id, version=1)),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "not_yours")
    assert denials().count() == 2
    assert (Mark.objects.get().version, Mark.objects.get().is_deleted) == (1, False)


def test_patients_read_no_unsigned_work_of_a_reader(study):
    mark = make_mark(study, radiologist_of(study.server.institution), text=SECRET)
    patient = as_person(patient_person())
    answer = patient.get(list_url(study))
    assert (answer.status_code, answer.json()["results"]) == (200, [])
    assert patient.get(url(study, mark.mark_id, "versions/")).status_code == 404
    assert put(patient, study, uuid4(), mark_body()).status_code == 403


def test_whom_a_patient_let_in_reads_none_either(study):
    make_mark(study, radiologist_of(study.server.institution), text=SECRET)
    relative = patient_person(NATIONAL_IDS[1])
    GrantFactory(study=study, user=relative)
    assert as_person(relative).get(list_url(study)).json()["results"] == []


def test_the_holder_of_a_share_link_reads_none(study):
    reader = radiologist_of(study.server.institution)
    mark = make_mark(study, reader, text=SECRET)
    holder = open_link(make_link(maker=reader, study=study))
    for address in (list_url(study), url(study, mark.mark_id, "versions/")):
        answer = holder.get(address)
        assert (answer.status_code, SECRET in answer.content.decode()) == (404, False)
    assert put(holder, study, uuid4(), mark_body()).status_code == 404


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("kind", "square"),
        ("kind", None),
        ("series_instance_uid", "1.2..3"),
        ("series_instance_uid", "../../etc"),
        ("sop_instance_uid", ""),
        ("sop_instance_uid", "1." * 40),
        ("frame_number", 0),
        ("frame_number", 2**31),
        ("frame_number", "x"),
        ("points", []),
        ("points", [[1, 2]]),
        ("points", [[1, 2], [3, 4], [5, 6]]),
        ("points", [[1, 2], [3]]),
        ("points", [[1, 2], ["3", 4]]),
        ("points", [[1, 2], [True, 4]]),
        ("points", [[1, 2], [None, 4]]),
        ("points", [[1, 2], [1e9, 4]]),
        ("points", "1,2,3,4"),
        ("points", {"0": [1, 2]}),
        ("text", "x" * 501),
        ("text", "a\x00b"),
        ("text", "\ud800"),
        ("text", 7),
        ("text", None),
        ("values", []),
        ("values", {"length": {"deep": 1}}),
        ("values", {"length": [1]}),
        ("values", {"length": 1e300}),
        ("values", {"unit": "x" * 101}),
        ("values", {"unit": "\x00"}),
        ("values", {"x" * 101: 1}),
        ("values", {f"v{number}": 1 for number in range(41)}),
        ("version", -1),
        ("version", None),
    ],
)
def test_what_no_viewer_sends_is_refused(client, study, reader, member, value):
    answer = put(client, study, uuid4(), mark_body() | {member: value})
    assert (answer.status_code, answer.json()["code"]) == (400, "request_invalid")
    assert not Mark.objects.exists()


@pytest.mark.parametrize("number", ["1e999", "-1e999", "NaN", "Infinity"])
@pytest.mark.parametrize("member", ["points", "values"])
def test_no_number_that_is_none_is_kept(client, study, reader, number, member):
    body = json.dumps(mark_body())
    body = body.replace("10.5", number) if member == "points" else body.replace("19.5", number)
    assert client.put(url(study, uuid4()), body, content_type="application/json").status_code == 400
    assert not Mark.objects.exists()


@pytest.mark.parametrize(
    ("kind", "number", "is_taken"),
    [
        ("key_image", 0, True),
        ("key_image", 1, False),
        ("probe", 1, True),
        ("probe", 2, False),
        ("angle", 3, True),
        ("angle", 2, False),
        ("cobb", 4, True),
        ("cobb", 3, False),
        ("circle", 2, True),
        ("rectangle", 2, True),
        ("diameter", 2, True),
        ("curve", 2000, True),
        ("curve", 2001, False),
        ("draw_curve", 1, False),
        ("arrow", 2, True),
    ],
)
def test_a_kind_has_as_many_points_as_it_is_drawn_by(client, study, reader, kind, number, is_taken):
    points = [[place, place] for place in range(number)]
    answer = put(client, study, uuid4(), mark_body(kind=kind, points=points))
    assert answer.status_code == (200 if is_taken else 400)


def test_hostile_text_stays_text(client, study, reader):
    hostile = "</script><script>alert(1)</script> \N{RIGHT-TO-LEFT OVERRIDE}'; DROP TABLE marks; -- \n\t{{7*7}}"
    put(client, study, uuid4(), mark_body(text=hostile, values={"label": hostile[:60]}))
    (shown,) = client.get(list_url(study)).json()["results"]
    assert (shown["text"], shown["values"]["label"]) == (hostile, hostile[:60])


@pytest.mark.parametrize("version", ["", "0", "x", "1.5", str(2**40)])
def test_a_version_that_is_none_takes_nothing_away(client, study, reader, version):
    mark = make_mark(study, reader)
    assert client.delete(url(study, mark.mark_id, version=version)).status_code == 400
    assert not Mark.objects.get().is_deleted


def test_a_reader_who_saves_each_change_hinders_nothing_else(client, study, reader, settings):
    rates = {**settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"], "person": "2/min", "marks": "20/min"}
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}
    assert {put(client, study, uuid4(), mark_body()).status_code for _ in range(20)} == {200}
    token = f"/api/v1/studies/{study.study_instance_uid}/viewer-token/"
    assert [client.post(token).status_code for _ in range(3)] == [200, 200, 429]
    assert put(client, study, uuid4(), mark_body()).status_code == 429

"""The list, its parts, and the page of a study as a browser gets them."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import escape

from audit.models import Action, AuditEvent
from portal.grants.models import Grant
from portal.grants.policy import explain
from portal.institutions.models import Role
from tests.portal.grants.factories import (
    DicomServerFactory,
    GrantFactory,
    InstitutionFactory,
    MembershipFactory,
    UserFactory,
    doctor_of,
    make_patient_report,
    make_patient_study,
    national_patient,
    patient_person,
    radiologist_of,
)
from tests.portal.studies.factories import make_study

pytestmark = pytest.mark.django_db
URL = "/worklist/"
HTMX = {"HX-Request": "true"}
HOSTILE = "<script>alert(1)</script>^'; DROP TABLE x; --"


@pytest.fixture
def server():
    return DicomServerFactory(last_contact_at=timezone.now())


@pytest.fixture
def reader(server, client):
    person = radiologist_of(server.institution)
    client.force_login(person)
    return person


def events(action):
    return AuditEvent.objects.filter(action=action)


def page_url(study, path="studies") -> str:
    return f"/{path}/{study.study_instance_uid}/?server={study.server_id}"


def test_the_list_shows_the_studies_of_the_policy_and_records_the_look(client, reader, server):
    mine, hidden = make_patient_study(server), make_patient_study()
    answer = client.get(URL)
    assert answer.status_code == 200
    assert list(answer.context["studies"]) == [mine]
    assert hidden.study_instance_uid not in answer.content.decode()
    assert answer["Cache-Control"] == "max-age=0, no-cache, no-store, must-revalidate, private"
    event = events(Action.WORKLIST_QUERIED).get()
    assert event.actor_id == str(reader.subject)
    assert event.details == {"results": 1}


def test_a_search_is_recorded_by_its_filters_and_the_number_sought_but_no_name(client, reader, server):
    client.get(
        URL, {"search": "Munteanu", "modality": "CT,MR", "patient_id": "2002 0620 3145 8", "ordering": "study_date"}
    )
    event = events(Action.WORKLIST_QUERIED).get()
    assert event.details["filters"] == {
        "search": "…",
        "modality": ["CT", "MR"],
        "patient_id": "…",
        "ordering": "study_date",
    }
    assert event.patient_identifiers == ["2002062031458"]
    assert "unteanu" not in str(event.details)


@pytest.mark.parametrize(
    ("role", "title"),
    [
        (Role.RADIOLOGIST, "Worklist"),
        (Role.REFERRING_DOCTOR, "My patients"),
        (Role.PATIENT, "Images"),
        (Role.CONSULTANT, "Shared with me"),
    ],
)
def test_each_role_reads_its_own_words(client, role, title):
    client.force_login(MembershipFactory(role=role).user)
    assert str(client.get(URL).context["title"]) == title


def test_who_has_no_role_sees_what_was_shared_with_them(client):
    grant = GrantFactory()
    client.force_login(grant.user)
    answer = client.get(URL)
    assert str(answer.context["title"]) == "Shared with me"
    assert list(answer.context["studies"]) == [grant.study]


def test_hostile_names_show_as_text(client, reader, server):
    study = make_patient_study(
        server, patient=make_patient_report(patient_name=HOSTILE), study_description="<img src=x onerror=alert(2)>"
    )
    for url in (URL, page_url(study), page_url(study, "worklist/panel")):
        body = client.get(url).content.decode()
        assert "<script>alert" not in body
        assert "<img src=x" not in body
        assert escape("<img src=x onerror=alert(2)>") in body


def test_pages_follow_each_other_without_loss(client, reader, server, monkeypatch):
    monkeypatch.setattr("portal.worklist.lists.PAGE_SIZE", 2)
    now = timezone.now()
    made = [make_patient_study(server, first_received_at=now - timedelta(minutes=n)) for n in range(5)]
    url, seen = URL, []
    while url:
        answer = client.get(url, headers=HTMX)
        assert answer.templates[0].name == "worklist/_rows.html"
        assert len(answer.context["studies"]) <= 2
        seen += answer.context["studies"]
        url = answer.context["next_url"]
    assert seen == made


def test_the_order_and_the_filters_travel_with_the_cursor(client, reader, server, monkeypatch):
    monkeypatch.setattr("portal.worklist.lists.PAGE_SIZE", 1)
    for day in ("20261118", "20261119", "20261120"):
        make_patient_study(server, study_date=day)
    first = client.get(URL, {"ordering": "study_date", "study_date_after": "2026-11-19"})
    second = client.get(first.context["next_url"])
    days = [str(answer.context["studies"][0].study_date) for answer in (first, second)]
    assert days == ["2026-11-19", "2026-11-20"]
    assert second.context["next_url"] == ""
    assert client.get(second.context["previous_url"]).context["studies"] == first.context["studies"]


@pytest.mark.parametrize("cursor", ["nonsense", "' OR 1=1", "%00", "gAAAA" * 400])
def test_a_hostile_cursor_or_order_shows_the_first_page(client, reader, server, cursor):
    study = make_patient_study(server)
    answer = client.get(URL, {"cursor": cursor, "ordering": cursor})
    assert answer.status_code == 200
    assert list(answer.context["studies"]) == [study]


def test_column_heads_turn_the_order_round(client, reader):
    heads = client.get(URL, {"search": "x", "ordering": "-study_date", "cursor": "y"}).context["heads"]
    assert heads["study_date"].aria_sort == "descending"
    assert parse_qs(urlsplit(heads["study_date"].url).query) == {"search": ["x"], "ordering": ["study_date"]}
    assert parse_qs(urlsplit(heads["patient_name"].url).query)["ordering"] == ["patient_name"]
    assert heads["patient_name"].aria_sort == "none"


def test_a_set_filter_is_a_chip_that_takes_it_back(client, reader, server):
    chips = {chip.name: chip for chip in client.get(URL, {"modality": "CT,MR", "state": "complete"}).context["chips"]}
    assert chips["modality"].label == "Modality: CT, MR"
    assert parse_qs(urlsplit(chips["modality"].url).query) == {"state": ["complete"]}
    assert not chips["institution"].is_set
    assert [option.label for option in chips["state"].options] == ["Complete", "Arriving"]


def test_menus_offer_only_places_that_hold_something_for_the_reader(client, reader, server):
    make_patient_study(server)
    make_patient_study()
    chips = {chip.name: chip for chip in client.get(URL).context["chips"]}
    assert [option.label for option in chips["server"].options] == [server.name]
    assert [option.label for option in chips["institution"].options] == [server.institution.short_name]


def test_a_filter_that_cannot_be_read_is_named(client, reader, server):
    make_patient_study(server)
    answer = client.get(URL, {"study_date": "yesterday"})
    assert answer.status_code == 200
    assert answer.context["unreadable_filters"] == ["study_date"]
    assert list(answer.context["studies"]) == []


def test_the_list_asks_the_database_as_often_for_many_rows_as_for_few(client, reader, server):
    for _ in range(2):
        make_patient_study(server, patient=national_patient())
    client.get(URL)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(URL)
        return len(captured)

    few = queries()
    for _ in range(10):
        make_patient_study(server, patient=national_patient())
    assert queries() == few
    assert few <= 30


def test_what_came_since_is_counted_and_not_recorded(client, reader, server):
    make_patient_study(server)
    new_url = client.get(URL, {"modality": "CT"}).context["new_url"]
    assert client.get(new_url).context["number"] == 0
    make_patient_study(server, first_received_at=timezone.now() - timedelta(days=3))
    make_patient_study()
    answer = client.get(new_url, headers=HTMX)
    assert answer.context["number"] == 1
    assert "1 new" in answer.content.decode()
    assert answer.context["url"] == "/worklist/?modality=CT"
    assert events(Action.WORKLIST_QUERIED).count() == 1


@pytest.mark.parametrize("since", ["", "nonsense", "5"])
def test_a_hostile_mark_counts_nothing(client, reader, server, since):
    make_patient_study(server)
    assert client.get("/worklist/new/", {"since": since}).context["number"] == 0


def test_the_panel_shows_a_row_and_is_no_opening(client, reader, server):
    study = make_patient_study(server)
    answer = client.get(page_url(study, "worklist/panel"), headers=HTMX)
    assert answer.context["page"].study == study
    assert not events(Action.STUDY_OPENED).exists()


def test_opening_a_study_is_recorded_with_the_rule(client, reader, server):
    study = make_patient_study(server, patient=national_patient())
    answer = client.get(page_url(study))
    assert answer.status_code == 200
    event = events(Action.STUDY_OPENED).get()
    assert (event.rule, event.outcome) == ("radiologist_of_institution", "allowed")
    assert (event.study_instance_uid, event.server_id) == (study.study_instance_uid, str(server.pk))
    assert event.institution == server.institution.short_name
    assert set(event.patient_identifiers) == {"77-01", "2099031001472"}
    assert event.actor_role == "radiologist"


def test_the_page_says_why_and_until_when(client):
    grant = GrantFactory(permissions=["view", "download"])
    client.force_login(grant.user)
    page = client.get(page_url(grant.study)).context["page"]
    assert page.why.rule == "Access given to this study"
    assert page.why.given_by == grant.granted_by.full_name
    assert page.why.until == grant.valid_until
    assert page.permissions == "view, download"
    assert not page.may_share


def test_who_may_not_share_sees_neither_form_nor_the_others(client, server):
    study = make_patient_study(server)
    other = GrantFactory(study=study)
    viewer = GrantFactory(study=study).user
    client.force_login(viewer)
    answer = client.get(page_url(study))
    assert answer.context["form"] is None
    assert answer.context["page"].grants == []
    assert other.user.full_name not in answer.content.decode()


def test_the_patients_other_studies_are_those_that_the_reader_may_see(client, reader, server):
    study = make_patient_study(server, patient=national_patient(), study_date="20261120")
    earlier = make_patient_study(server, patient=national_patient(patient_id="other"), study_date="20260503")
    undated = make_patient_study(server, patient=national_patient(), study_date="")
    make_patient_study(patient=national_patient())
    make_patient_study(server)
    make_patient_study(server, patient=national_patient(patient_sex="M"))
    assert client.get(page_url(study)).context["page"].other_studies == [earlier, undated]


def test_another_institutions_own_number_does_not_make_it_the_same_patient(client, reader, server):
    elsewhere = DicomServerFactory()
    MembershipFactory(user=reader, institution=elsewhere.institution)
    same = make_patient_report(patient_id="77", issuer_of_patient_id="HIS", other_patient_ids=())
    study = make_patient_study(server, patient=same)
    sibling = make_patient_study(server, patient=same)
    make_patient_study(elsewhere, patient=same)
    assert client.get(page_url(study)).context["page"].other_studies == [sibling]


def test_the_same_uid_on_another_server_is_offered_beside_and_never_merged(client, reader, server):
    study = make_patient_study(server)
    elsewhere = DicomServerFactory()
    MembershipFactory(user=reader, institution=elsewhere.institution)
    copy = make_patient_study(elsewhere, study_instance_uid=study.study_instance_uid)
    page = client.get(page_url(study)).context["page"]
    assert (page.study, page.other_holdings, page.other_studies) == (study, [copy], [])


def test_the_page_asks_the_database_as_often_for_many_grants_as_for_one(client, reader, server):
    study = make_patient_study(server)
    GrantFactory(study=study)
    client.get(page_url(study))

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(page_url(study))
        return len(captured)

    few = queries()
    for _ in range(5):
        GrantFactory(study=study)
        make_patient_study(server, patient=make_patient_report())
    assert queries() == few


def form_data(receiver, **changes):
    return {
        "grantee": receiver.username,
        "what": "study",
        "permissions": ["view"],
        "valid_until": str(timezone.localdate() + timedelta(days=2)),
        "reason": "",
        **changes,
    }


def access_url(study) -> str:
    return f"/studies/{study.study_instance_uid}/access/?server={study.server_id}"


def test_access_is_given_on_the_page_until_the_end_of_the_day_and_taken_back(client, reader, server):
    study, grantee = make_patient_study(server), UserFactory()
    answer = client.post(access_url(study), form_data(grantee))
    assert (answer.status_code, answer["Location"]) == (302, page_url(study))
    grant = Grant.objects.get()
    last_day = timezone.localdate() + timedelta(days=2)
    assert (
        timezone.localtime(grant.valid_until).replace(tzinfo=None).isoformat()
        == f"{last_day + timedelta(days=1)}T00:00:00"
    )
    assert explain(grantee, study).allowed
    line = client.get(page_url(study)).context["page"].grants[0]
    assert (line.grant, line.permissions, line.may_revoke) == (grant, "view", True)
    answer = client.post(f"/access/{grant.pk}/revoke/")
    assert (answer.status_code, answer["Location"]) == (302, page_url(study))
    assert not explain(grantee, study).allowed


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"grantee": "nobody-here"}, "grantee"),
        ({"permissions": []}, "permissions"),
        ({"permissions": ["everything"]}, "permissions"),
        ({"valid_until": "2020-01-01"}, "valid_until"),
        ({"valid_until": ""}, "valid_until"),
        ({"what": "all"}, "what"),
    ],
)
def test_a_wrong_form_says_so_beside_the_field_and_gives_nothing(client, reader, server, changes, field):
    study = make_patient_study(server)
    answer = client.post(access_url(study), form_data(UserFactory(), **changes))
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert not Grant.objects.exists()


def test_the_form_offers_no_right_that_the_giver_lacks(client, server):
    study = make_patient_study(server)
    sharer = GrantFactory(study=study, permissions=["view", "share"]).user
    client.force_login(sharer)
    form = client.get(page_url(study)).context["form"]
    assert [value for value, _ in form.fields["permissions"].choices] == ["view", "share"]
    assert [str(label) for label in form.locked] == ["download", "report"]
    assert [value for value, _ in form.fields["what"].choices] == ["study"]


def test_a_patient_whose_number_stands_for_two_people_is_told(client):
    person = patient_person()
    client.force_login(person)
    make_patient_study(patient=national_patient())
    assert not client.get(URL).context["is_in_conflict"]
    make_patient_study(patient=national_patient(patient_sex="M"))
    answer = client.get(URL)
    assert answer.context["is_in_conflict"]
    assert list(answer.context["studies"]) == []


def test_a_doctor_reaches_the_studies_that_name_them(client):
    institution = InstitutionFactory()
    client.force_login(doctor_of(institution))
    assert client.get(URL).status_code == 200


@pytest.mark.parametrize("uid", ["1.2..3", "01.2", "1.2.3.", "..", "1" * 65, "1.2%0a", "1.2/..%2f"])
def test_what_is_no_uid_is_no_address(client, reader, uid):
    for path in ("studies", "worklist/panel"):
        assert client.get(f"/{path}/{uid}/").status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_the_list_is_read_only(client, reader, method):
    assert getattr(client, method)(URL).status_code == 405


def test_a_study_that_was_removed_leaves_the_list_and_its_page_says_so(client, reader, server):
    study = make_study(server=server)
    assert client.get(page_url(study)).status_code == 200
    study.is_removed = True
    study.save(update_fields=["is_removed"])
    gone = client.get(page_url(study))
    assert gone.status_code == 410
    assert "This study was removed" in gone.content.decode()
    assert escape(study.patient.patient_name) not in gone.content.decode()
    assert study.study_instance_uid not in client.get("/worklist/").content.decode()
    assert client.get(f"/api/v1/studies/{study.study_instance_uid}/").status_code == 404
    assert not explain(reader, study).allowed

"""The page shows who did what, exactly, and every text as text."""

import re
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone

from audit import services
from audit.actors import Actor
from audit.models import Action, AuditEvent, Outcome
from portal.institutions.models import Role
from tests.audit.factories import CHEST, MORARU, NOON, PASCARU, make_access_event, make_event, make_person

pytestmark = pytest.mark.django_db

HOSTILE = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>{{ 7|add:7 }}"


@pytest.fixture
def auditor(client):
    client.force_login(make_person("lidia", Role.AUDITOR))
    return client


def page_of(client, **query):
    answer = client.get("/audit/", query)
    assert answer.status_code == 200
    return answer.content.decode()


def event_ids(html):
    return [int(number) for number in re.findall(r'id="event-(\d+)"', html)]


def test_page_tells_when_who_what_and_by_which_rule(auditor):
    event = services.record_pixels_read(
        actor=PASCARU, event=make_access_event(), study=CHEST, rule="radiologist_of_institution"
    )
    html = page_of(auditor, study_instance_uid=CHEST.study_instance_uid)
    assert event_ids(html) == [event.pk]
    for words in (
        "Who did what",
        "14:00:00",
        "20 Nov 2026",
        "Dr. Elena Pascaru",
        "Radiologist, Nistru Clinical",
        "Opened images",
        "748 images, 1 session",
        "CT 20 Nov 2026, chest",
        "Radiologist of the institution",
        "Allowed",
        "Your reading of this log is recorded too",
    ):
        assert words in html


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("UTC", "Times are UTC time, UTC+0"),
        ("Asia/Kolkata", "Times are Kolkata time, UTC+5:30"),
        ("America/Port_of_Spain", "Times are Port of Spain time, UTC−4"),
    ],
)
def test_foot_says_whose_time_it_is(auditor, zone, words):
    with timezone.override(zone):
        assert words in page_of(auditor)


def test_denied_and_break_glass_are_marked_and_allowed_is_not(auditor):
    make_event(study=CHEST, outcome=Outcome.DENIED, action=Action.ACCESS_DENIED)
    make_event(study=CHEST, outcome=Outcome.BREAK_GLASS)
    make_event(study=CHEST)
    html = page_of(auditor, study_instance_uid=CHEST.study_instance_uid)
    assert html.count("tag danger") == 1
    assert html.count("tag lent") == 1
    assert html.count("audit-allowed") == 1


def test_hostile_text_is_shown_as_text(auditor):
    actor = Actor(actor_id=HOSTILE, name=HOSTILE, role=HOSTILE, institution=HOSTILE)
    make_event(actor=actor, study=CHEST, rule=HOSTILE[:60], details={HOSTILE: HOSTILE, "filters": {HOSTILE: HOSTILE}})
    services.record_failed_sign_in(actor=actor, username=HOSTILE)
    html = page_of(auditor, person=HOSTILE)
    assert len(event_ids(html)) == 2
    assert "<script>alert" not in html
    assert "<img" not in html
    assert "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;" in html
    assert "{{ 7|add:7 }}" in html


def test_page_of_120_events_is_turned_without_loss(auditor):
    for number in range(120):
        make_event(minutes=number // 7, study=CHEST)
    expected = list(AuditEvent.objects.order_by("-occurred_at", "-id").values_list("pk", flat=True))[-120:]
    seen, address = [], f"/audit/?study_instance_uid={CHEST.study_instance_uid}"
    sizes = []
    while address:
        html = auditor.get(address).content.decode()
        ids = event_ids(html)
        seen += ids
        sizes.append(len(ids))
        link = re.search(r'rel="next"\s+href="([^"]+)"', html)
        address = f"/audit/{link[1]}".replace("&amp;", "&") if link else ""
    assert sizes == [50, 50, 20]
    assert seen == sorted(expected, key=expected.index)


def test_chip_takes_its_filter_back_and_keeps_the_others(auditor):
    make_event(study=CHEST)
    html = page_of(auditor, patient="NC-004417", denied="on", since="2026-11-19", until="2026-11-20")
    chips = dict(
        re.findall(r'<a class="chip is-set"\s+href="([^"]*)"\s+data-filter="([a-z]+)"', html.replace("&amp;", "&"))
    )
    by_name = {name: parse_qs(urlsplit(url).query) for url, name in chips.items()}
    assert by_name == {
        "patient": {"denied": ["on"], "since": ["2026-11-19"], "until": ["2026-11-20"]},
        "denied": {"patient": ["NC-004417"], "since": ["2026-11-19"], "until": ["2026-11-20"]},
        "dates": {"patient": ["NC-004417"], "denied": ["on"]},
    }
    assert "19 to 20 Nov 2026" in html
    assert "Patient NC-004417" in html


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"since": "2026-10-19", "until": "2026-11-20"}, "19 Oct 2026 to 20 Nov 2026"),
        ({"since": "2025-11-19", "until": "2026-11-20"}, "19 Nov 2025 to 20 Nov 2026"),
        ({"since": "2026-11-19"}, "from 19 Nov 2026"),
        ({"until": "2026-11-20"}, "to 20 Nov 2026"),
    ],
)
def test_chip_says_which_days(auditor, query, words):
    assert words in page_of(auditor, **query)


@pytest.mark.parametrize(
    "query",
    [
        {"since": "yesterday"},
        {"study_instance_uid": "../1"},
        {"action": "flew"},
        {"person": "x" * 300},
        {"patient": "a\x00b"},
    ],
)
def test_filter_that_cannot_be_read_lists_nothing_and_says_so(auditor, query):
    make_event(study=CHEST)
    html = page_of(auditor, **query)
    assert event_ids(html) == []
    assert 'role="alert"' in html
    assert AuditEvent.objects.order_by("-id").values_list("action", "details").first() == (
        "audit_read",
        {"results": 0},
    )


def test_foreign_cursor_is_a_page_that_is_not_there(auditor):
    assert auditor.get("/audit/", {"cursor": "nonsense"}).status_code == 404


def test_filtered_empty_log_says_what_to_do(auditor):
    assert "No event fits these filters" in page_of(auditor, person="Nobody")


def test_reading_does_not_show_itself_but_the_one_before(auditor):
    first = page_of(auditor, action="audit_read")
    assert event_ids(first) == []
    assert len(event_ids(page_of(auditor, action="audit_read"))) == 1


def test_page_asks_the_database_a_fixed_number_of_times(auditor, django_assert_max_num_queries):
    for number in range(60):
        make_event(minutes=number, study=CHEST, actor=PASCARU if number % 2 else MORARU)
    with django_assert_max_num_queries(16):
        page_of(auditor)


def test_page_is_never_cached(auditor):
    assert "no-store" in auditor.get("/audit/")["Cache-Control"]


def test_api_answers_the_list_shape_with_every_column(auditor):
    event = services.record_study_opened(actor=PASCARU, study=CHEST, rule="own_study")
    event.refresh_from_db()
    answer = auditor.get("/api/v1/audit-events/", {"study_instance_uid": CHEST.study_instance_uid}).json()
    assert {key: answer[key] for key in ("next", "previous")} == {"next": None, "previous": None}
    (shown,) = answer["results"]
    assert shown.pop("occurred_at")
    assert shown.pop("recorded_at")
    assert shown == {
        "id": event.pk,
        "action": "study_opened",
        "outcome": "allowed",
        "actor_id": PASCARU.actor_id,
        "actor_name": "Dr. Elena Pascaru",
        "actor_role": "radiologist",
        "actor_institution": "Nistru Clinical",
        "study_instance_uid": CHEST.study_instance_uid,
        "server_id": CHEST.server_id,
        "institution": "Nistru Clinical",
        "patient_identifiers": ["NC-004417", "2002062031458"],
        "study_summary": "CT 20 Nov 2026, chest",
        "rule": "own_study",
        "details": {},
        "remote_address": "10.20.4.17",
        "request_id": PASCARU.request_id,
    }


@pytest.mark.parametrize("size", [50, 7, 200])
def test_api_turns_120_events_without_loss_in_both_directions(auditor, size):
    for number in range(120):
        make_event(minutes=number // 7, study=CHEST)
    expected = list(
        AuditEvent.objects.filter(study_instance_uid=CHEST.study_instance_uid)
        .order_by("-occurred_at", "-id")
        .values_list("pk", flat=True)
    )
    address = f"/api/v1/audit-events/?study_instance_uid={CHEST.study_instance_uid}&page_size={size}"
    seen, pages = [], []
    while address:
        pages.append(auditor.get(address).json())
        seen += [event["id"] for event in pages[-1]["results"]]
        address = pages[-1]["next"]
    assert seen == expected
    back, address = [pages[-1]], pages[-1]["previous"]
    while address:
        back.append(auditor.get(address).json())
        address = back[-1]["previous"]
    assert [event["id"] for page in reversed(back) for event in page["results"]] == expected


@pytest.mark.parametrize(
    "query",
    [
        {"since": "yesterday"},
        {"study_instance_uid": "1..2"},
        {"action": "flew"},
        {"cursor": "nonsense"},
        {"page_size": "0"},
        {"page_size": "-1"},
        {"page_size": "٣"},
        {"page_size": "9" * 20},
    ],
)
def test_api_refuses_what_it_cannot_read(auditor, query):
    make_event(study=CHEST)
    before = AuditEvent.objects.count()
    answer = auditor.get("/api/v1/audit-events/", query)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["code"] == "request_invalid"
    assert AuditEvent.objects.count() == before


def test_api_filters_alike(auditor):
    make_event(study=CHEST, actor=MORARU, outcome=Outcome.DENIED, action=Action.ACCESS_DENIED)
    make_event(study=CHEST, minutes=1)
    answer = auditor.get("/api/v1/audit-events/", {"denied": "true", "person": "Moraru"}).json()
    assert [event["actor_name"] for event in answer["results"]] == ["Dr. Andrei Moraru"]


def test_api_page_is_at_most_two_hundred(auditor):
    for number in range(205):
        make_event(minutes=number)
    answer = auditor.get("/api/v1/audit-events/", {"page_size": "5000", "person": PASCARU.actor_id}).json()
    moments = [datetime.fromisoformat(event["occurred_at"]) for event in answer["results"]]
    assert moments == [NOON + timedelta(minutes=number) for number in range(204, 4, -1)]
    assert answer["next"] is not None

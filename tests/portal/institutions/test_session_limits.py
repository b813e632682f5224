"""Sessions end by the strictest role held: when nobody does anything, and when they have lasted long enough."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from audit.models import AuditEvent
from portal.institutions.session_limits import limit_for
from tests.portal.accounts.factories import PASSWORD, UserFactory
from tests.portal.institutions.factories import MembershipFactory
from tests.portal.servers.factories import DicomServerFactory
from tests.portal.studies.factories import make_study

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"
LEFT = "/accounts/session/"
START = timezone.now().replace(hour=8, minute=0, second=0, microsecond=0)


@pytest.fixture
def clock(time_machine):
    time_machine.move_to(START, tick=False)

    def after(**passed: int) -> None:
        time_machine.move_to(START + timedelta(**passed), tick=False)

    return after


def signed_in(person) -> Client:
    client = Client()
    client.post(LOGIN, {"login": person.username, "password": PASSWORD})
    assert "_auth_user_id" in client.session
    return client


def actions() -> list[str]:
    return list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))


@pytest.mark.parametrize(
    ("roles", "idle", "absolute"),
    [
        (set(), 30, 720),
        ({"radiologist"}, 60, 720),
        ({"patient"}, 20, 120),
        ({"consultant"}, 30, 240),
        ({"radiologist", "institution_administrator"}, 30, 480),
        ({"referring_doctor", "patient"}, 20, 120),
    ],
)
def test_the_strictest_role_decides(roles: set[str], idle: int, absolute: int) -> None:
    limit = limit_for(roles)
    assert (limit.idle, limit.absolute) == (timedelta(minutes=idle), timedelta(minutes=absolute))


def test_a_session_that_nobody_uses_ends(clock) -> None:
    person = MembershipFactory(role="radiologist").user
    client = signed_in(person)
    clock(minutes=59)
    assert client.get("/worklist/").status_code == 200
    clock(minutes=59 + 60)
    response = client.get("/worklist/")
    assert (response.status_code, response.headers["Location"]) == (302, f"{LOGIN}?next=/worklist/")
    assert "_auth_user_id" not in client.session
    assert actions().count("signed_out") == 1
    assert "You were signed out because the session had ended" in client.get(LOGIN).content.decode()


def test_a_program_with_the_cookie_of_an_ended_session_gets_no_study(clock) -> None:
    membership = MembershipFactory(role="radiologist")
    study = make_study(DicomServerFactory(institution=membership.institution))
    client = signed_in(membership.user)
    clock(minutes=61)
    response = client.get("/api/v1/studies/")
    assert (response.status_code, response.json()["code"]) == (401, "not_signed_in")
    assert study.study_instance_uid not in response.content.decode()


def test_what_a_page_asks_by_itself_keeps_no_session(clock) -> None:
    client = signed_in(MembershipFactory(role="radiologist").user)
    for minutes in range(5, 60, 5):
        clock(minutes=minutes)
        assert client.get("/worklist/new/", headers={"HX-Request": "true"}).status_code in {200, 204}
        assert client.get(LEFT).status_code == 200
    clock(minutes=61)
    client.get("/worklist/new/", headers={"HX-Request": "true"})
    assert "_auth_user_id" not in client.session


def test_the_console_that_renews_itself_keeps_no_session_but_opening_it_does(clock) -> None:
    client = signed_in(MembershipFactory(role="system_administrator").user)
    clock(minutes=20)
    client.get("/monitoring/", headers={"HX-Request": "true"})
    clock(minutes=31)
    assert client.get("/monitoring/").status_code == 302
    client = signed_in(MembershipFactory(role="system_administrator").user)
    clock(minutes=50)
    client.get("/monitoring/")
    clock(minutes=75)
    assert client.get("/monitoring/").status_code == 200


def test_a_viewer_in_use_keeps_its_session_and_one_that_nobody_touches_does_not(clock) -> None:
    membership = MembershipFactory(role="radiologist")
    study = make_study(DicomServerFactory(institution=membership.institution))
    token = f"/api/v1/studies/{study.study_instance_uid}/viewer-token/"
    client = signed_in(membership.user)
    for minutes in range(4, 100, 4):
        clock(minutes=minutes)
        assert client.post(token).status_code == 200
    assert client.get(LEFT).json() == {"seconds_left": 3600, "may_stay": True}
    for minutes in range(100, 156, 4):
        clock(minutes=minutes)
        assert client.post(f"{token}?unattended=true").status_code == 200
    clock(minutes=96 + 58)
    assert client.get(LEFT).json()["seconds_left"] == 120
    clock(minutes=96 + 60)
    assert client.post(f"{token}?unattended=true").status_code == 401


def test_a_viewer_in_use_does_not_move_the_whole_time(clock) -> None:
    membership = MembershipFactory(role="radiologist")
    study = make_study(DicomServerFactory(institution=membership.institution))
    client = signed_in(membership.user)
    token = f"/api/v1/studies/{study.study_instance_uid}/viewer-token/"
    for minutes in range(30, 720, 30):
        clock(minutes=minutes)
        assert client.post(token).status_code == 200
    clock(minutes=720)
    assert client.post(token).status_code == 401


def test_only_a_viewers_renewal_may_say_that_nobody_is_there(clock) -> None:
    client = signed_in(MembershipFactory(role="radiologist").user)
    clock(minutes=50)
    client.get("/api/v1/studies/?unattended=true")
    clock(minutes=70)
    assert client.get("/worklist/").status_code == 200


def test_a_session_in_use_ends_all_the_same_after_its_whole_time(clock) -> None:
    client = signed_in(MembershipFactory(role="patient").user)
    for minutes in range(10, 120, 10):
        clock(minutes=minutes)
        assert client.get("/accounts/security/").status_code == 200
    clock(minutes=120)
    assert client.get("/accounts/security/").status_code == 302


def test_staying_signed_in_is_doing_something(clock) -> None:
    client = signed_in(MembershipFactory(role="radiologist").user)
    clock(minutes=58, seconds=30)
    assert client.get(LEFT).json() == {"seconds_left": 90, "may_stay": True}
    assert client.post(LEFT).json() == {"seconds_left": 3600, "may_stay": True}
    clock(minutes=100)
    assert client.get("/worklist/").status_code == 200


def test_near_the_whole_time_nothing_keeps_it(clock) -> None:
    client = signed_in(MembershipFactory(role="patient").user)
    for minutes in range(15, 120, 15):
        clock(minutes=minutes)
        client.get("/accounts/security/")
    clock(minutes=119)
    assert client.post(LEFT).json() == {"seconds_left": 60, "may_stay": False}


def test_somebody_signed_out_learns_nothing_of_sessions(client) -> None:
    for ask in (client.get, client.post):
        assert ask(LEFT).headers["Location"] == f"{LOGIN}?next={LEFT}"


def test_every_page_can_warn(clock) -> None:
    page = signed_in(MembershipFactory(role="radiologist").user).get("/worklist/").content.decode()
    assert 'data-session-end="3600"' in page
    assert "portal/js/session.js" in page


def test_acts_in_the_same_half_minute_write_once(clock, django_assert_num_queries) -> None:
    client = signed_in(UserFactory())
    session = Session.objects.get()
    clock(seconds=20)
    client.get("/accounts/theme/")
    session.refresh_from_db()
    kept = session.get_decoded()["last_act_at"]
    clock(seconds=40)
    client.get("/accounts/theme/")
    session.refresh_from_db()
    assert session.get_decoded()["last_act_at"] == kept + 40


def test_the_number_of_a_session_changes_when_somebody_signs_in() -> None:
    client = Client()
    planted = "plantedsessionkeyplantedsessionk"
    Session.objects.create(session_key=planted, session_data="", expire_date=timezone.now() + timedelta(hours=1))
    client.cookies["dicom_network_session"] = planted
    client.post(LOGIN, {"login": UserFactory().username, "password": PASSWORD})
    assert client.session.session_key != planted
    assert client.cookies["dicom_network_session"].value == client.session.session_key
    thief = Client()
    thief.cookies["dicom_network_session"] = planted
    assert thief.get("/accounts/security/").status_code == 302

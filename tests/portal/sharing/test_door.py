"""The page on which a holder gives the PIN, and the stay that it begins: by HTTP, through every middleware."""

import re
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from django.urls import Resolver404, resolve
from django.utils import timezone

from audit.models import Action, AuditEvent
from portal.institutions.models import Membership
from portal.sharing import rates
from portal.sharing.middleware import OPEN_TO_HOLDERS
from portal.sharing.models import ShareLink
from portal.sharing.services import revoke_share_link
from tests.architecture.test_guards import ALL
from tests.architecture.test_guards_hold import address_of
from tests.portal.grants.factories import (
    DicomServerFactory,
    UserFactory,
    actor_for,
    make_patient_study,
    national_patient,
    radiologist_of,
)
from tests.portal.sharing.factories import make_link, wrong_pin
from tests.portal.ui.test_pages import inline_code

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return make_patient_study(
        DicomServerFactory(last_contact_at=timezone.now()),
        patient=national_patient(patient_name="Munteanu^Elena"),
        study_description="Chest",
    )


@pytest.fixture
def made(study):
    return make_link(study=study)


def door(made) -> str:
    return f"/share/{made.token}/"


def page_of(study) -> str:
    return f"/studies/{study.study_instance_uid}/?server={study.server_id}"


def enter(client, made, **changes):
    return client.post(door(made), {"pin": made.pin, **changes})


def holder_of(client) -> str:
    return client.session.get("_auth_user_id", "")


def denied() -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(action=Action.ACCESS_DENIED))


def new_events(before):
    return list(AuditEvent.objects.filter(pk__gt=before).order_by("pk"))


def newest() -> int:
    return AuditEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def test_the_door_tells_the_institution_and_nothing_of_patient_or_study(client, study, made):
    answer = client.get(door(made))
    html = answer.content.decode()
    assert answer.status_code == 200
    assert "Images shared with you" in html
    assert study.server.institution.name in html
    for told in ("Munteanu", "Elena", "Chest", study.study_instance_uid, "1962", made.pin, made.link.code, "Rusu"):
        assert told not in html
    assert 'data-bs-theme="light"' in html
    assert inline_code(html) == []
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer["Cache-Control"]
    assert "noindex" in answer["X-Robots-Tag"]
    assert ShareLink.objects.get().uses == 0


def test_the_right_pin_leads_to_the_study_and_to_nothing_else(client, study, made):
    make_patient_study(study.server)
    before = newest()
    answer = enter(client, made)
    assert (answer.status_code, answer["Location"]) == (302, page_of(study))
    assert [event.action for event in new_events(before)] == [Action.SHARE_LINK_OPENED]
    html = client.get(page_of(study)).content.decode()
    assert "Munteanu" in html
    assert 'data-bs-theme="light"' in html
    assert inline_code(html) == []
    for beyond in ("/accounts/security/", "/access/", "data-search", "data-opens"):
        assert beyond not in html
    opened = AuditEvent.objects.get(action=Action.STUDY_OPENED)
    assert (opened.actor_name, opened.actor_role) == (made.link.holder.full_name, "link_holder")
    listed = client.get("/api/v1/studies/").json()["results"]
    assert [one["study_instance_uid"] for one in listed] == [study.study_instance_uid]
    assert client.get("/worklist/").status_code == 200
    assert client.get(f"/viewer/{study.study_instance_uid}/").status_code == 200


def test_a_viewer_token_of_a_holder_allows_no_more_than_the_link(client, study, made):
    enter(client, made)
    url = f"/api/v1/studies/{study.study_instance_uid}/viewer-token/"
    assert client.post(url).status_code == 200
    event = AuditEvent.objects.get(action=Action.VIEWER_TOKEN_ISSUED)
    assert event.details["permissions"] == ["view"]
    assert event.actor_id == str(made.link.holder.subject)


def test_a_wrong_pin_opens_nothing_and_is_recorded_once(client, study, made):
    before = newest()
    answer = client.post(door(made), {"pin": wrong_pin(made.pin)})
    assert answer.status_code == 422
    assert "4 tries are left" in answer.content.decode()
    assert "Munteanu" not in answer.content.decode()
    assert holder_of(client) == ""
    assert [event.action for event in new_events(before)] == [Action.SHARE_LINK_PIN_WRONG]
    assert client.get(page_of(study)).status_code == 302


@pytest.mark.parametrize("pin", ["", "12", "abcdef", "1234567", "12345\x00"])
def test_what_cannot_be_a_pin_is_no_guess(client, made, pin):
    answer = client.post(door(made), {"pin": pin})
    assert answer.status_code == 422
    assert holder_of(client) == ""
    assert ShareLink.objects.get().failed == 0


def test_after_the_fifth_wrong_pin_the_right_one_opens_nothing(client, study, made):
    answers = [client.post(door(made), {"pin": wrong_pin(made.pin)}) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [422, 422, 422, 422, 404]
    assert enter(client, made).status_code == 404
    assert holder_of(client) == ""


def broken_links(made, study, time_machine):
    time_machine.move_to(timezone.now())
    maker = radiologist_of(study.server.institution)
    revoked, used_up, expired, guessed = (make_link(maker, study, max_uses=1) for _ in range(4))
    revoke_share_link(actor=actor_for(maker), revoker=maker, link_id=revoked.link.pk)
    ShareLink.objects.filter(pk=used_up.link.pk).update(uses=1)
    expired.link.grant.valid_until = timezone.now() - timedelta(seconds=1)
    expired.link.grant.valid_from = timezone.now() - timedelta(days=1)
    expired.link.grant.save()
    for _ in range(5):
        Client().post(door(guessed), {"pin": wrong_pin(guessed.pin)})
    other = make_link(study=study)
    Membership.objects.filter(user=other.link.created_by).update(ended_at=timezone.now())
    return [
        f"/share/{made.token[:-1]}/",
        "/share/x/",
        *(door(one) for one in (revoked, used_up, expired, guessed, other)),
    ]


def test_unknown_ended_used_up_and_closed_links_look_alike(study, made, time_machine):
    answers = set()
    for url in broken_links(made, study, time_machine):
        for ask in (lambda url=url: Client().get(url), lambda url=url: Client().post(url, {"pin": made.pin})):
            before = newest()
            answer = ask()
            assert [event.action for event in new_events(before)] == [Action.ACCESS_DENIED]
            assert holder_of(answer.client) == ""
            answers.add((answer.status_code, answer.content.decode(), answer["Referrer-Policy"]))
    assert len(answers) == 1
    status, html, _ = answers.pop()
    assert status == 404
    assert "This link does not work (any more)" in html


def test_the_session_is_a_fresh_one_that_ends_with_the_browser(client, made):
    client.get(door(made))
    session = client.session
    session["planted"] = "by somebody else"
    session.save()
    before = session.session_key
    answer = enter(client, made)
    cookie = answer.cookies["dicom_network_session"]
    assert client.session.session_key != before
    assert not Session.objects.filter(pk=before).exists()
    assert "planted" not in client.session
    assert (cookie["max-age"], cookie["expires"]) == ("", "")


def test_a_stay_ends_after_an_hour(client, study, made, time_machine):
    time_machine.move_to(timezone.now())
    enter(client, made)
    time_machine.shift(timedelta(minutes=59))
    assert client.get(page_of(study)).status_code == 200
    time_machine.shift(timedelta(minutes=1, seconds=1))
    before = newest()
    answer = client.get(page_of(study))
    assert answer.status_code == 404
    assert "Munteanu" not in answer.content.decode()
    assert [event.action for event in new_events(before)] == [Action.ACCESS_DENIED]
    assert holder_of(client) == ""


def test_a_stay_ends_with_the_link(client, study, time_machine):
    time_machine.move_to(timezone.now())
    made = make_link(study=study, valid_until=timezone.now() + timedelta(minutes=10))
    enter(client, made)
    time_machine.shift(timedelta(minutes=10))
    assert client.get(page_of(study)).status_code == 404
    assert client.get("/worklist/").status_code == 302


@pytest.mark.parametrize("what", ["page", "viewer", "list", "studies", "token"])
def test_revoking_ends_a_running_stay_at_once(client, study, made, what):
    enter(client, made)
    uid, maker = study.study_instance_uid, made.link.created_by
    revoke_share_link(actor=actor_for(maker), revoker=maker, link_id=made.link.pk)
    asks = {
        "page": lambda: client.get(page_of(study)),
        "viewer": lambda: client.get(f"/viewer/{uid}/"),
        "list": lambda: client.get("/worklist/"),
        "studies": lambda: client.get("/api/v1/studies/"),
        "token": lambda: client.post(f"/api/v1/studies/{uid}/viewer-token/"),
    }
    before = newest()
    answer = asks[what]()
    assert answer.status_code == 404
    assert "Munteanu" not in answer.content.decode()
    assert [event.action for event in new_events(before)] == [Action.ACCESS_DENIED]
    assert not AuditEvent.objects.filter(action=Action.VIEWER_TOKEN_ISSUED).exists()


def test_a_stay_ends_when_the_maker_loses_the_access(client, study, made):
    enter(client, made)
    Membership.objects.filter(user=made.link.created_by).update(ended_at=timezone.now())
    assert client.get(page_of(study)).status_code == 404
    assert ShareLink.objects.get().closed_reason == "access_lost"


BEYOND = [
    ("get", "/audit/"),
    ("get", "/monitoring/"),
    ("get", "/people/"),
    ("post", "/hat/"),
    ("get", "/sharing/"),
    ("get", "/studies/{uid}/share/"),
    ("post", "/studies/{uid}/share/"),
    ("post", "/studies/{uid}/access/"),
    ("get", "/api/v1/share-links/"),
    ("post", "/api/v1/share-links/"),
    ("get", "/api/v1/grants/"),
    ("post", "/api/v1/grants/"),
    ("get", "/api/v1/audit-events/"),
    ("get", "/api/v1/schema/"),
    ("delete", "/api/v1/share-links/{link}/"),
    ("post", "/sharing/links/{link}/revoke/"),
]


@pytest.mark.parametrize(("method", "address"), BEYOND)
def test_a_holder_reaches_nothing_beyond_the_study(client, study, made, method, address):
    enter(client, made)
    url = address.format(uid=study.study_instance_uid, link=made.link.pk)
    before = newest()
    answer = getattr(client, method)(url)
    assert answer.status_code == 404
    (event,) = new_events(before)
    assert (event.action, event.actor_role) == (Action.ACCESS_DENIED, "link_holder")
    assert event.details["tried"] == "beyond_share_link"
    assert ShareLink.objects.get().opens_at(timezone.now())


def addresses_beyond() -> list[str]:
    """Every address of the portal that is not for holders, with samples for its parts."""
    found = []
    for place, _ in ALL:
        try:
            name = resolve(address_of(place)).view_name
        except Resolver404:
            continue
        if name not in OPEN_TO_HOLDERS:
            found.append(address_of(place))
    return found


def test_the_addresses_open_to_holders_exist():
    known = {resolve(address_of(place)).view_name for place, _ in ALL if "<" not in address_of(place)}
    assert known >= OPEN_TO_HOLDERS


@pytest.mark.timeout(120)
def test_every_other_address_of_the_portal_is_closed_to_holders(client, made):
    enter(client, made)
    beyond = addresses_beyond()
    assert len(beyond) > 20
    assert [url for url in beyond if client.get(url).status_code != 404] == []


def test_another_study_is_absent_for_a_holder(client, study, made):
    other = make_patient_study(study.server)
    enter(client, made)
    before = newest()
    for url in (page_of(other), f"/viewer/{other.study_instance_uid}/", f"/api/v1/studies/{other.study_instance_uid}/"):
        assert client.get(url).status_code == 404
    assert [event.action for event in new_events(before)] == [Action.ACCESS_DENIED] * 3


def test_a_holder_signs_out(client, study, made):
    enter(client, made)
    assert client.post("/accounts/logout/").status_code == 302
    assert AuditEvent.objects.get(action=Action.SIGNED_OUT).actor_name == made.link.holder.full_name
    assert client.get(page_of(study)).status_code == 302


def test_the_holder_has_no_way_in_but_the_link(client, made):
    for password in (made.pin, made.token, made.link.code):
        client.post("/accounts/login/", {"login": made.link.holder.username, "password": password})
        assert holder_of(client) == ""


def test_who_is_signed_in_is_asked_before_being_signed_out(client, study, made):
    person = UserFactory(first_name="Irina", last_name="Tomșa")
    client.force_login(person)
    html = client.get(door(made)).content.decode()
    assert "You are signed in as Irina Tomșa" in html
    assert enter(client, made).status_code == 422
    assert holder_of(client) == str(person.pk)
    assert ShareLink.objects.get().uses == 0
    before = newest()
    assert enter(client, made, sign_out="yes").status_code == 302
    assert holder_of(client) == str(made.link.holder_id)
    assert [event.action for event in new_events(before)] == [Action.SHARE_LINK_OPENED, Action.SIGNED_OUT]


def test_one_holder_may_open_another_link(client, study, made):
    enter(client, made)
    other = make_link(study=make_patient_study())
    assert client.get(door(other)).status_code == 200
    assert enter(client, other).status_code == 302
    assert holder_of(client) == str(other.link.holder_id)


def test_a_form_of_a_page_without_referrer_is_taken_and_a_forged_one_is_not(made):
    client = Client(enforce_csrf_checks=True)
    html = client.get(door(made)).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', html)[1]
    fields = {"pin": made.pin, "csrfmiddlewaretoken": token}
    assert client.post(door(made), {"pin": made.pin}, headers={"Origin": "null"}).status_code == 403
    assert client.post(door(made), fields, headers={"Origin": "https://evil.example"}).status_code == 403
    assert ShareLink.objects.get().uses == 0
    assert client.post(door(made), fields, headers={"Origin": "null"}).status_code == 302


def test_too_many_tries_from_one_address_are_bounded(client, made, monkeypatch):
    monkeypatch.setattr(rates, "TRIES", 3)
    assert [client.get("/share/x/").status_code for _ in range(4)] == [404, 404, 404, 429]
    before = newest()
    assert enter(client, made).status_code == 429
    assert [event.action for event in new_events(before)] == [Action.ACCESS_DENIED]
    assert ShareLink.objects.get().uses == 0
    cache.clear()
    assert enter(client, made).status_code == 302


@pytest.mark.parametrize("token", ["%00", "..", "'; DROP TABLE sharing_sharelink; --", "é" * 50, "x" * 5000])
def test_hostile_tokens_are_links_that_do_not_work(client, made, token):
    assert client.get(f"/share/{token}/").status_code == 404
    assert ShareLink.objects.exists()


def test_no_log_holds_the_address(client, made, monkeypatch, caplog):
    caplog.set_level("DEBUG")
    monkeypatch.setattr(rates, "TRIES", 8)
    assert Client(enforce_csrf_checks=True).post(door(made), {"pin": made.pin}).status_code == 403
    answers = [client.post(door(made), {"pin": wrong_pin(made.pin)}).status_code for _ in range(10)]
    assert answers == [422, 422, 422, 422, 404, 404, 404, 404, 429, 429]
    assert made.token not in caplog.text
    assert made.pin not in caplog.text

"""What a person set for the viewer: kept as a whole, theirs alone, bounded, and told to the page."""

import json
import re

import pytest
from django.test import Client

from audit.models import Action, AuditEvent
from tests.portal.grants.factories import UserFactory, make_patient_study, radiologist_of
from tests.portal.sharing.factories import make_link, open_link
from viewer.personal import services
from viewer.personal.models import Hanging, ViewerPreferences

pytestmark = pytest.mark.django_db
PREFERENCES = "/api/v1/viewer/preferences/"
HANGINGS = "/api/v1/viewer/hangings/"
CHOSEN = {"mouse": {"left": "window", "right": "zoom"}, "keys": {"line": ["l", "Ctrl+L"]}, "single_letter_keys": False}


@pytest.fixture
def person(client):
    somebody = UserFactory()
    client.force_login(somebody)
    return somebody


def put(client, address, body):
    return client.put(address, body if isinstance(body, str) else json.dumps(body), content_type="application/json")


def test_preferences_are_kept_as_a_whole(client, person):
    assert client.get(PREFERENCES).json() == {}
    assert put(client, PREFERENCES, CHOSEN).json() == CHOSEN
    assert put(client, PREFERENCES, {"tools_folded": True}).json() == {"tools_folded": True}
    assert client.get(PREFERENCES).json() == {"tools_folded": True}
    assert ViewerPreferences.objects.count() == 1


def patch(client, body):
    return client.patch(PREFERENCES, json.dumps(body), content_type="application/json")


def test_a_change_keeps_what_another_window_changed_elsewhere(client, person):
    put(client, PREFERENCES, CHOSEN)
    # Two windows that were opened with the same settings; neither knows what the other one sends.
    patch(client, {"mouse": {"right": "move"}, "keys": {"angle": ["x"]}})
    found = patch(client, {"mouse": {"middle": "scroll"}, "keys": {"line": None}, "tools_folded": True})
    expected = {
        "mouse": {"left": "window", "right": "move", "middle": "scroll"},
        "keys": {"angle": ["x"]},
        "single_letter_keys": False,
        "tools_folded": True,
    }
    assert found.json() == expected
    assert client.get(PREFERENCES).json() == expected
    assert patch(client, {"mouse": None, "keys": "none", "single_letter_keys": {"a": 1}}).json() == {
        "keys": "none",
        "single_letter_keys": {"a": 1},
        "tools_folded": True,
    }


def test_changes_that_add_up_to_too_much_are_refused(client, person):
    for half in "ab":
        answer = patch(client, {f"{half}{number}": "x" * 400 for number in range(20)})
    assert answer.status_code == 400
    assert set(client.get(PREFERENCES).json()) == {f"a{number}" for number in range(20)}
    assert patch(client, {"a": {"b": {"c": {"d": {"e": {"f": {"g": 1}}}}}}}).status_code == 400
    assert patch(client, ["a"]).status_code == 400


def test_each_person_has_their_own(client, person):
    put(client, PREFERENCES, CHOSEN)
    put(client, HANGINGS, {"modality": "CT", "layout": {"rows": 1}})
    other = Client()
    other.force_login(UserFactory())
    assert other.get(PREFERENCES).json() == {}
    assert other.delete(f"{HANGINGS}?modality=CT").status_code == 204
    assert Hanging.objects.get().user == person


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "7",
        "null",
        '"x"',
        '{"a": 1e999}',
        '{"a": "\\u0000"}',
        '{"\\ud800": 1}',
        json.dumps({"a": "x" * 501}),
        json.dumps({f"key{number}": "x" * 40 for number in range(400)}),
        json.dumps({str(number): 1 for number in range(501)}),
        '{"a": {"a": {"a": {"a": {"a": {"a": {"a": 1}}}}}}}',
    ],
)
def test_what_is_too_much_or_no_object_is_refused(client, person, body):
    put(client, PREFERENCES, CHOSEN)
    assert put(client, PREFERENCES, body).status_code == 400
    assert client.get(PREFERENCES).json() == CHOSEN


def test_a_layout_is_kept_for_each_kind_of_study(client, person):
    chest = {"modality": "CT", "body_part": "CHEST", "layout": {"rows": 1, "columns": 2}}
    assert put(client, HANGINGS, chest).json() == chest
    put(client, HANGINGS, chest | {"layout": {"rows": 2}})
    put(client, HANGINGS, {"modality": "MR", "layout": {}})
    assert list(Hanging.objects.order_by("pk").values_list("modality", "body_part", "layout")) == [
        ("CT", "CHEST", {"rows": 2}),
        ("MR", "", {}),
    ]
    assert client.delete(f"{HANGINGS}?modality=CT&body_part=CHEST").status_code == 204
    assert client.delete(f"{HANGINGS}?modality=CT&body_part=CHEST").status_code == 204
    assert Hanging.objects.get().modality == "MR"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"layout": []},
        {"modality": "x" * 17, "layout": {}},
        {"body_part": "x" * 65, "layout": {}},
        {"modality": 5, "layout": {}},
        {"body_part": "a\x00b", "layout": {}},
        {"layout": {"rows": "x" * 501}},
    ],
)
def test_a_layout_that_is_none_is_refused(client, person, body):
    assert put(client, HANGINGS, body).status_code == 400
    assert not Hanging.objects.exists()


def test_nobody_keeps_layouts_without_end(client, person, monkeypatch):
    monkeypatch.setattr(services, "HANGINGS_AT_MOST", 2)
    for modality in ("CT", "MR"):
        put(client, HANGINGS, {"modality": modality, "layout": {}})
    answer = put(client, HANGINGS, {"modality": "US", "layout": {}})
    assert (answer.status_code, answer.json()["code"]) == (400, "too_many_hangings")
    assert put(client, HANGINGS, {"modality": "CT", "layout": {"rows": 3}}).status_code == 200


def test_the_page_tells_the_viewer_what_was_set(client):
    study = make_patient_study()
    client.force_login(radiologist_of(study.server.institution))
    put(client, PREFERENCES, CHOSEN)
    put(client, HANGINGS, {"modality": "CT", "body_part": "CHEST", "layout": {"rows": 2}})
    html = client.get(f"/viewer/{study.study_instance_uid}/").content.decode()
    config = json.loads(re.search(r'<script id="viewer-config" type="application/json">(.*?)</script>', html)[1])
    assert config["preferences"] == CHOSEN
    assert config["hangings"] == [{"modality": "CT", "body_part": "CHEST", "layout": {"rows": 2}}]


@pytest.mark.parametrize(("method", "address"), [("get", PREFERENCES), ("put", PREFERENCES), ("put", HANGINGS)])
def test_who_is_signed_out_sets_nothing(client, method, address):
    assert getattr(client, method)(address).status_code == 401
    assert AuditEvent.objects.filter(action=Action.ACCESS_DENIED).count() == 1


def test_the_holder_of_a_share_link_keeps_nothing():
    study = make_patient_study()
    holder = open_link(make_link(study=study))
    assert holder.get(PREFERENCES).status_code == 404
    assert put(holder, PREFERENCES, CHOSEN).status_code == 404
    assert put(holder, HANGINGS, {"layout": {}}).status_code == 404
    assert not ViewerPreferences.objects.exists()
    assert not Hanging.objects.exists()


def test_settings_leave_no_event(client, person):
    before = AuditEvent.objects.count()
    put(client, PREFERENCES, CHOSEN)
    put(client, HANGINGS, {"layout": {}})
    assert AuditEvent.objects.count() == before

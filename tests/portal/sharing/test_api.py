"""`/api/v1/share-links/`: making, reading and taking back by REST."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from knox.models import AuthToken

from audit.models import Action, AuditEvent
from portal.institutions.models import Role
from portal.sharing.models import ShareLink
from portal.sharing.pins import digest_of
from tests.portal.grants.factories import GrantFactory, MembershipFactory, make_patient_study, radiologist_of
from tests.portal.sharing.factories import make_link

pytestmark = pytest.mark.django_db
URL = "/api/v1/share-links/"


@pytest.fixture
def study():
    return make_patient_study()


@pytest.fixture
def maker(study):
    return radiologist_of(study.server.institution)


def headers_of(user) -> dict[str, str]:
    return {"Authorization": f"Token {AuthToken.objects.create(user)[1]}"}


def body(study, **changes):
    return {
        "study_instance_uid": study.study_instance_uid,
        "label": "for Dr. Rusu",
        "valid_until": (timezone.now() + timedelta(days=3)).isoformat(),
        "max_uses": 2,
        **changes,
    }


def post(client, user, data):
    return client.post(URL, data, content_type="application/json", headers=headers_of(user))


def test_a_link_is_made_read_listed_and_taken_back(client, study, maker):
    answer = post(client, maker, body(study, may_download=True))
    assert answer.status_code == 201
    assert "no-store" in answer["Cache-Control"]
    made = answer.json()
    url, pin = made.pop("url"), made.pop("pin")
    link = ShareLink.objects.get()
    assert link.token_digest == digest_of(url.rstrip("/").rsplit("/", 1)[1])
    assert url.startswith("http://testserver/share/")
    assert len(pin) == 6
    assert made["study_instance_uid"] == study.study_instance_uid
    assert made["server"] == str(study.server_id)
    assert made["permissions"] == ["view", "download"]
    assert (made["state"], made["uses"], made["max_uses"], made["failed"]) == ("open", 0, 2, 0)
    assert made["created_by"] == {"id": str(maker.subject), "name": maker.full_name}
    assert parse_datetime(made["valid_until"]) == link.valid_until
    headers = headers_of(maker)
    assert client.get(f"{URL}{made['id']}/", headers=headers).json() == made
    assert client.get(URL, headers=headers).json() == {"next": None, "previous": None, "results": [made]}
    assert client.delete(f"{URL}{made['id']}/", headers=headers).status_code == 204
    after = client.get(f"{URL}{made['id']}/", headers=headers).json()
    assert (after["state"], after["closed_reason"]) == ("revoked", "revoked")
    for secret in ("pin_hash", "token_digest", "url", "pin", "holder"):
        assert secret not in after


def test_the_list_pages_newest_first(client, study, maker):
    links = [make_link(maker, study).link for _ in range(3)]
    headers = headers_of(maker)
    first = client.get(URL, {"page_size": 2}, headers=headers).json()
    assert [one["id"] for one in first["results"]] == [str(links[2].pk), str(links[1].pk)]
    second = client.get(first["next"], headers=headers).json()
    assert [one["id"] for one in second["results"]] == [str(links[0].pk)]


def test_the_list_asks_the_database_as_often_for_many_as_for_one(client, study, maker, django_assert_max_num_queries):
    for _ in range(5):
        make_link(maker, study)
    headers = headers_of(maker)
    with django_assert_max_num_queries(8):
        client.get(URL, headers=headers)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"valid_until": (timezone.now() - timedelta(days=1)).isoformat()}, "grant_ends_before_it_begins"),
        ({"valid_until": (timezone.now() + timedelta(days=91)).isoformat()}, "link_too_long"),
        ({"valid_until": "soon"}, "request_invalid"),
        ({"max_uses": 0}, "request_invalid"),
        ({"max_uses": 101}, "request_invalid"),
        ({"max_uses": 1e400}, "request_invalid"),
        ({"label": ""}, "request_invalid"),
        ({"label": "x" * 81}, "request_invalid"),
        ({"label": "\x00"}, "request_invalid"),
        ({"study_instance_uid": "../../etc/passwd"}, "request_invalid"),
        ({"server": "nonsense"}, "request_invalid"),
        ({"may_download": "perhaps"}, "request_invalid"),
    ],
)
def test_a_wrong_request_is_a_problem_and_makes_nothing(client, study, maker, changes, code):
    answer = post(client, maker, body(study, **changes))
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == code
    assert not ShareLink.objects.exists()


def test_what_only_the_portal_decides_cannot_be_assigned(client, study, maker):
    stranger = MembershipFactory().user
    planted = {
        "id": "00000000-0000-4000-8000-000000000000",
        "uses": 9,
        "pin": "000000",
        "pin_hash": "x",
        "token_digest": "x",
        "created_by": stranger.pk,
        "holder": maker.pk,
        "permissions": ["view", "download", "report", "share"],
    }
    answer = post(client, maker, body(study, **planted))
    link = ShareLink.objects.get()
    assert answer.json()["pin"] != "000000"
    assert str(link.pk) != planted["id"]
    assert (link.uses, link.created_by, link.permissions) == (0, maker, ["view"])
    assert link.holder != maker


def test_more_than_the_maker_has_is_refused(client, study):
    own = GrantFactory(study=study, permissions=["view", "share"])
    answer = post(client, own.user, body(study, may_download=True))
    assert (answer.status_code, answer.json()["code"]) == (400, "more_than_giver_has")
    assert not ShareLink.objects.exists()


def test_who_sees_but_may_not_share_is_told_so_and_recorded_once(client, study):
    viewer = GrantFactory(study=study, permissions=["view", "download"]).user
    answer = post(client, viewer, body(study))
    assert (answer.status_code, answer.json()["code"]) == (403, "share_not_allowed")
    assert not ShareLink.objects.exists()
    event = AuditEvent.objects.get(action=Action.ACCESS_DENIED)
    assert (event.details["tried"], event.study_instance_uid) == ("make_share_link", study.study_instance_uid)


def test_administrators_see_and_take_back_links_into_their_institution(client, study, maker):
    made = make_link(maker, study)
    admin = MembershipFactory(institution=study.server.institution, role=Role.INSTITUTION_ADMINISTRATOR).user
    headers = headers_of(admin)
    assert [one["id"] for one in client.get(URL, headers=headers).json()["results"]] == [str(made.link.pk)]
    assert client.delete(f"{URL}{made.link.pk}/", headers=headers).status_code == 204
    assert AuditEvent.objects.get(action=Action.SHARE_LINK_REVOKED).actor_id == str(admin.subject)

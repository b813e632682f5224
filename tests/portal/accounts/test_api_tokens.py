"""API tokens of one's own: named, ending, perhaps read-only, shown once, revoked at once."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken

from audit.actors import Actor
from audit.models import AuditEvent
from portal.accounts.models import ApiToken
from portal.accounts.services import InvalidToken, create_api_token
from tests.portal.accounts.factories import UserFactory
from tests.portal.institutions.factories import MembershipFactory
from tests.portal.servers.factories import DicomServerFactory
from tests.portal.studies.factories import make_study

pytestmark = pytest.mark.django_db
TOKENS = "/api/v1/me/tokens/"
PAGE = "/accounts/tokens/"
NINETY_DAYS = timedelta(days=90)


def actor_of_tests() -> Actor:
    return Actor(actor_id="1", name="Elena Pascaru", role="radiologist", institution="Nistru Clinical")


def make(person, **changes) -> tuple[ApiToken, str]:
    terms = {"name": "Export", "lifetime": NINETY_DAYS, "is_read_only": True, **changes}
    return create_api_token(actor=actor_of_tests(), person=person, **terms)


def bearing(text: str) -> dict[str, str]:
    return {"Authorization": f"Token {text}"}


def events(action: str) -> list[dict]:
    return [event.details for event in AuditEvent.objects.filter(action=action).order_by("pk")]


@pytest.fixture
def reader():
    return MembershipFactory(role="radiologist").user


def test_a_token_is_made_shown_once_and_used(client, reader) -> None:
    client.force_login(reader)
    asked = {"name": "  Reading list \n export ", "days": 30, "is_read_only": False}
    response = client.post(TOKENS, asked, content_type="application/json")
    assert response.status_code == 201
    made = response.json()
    assert (made["name"], made["is_read_only"], made["last_used_at"]) == ("Reading list export", False, None)
    assert len(made["token"]) == 64
    listed = client.get(TOKENS).json()
    assert listed["next"] is None
    assert [one["id"] for one in listed["results"]] == [made["id"]]
    assert made["token"] not in client.get(TOKENS).content.decode()
    assert AuthToken.objects.get().digest != made["token"]
    assert Client().get("/api/v1/studies/", headers=bearing(made["token"])).status_code == 200
    assert client.get(TOKENS).json()["results"][0]["last_used_at"] is not None
    [event] = events("api_token_made")
    assert event["name"] == "Reading list export"
    assert made["token"] not in str(event)


@pytest.mark.parametrize(
    "asked", [{}, {"name": ""}, {"name": "x" * 81}, {"name": "x", "days": 0}, {"name": "x", "days": 366}]
)
def test_a_token_without_name_or_end_is_not_made(client, reader, asked: dict) -> None:
    client.force_login(reader)
    response = client.post(TOKENS, asked, content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (400, "request_invalid")
    assert AuthToken.objects.count() == 0
    assert events("api_token_made") == []


@pytest.mark.parametrize("terms", [{"name": " "}, {"lifetime": timedelta(days=366)}, {"lifetime": timedelta(0)}])
def test_the_service_makes_none_either(reader, terms: dict) -> None:
    with pytest.raises(InvalidToken):
        make(reader, **terms)
    assert AuthToken.objects.count() == 0


def test_an_ended_token_opens_nothing_and_is_not_listed(client, reader, time_machine) -> None:
    _, text = make(reader)
    time_machine.move_to(timezone.now() + NINETY_DAYS + timedelta(seconds=1))
    assert Client().get("/api/v1/studies/", headers=bearing(text)).status_code == 401
    client.force_login(reader)
    assert client.get(TOKENS).json()["results"] == []


def test_a_read_only_token_reads_and_gets_viewer_tokens_and_changes_nothing(reader) -> None:
    institution = reader.memberships.get().institution
    study = make_study(DicomServerFactory(institution=institution, last_contact_at=timezone.now()))
    _, text = make(reader)
    assert Client().get("/api/v1/studies/", headers=bearing(text)).status_code == 200
    viewer = Client().post(f"/api/v1/studies/{study.study_instance_uid}/viewer-token/", headers=bearing(text))
    assert viewer.status_code == 200
    before = AuditEvent.objects.count()
    response = Client().post("/api/v1/grants/", {}, content_type="application/json", headers=bearing(text))
    assert (response.status_code, response.json()["code"]) == (403, "token_read_only")
    assert AuditEvent.objects.count() == before + 1
    assert events("access_denied")[-1]["tried"] == "token_read_only"


def test_a_token_makes_no_other(reader) -> None:
    _, text = make(reader, is_read_only=False)
    response = Client().post(TOKENS, {"name": "x"}, content_type="application/json", headers=bearing(text))
    assert (response.status_code, response.json()["code"]) == (403, "session_required")
    assert AuthToken.objects.count() == 1
    assert len(events("access_denied")) == 1


def test_a_revoked_token_opens_nothing_from_then_on(client, reader) -> None:
    token, text = make(reader)
    client.force_login(reader)
    assert client.delete(f"{TOKENS}{token.pk}/").status_code == 204
    assert Client().get("/api/v1/studies/", headers=bearing(text)).status_code == 401
    assert ApiToken.objects.count() == 0
    assert events("api_token_revoked") == [{"name": "Export"}]
    assert client.delete(f"{TOKENS}{token.pk}/").status_code == 404


@pytest.mark.parametrize("by_page", [True, False])
def test_the_token_of_somebody_else_does_not_exist(client, reader, by_page: bool) -> None:
    token, _ = make(UserFactory())
    client.force_login(reader)
    response = client.post(f"{PAGE}{token.pk}/revoke/") if by_page else client.delete(f"{TOKENS}{token.pk}/")
    assert response.status_code == 404
    assert ApiToken.objects.count() == 1
    assert events("api_token_revoked") == []
    assert len(events("access_denied")) == 1
    assert client.get(TOKENS).json()["results"] == []


@pytest.mark.parametrize("address", [TOKENS, "/api/v1/me/sessions/", "/api/v1/me/"])
def test_somebody_signed_out_has_none(client, address: str) -> None:
    assert client.get(address).status_code == 401
    assert len(events("access_denied")) == 1


def test_the_page_makes_shows_and_revokes(client, reader) -> None:
    client.force_login(reader)
    page = client.post(PAGE, {"name": "Export <b>", "days": "30", "is_read_only": "on"})
    text = page.context["token_text"]
    assert text in page.content.decode()
    assert "Export &lt;b&gt;" in page.content.decode()
    assert text not in client.get(PAGE).content.decode()
    token = ApiToken.objects.get()
    assert token.is_read_only
    assert client.post(f"{PAGE}{token.pk}/revoke/").headers["Location"] == PAGE
    assert AuthToken.objects.count() == 0


def test_the_page_offers_no_token_without_end(client, reader) -> None:
    client.force_login(reader)
    page = client.post(PAGE, {"name": "Export", "days": "100000"})
    assert page.status_code == 200
    assert AuthToken.objects.count() == 0


def test_the_caller_reads_who_they_are(client) -> None:
    membership = MembershipFactory(role="radiologist", institution__short_name="Nistru Clinical")
    client.force_login(membership.user)
    me = client.get("/api/v1/me/").json()
    assert me["username"] == membership.user.username
    assert me["roles"] == [
        {
            "role": "radiologist",
            "institution": membership.institution.code,
            "institution_name": "Nistru Clinical",
        }
    ]
    assert me["has_second_factor"] is False


class TestThrottles:
    """Nobody calls without end; the answer says when to come back."""

    @pytest.fixture
    def rates(self, settings):
        def set_to(**rates: str) -> None:
            known = settings.REST_FRAMEWORK
            settings.REST_FRAMEWORK = {**known, "DEFAULT_THROTTLE_RATES": {**known["DEFAULT_THROTTLE_RATES"], **rates}}

        return set_to

    def test_a_person_is_told_to_wait_and_another_is_not(self, client, reader, rates) -> None:
        rates(person="3/min")
        client.force_login(reader)
        answers = [client.get("/api/v1/me/") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert answers[-1].json()["code"] == "too_many_requests"
        assert 0 < int(answers[-1]["Retry-After"]) <= 61
        client.force_login(UserFactory())
        assert client.get("/api/v1/me/").status_code == 200

    def test_a_person_with_many_tokens_is_one_person(self, reader, rates) -> None:
        rates(person="2/min")
        texts = [make(reader)[1] for _ in range(3)]
        statuses = [Client().get("/api/v1/me/", headers=bearing(text)).status_code for text in texts]
        assert statuses == [200, 200, 429]

    def test_tokens_are_made_slowly(self, client, reader, rates) -> None:
        rates(sign_in="2/min")
        client.force_login(reader)
        asked = [client.post(TOKENS, {"name": "x"}, content_type="application/json") for _ in range(3)]
        assert [answer.status_code for answer in asked] == [201, 201, 429]
        assert AuthToken.objects.count() == 2
        assert client.get(TOKENS).status_code == 200

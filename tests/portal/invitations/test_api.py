"""`/api/v1/invitations/`: what the own administrator does, and what nobody else does."""

from uuid import uuid4

import pytest
from django.utils import timezone
from knox.models import AuthToken

from audit.models import AuditEvent
from portal.institutions.models import Role
from portal.invitations.models import Invitation
from tests.portal.accounts.factories import UserFactory
from tests.portal.institutions.factories import InstitutionFactory, MembershipFactory
from tests.portal.invitations.factories import TOKEN, InvitationFactory

pytestmark = pytest.mark.django_db
URL = "/api/v1/invitations/"


@pytest.fixture
def institution():
    return InstitutionFactory(code="nistru")


@pytest.fixture
def administrator(institution):
    return MembershipFactory(institution=institution, role=Role.INSTITUTION_ADMINISTRATOR).user


def call(client, method, address, user=None, data=None):
    headers = {"Authorization": f"Token {AuthToken.objects.create(user)[1]}"} if user else {}
    return getattr(client, method)(address, data, content_type="application/json", headers=headers)


def body(**changes) -> dict[str, object]:
    return {"email": "A.Kaya@onko.example", "role": "consultant", "institution": "nistru", **changes}


def events() -> list[str]:
    return list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))


def test_an_invitation_is_sent_read_sent_again_and_withdrawn(client, administrator) -> None:
    made = call(client, "post", URL, administrator, body())
    assert made.status_code == 201
    sent = made.json()
    assert (sent["email"], sent["role"], sent["state"]) == ("a.kaya@onko.example", "consultant", "pending")
    assert "token" not in sent
    place = f"{URL}{sent['id']}/"
    assert call(client, "get", place, administrator).json() == sent
    assert call(client, "get", URL, administrator).json() == {"next": None, "previous": None, "results": [sent]}
    assert call(client, "post", f"{place}resend/", administrator, {}).status_code == 200
    assert call(client, "delete", place, administrator).status_code == 204
    assert call(client, "get", place, administrator).json()["state"] == "withdrawn"
    answer = call(client, "post", f"{place}resend/", administrator, {})
    assert (answer.status_code, answer.json()["code"]) == (409, "invitation_closed")
    assert events() == ["invitation_sent", "invitation_sent", "invitation_withdrawn"]


def test_an_address_with_an_account_is_answered_like_one_without(client, administrator) -> None:
    known = UserFactory()
    answers = [
        call(client, "post", URL, administrator, body(email=email)).json()
        for email in (known.email, "nobody@nistru.example")
    ]
    own = ("id", "email", "created_at", "sent_at", "expires_at")
    one, other = ({name: value for name, value in answer.items() if name not in own} for answer in answers)
    assert one == other


def test_what_is_not_theirs_to_set_is_passed_over(client, administrator) -> None:
    hostile = {
        "leads_to": "https://elsewhere.example/",
        "accepted_at": "2026-01-01T00:00:00Z",
        "invited_by": "1",
        "token_digest": "0" * 64,
        "allows_code": True,
        "is_superuser": True,
        "expires_at": "2099-01-01T00:00:00Z",
    }
    made = call(client, "post", URL, administrator, body(**hostile)).json()
    row = Invitation.objects.get(pk=made["id"])
    assert (row.leads_to, row.accepted_at, row.invited_by, row.allows_code) == ("/", None, administrator, False)
    assert row.token_digest != "0" * 64
    assert row.expires_at.year < 2099


@pytest.mark.parametrize(
    "changes", [{"email": "x"}, {"role": "owner"}, {"role": ""}, {"institution": "../.."}, {"email": ""}]
)
def test_a_wrong_request_is_a_problem_and_sends_nothing(client, administrator, changes) -> None:
    answer = call(client, "post", URL, administrator, body(**changes))
    assert (answer.status_code, answer.json()["code"]) == (400, "request_invalid")
    assert not Invitation.objects.exists()


@pytest.mark.parametrize("changes", [{"role": "auditor"}, {"role": "institution_administrator"}, {"institution": "x"}])
def test_what_is_not_theirs_to_give_is_not_there(client, administrator, changes) -> None:
    InstitutionFactory(code="other")
    assert call(client, "post", URL, administrator, body(**changes)).status_code == 404
    assert call(client, "post", URL, administrator, body(institution="other")).status_code == 404
    assert not Invitation.objects.exists()
    assert events() == ["access_denied"] * 2


@pytest.mark.parametrize("who", ["anonymous", "stranger", "colleague", "other", "suspended"])
def test_nobody_else_reads_or_changes_anything_and_each_try_is_recorded_once(client, institution, who) -> None:
    invitation = InvitationFactory(institution=institution, email="secret@onko.example")
    digest, role = invitation.token_digest, Role.INSTITUTION_ADMINISTRATOR
    person = {
        "anonymous": lambda: None,
        "stranger": lambda: UserFactory(is_superuser=True, is_staff=True),
        "colleague": lambda: MembershipFactory(institution=institution).user,
        "other": lambda: MembershipFactory(role=role).user,
        "suspended": lambda: MembershipFactory(institution=institution, role=role, suspended_at=timezone.now()).user,
    }[who]()
    place = f"{URL}{invitation.pk}/"
    for method, address, data in (
        ("get", place, None),
        ("delete", place, None),
        ("post", f"{place}resend/", {}),
        ("post", URL, body()),
    ):
        answer = call(client, method, address, person, data)
        assert answer.status_code == (401 if person is None else 404)
        assert "secret@onko.example" not in answer.content.decode()
    assert events() == ["access_denied"] * 4
    invitation.refresh_from_db()
    assert (invitation.token_digest, invitation.withdrawn_at) == (digest, None)
    assert Invitation.objects.count() == 1


def test_forbidden_looks_like_absent(client, administrator) -> None:
    other = InvitationFactory()
    bodies = {call(client, "get", f"{URL}{pk}/", administrator).content for pk in (other.pk, uuid4())}
    assert len(bodies) == 1
    assert TOKEN not in str(bodies)

"""The console opens to administrators, each for what they watch over; health to all; metrics to this machine."""

import pytest

from audit.models import AuditEvent
from portal.institutions.models import Role
from tests.monitoring.factories import ServerStateFactory
from tests.portal.accounts.factories import UserFactory
from tests.portal.institutions.factories import MembershipFactory

pytestmark = pytest.mark.django_db
CONSOLE = "/monitoring/"
ADMINISTRATORS = {Role.INSTITUTION_ADMINISTRATOR, Role.SYSTEM_ADMINISTRATOR}


@pytest.fixture
def own():
    return ServerStateFactory(server__name="Nistru archive").server


@pytest.fixture
def foreign():
    return ServerStateFactory(server__name="Codru archive").server


def shown(response) -> list[str]:
    return [card.server.name for card in response.context["console"].cards]


def denials() -> list[tuple[str, str]]:
    events = AuditEvent.objects.filter(action="access_denied")
    return [(event.outcome, event.details["tried"]) for event in events]


def test_somebody_signed_out_is_led_to_sign_in(client, own) -> None:
    assert client.get(CONSOLE).url == "/accounts/login/?next=/monitoring/"


@pytest.mark.parametrize("role", [role for role in Role if role not in ADMINISTRATORS])
def test_any_other_role_meets_nothing_there(client, own, role) -> None:
    client.force_login(MembershipFactory(institution=own.institution, role=role).user)
    response = client.get(CONSOLE)
    assert response.status_code == 404
    assert b"Nistru archive" not in response.content
    assert denials() == [("denied", "console")]


def test_a_stranger_meets_nothing_there(client, own) -> None:
    client.force_login(UserFactory(is_superuser=True))
    assert client.get(CONSOLE).status_code == 404
    assert denials() == [("denied", "console")]


def test_the_administrator_of_an_institution_sees_its_servers_alone(client, own, foreign) -> None:
    client.force_login(MembershipFactory(institution=own.institution, role=Role.INSTITUTION_ADMINISTRATOR).user)
    response = client.get(CONSOLE)
    assert shown(response) == ["Nistru archive"]
    assert b"Codru archive" not in response.content
    assert denials() == []


def test_the_administrator_of_another_institution_does_not_see_them(client, own) -> None:
    client.force_login(MembershipFactory(role=Role.INSTITUTION_ADMINISTRATOR).user)
    response = client.get(CONSOLE)
    assert shown(response) == []
    assert "No server is connected yet" in response.content.decode()


def test_a_system_administrator_sees_all(client, own, foreign) -> None:
    client.force_login(MembershipFactory(role=Role.SYSTEM_ADMINISTRATOR).user)
    assert shown(client.get(CONSOLE)) == ["Codru archive", "Nistru archive"]


def test_an_administrator_of_one_and_radiologist_of_another_sees_the_one(client, own, foreign) -> None:
    person = MembershipFactory(institution=own.institution, role=Role.INSTITUTION_ADMINISTRATOR).user
    MembershipFactory(user=person, institution=foreign.institution, role=Role.RADIOLOGIST)
    client.force_login(person)
    assert shown(client.get(CONSOLE)) == ["Nistru archive"]


def test_a_hostile_server_name_shows_as_text(client, own) -> None:
    own.name = "<script>alert(1)</script>"
    own.save()
    client.force_login(MembershipFactory(role=Role.SYSTEM_ADMINISTRATOR).user)
    page = client.get(CONSOLE).content.decode()
    assert own.name not in page
    assert "&lt;script&gt;alert(1)" in page


def test_the_console_needs_the_same_queries_for_many_servers(client, django_assert_max_num_queries) -> None:
    for _ in range(12):
        ServerStateFactory()
    client.force_login(MembershipFactory(role=Role.SYSTEM_ADMINISTRATOR).user)
    with django_assert_max_num_queries(10):
        assert len(shown(client.get(CONSOLE))) == 12


@pytest.mark.parametrize("address", ["/health/live", "/health/ready"])
def test_health_answers_everybody(client, address) -> None:
    response = client.get(address)
    assert response.status_code == 200


def test_metrics_answer_this_machine(client, own) -> None:
    assert client.get("/metrics").status_code == 200


@pytest.mark.parametrize("address", ["10.20.4.17", "2001:db8::1", ""])
def test_metrics_do_not_exist_for_other_machines(client, own, address) -> None:
    response = client.get("/metrics", REMOTE_ADDR=address)
    assert response.status_code == 404
    assert b"Nistru archive" not in response.content


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
def test_metrics_do_not_exist_through_a_proxy_on_this_machine(client, own, header) -> None:
    assert client.get("/metrics", headers={header: "127.0.0.1"}).status_code == 404


def test_metrics_answer_the_bearer_of_their_token(client, own, settings) -> None:
    settings.METRICS_TOKEN = "a long token"
    shown_token = {"Authorization": "Bearer a long token"}
    assert client.get("/metrics", REMOTE_ADDR="10.20.4.17", headers=shown_token).status_code == 200
    for wrong in ("Bearer a long tokem", "Bearer ", "Bearer", "Bearer ă", ""):
        answer = client.get("/metrics", REMOTE_ADDR="10.20.4.17", headers={"Authorization": wrong})
        assert answer.status_code == 404


def test_without_a_token_set_no_empty_one_opens_the_metrics(client, own) -> None:
    assert client.get("/metrics", REMOTE_ADDR="10.20.4.17", headers={"Authorization": "Bearer "}).status_code == 404

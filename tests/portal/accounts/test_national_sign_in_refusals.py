"""Whatever a provider, or somebody who plays one, answers wrongly signs nobody in and is one event of the audit."""

import base64
import json
import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import jwt
import pytest
import time_machine
from django.test import Client, override_settings
from django.utils import timezone

from audit.models import AuditEvent
from portal.accounts.models import NationalIdentity
from tests.forging_provider import CLIENT_ID, CLIENT_SECRET, ForgingProvider
from tests.portal.accounts.factories import NATIONAL_IDS
from tests.portal.accounts.national import START, asked_of, is_signed_in, national_settings, recorded, stored

pytestmark = pytest.mark.django_db
ELENA, MARIA = NATIONAL_IDS[:2]


@pytest.fixture(scope="module")
def running() -> Iterator[ForgingProvider]:
    with ForgingProvider() as provider:
        yield provider


@pytest.fixture
def provider(running: ForgingProvider) -> Iterator[ForgingProvider]:
    running.reset()
    with override_settings(**national_settings(running.issuer, CLIENT_ID, CLIENT_SECRET)):
        yield running


def answered(client: Client, provider: ForgingProvider, token: Any = None, **query: str) -> Any:
    """What the portal answers to a token that `token` makes of the nonce."""
    _, asked = asked_of(client)
    provider.id_token = token(asked["nonce"]) if token else provider.signed(provider.claims(asked["nonce"]))
    return client.get("/oidc/callback/", {"code": "c", "state": asked["state"], **query})


def assert_refused(client: Client, response: Any, reason: str, status: int = 403) -> None:
    """Nobody is signed in, nothing was made, and one event says why; the page says it in words."""
    assert response.status_code == status
    assert "You are not signed in" in response.content.decode()
    assert "Traceback" not in response.content.decode()
    assert not is_signed_in(client)
    assert stored() == (0, 0, 0)
    assert recorded() == [("sign_in_failed", "denied", {"reason": reason})]
    event = AuditEvent.objects.get()
    assert event.patient_identifiers == []
    assert ELENA not in response.content.decode()


def unsigned(claims: dict[str, Any]) -> str:
    def part(content: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none', 'typ': 'JWT', 'kid': 'rsa'})}.{part(claims)}."


def tampered(token: str) -> str:
    head, body, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    changed = base64.urlsafe_b64encode(json.dumps({**claims, "idnp": MARIA}).encode()).rstrip(b"=").decode()
    return f"{head}.{changed}.{signature}"


def by_hmac(claims: dict[str, Any], secret: bytes) -> str:
    """A token signed with a shared secret; PyJWT itself refuses to take a public key for one."""
    import hashlib
    import hmac

    def part(content: bytes) -> bytes:
        return base64.urlsafe_b64encode(content).rstrip(b"=")

    head = part(json.dumps({"alg": "HS256", "typ": "JWT", "kid": "rsa"}).encode())
    signed = head + b"." + part(json.dumps(claims).encode())
    return (signed + b"." + part(hmac.new(secret, signed, hashlib.sha256).digest())).decode()


def test_an_honest_answer_signs_in(client, provider) -> None:
    assert answered(client, provider).status_code == 302
    assert is_signed_in(client)
    assert NationalIdentity.objects.get().national_id == ELENA


def test_an_answer_signed_with_an_elliptic_curve_signs_in(client, provider) -> None:
    answered(client, provider, lambda nonce: provider.signed(provider.claims(nonce), algorithm="ES256"))
    assert is_signed_in(client)


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        pytest.param(lambda p, c: p.signed(c, key=p.stranger), "national_token_invalid", id="signed-by-a-stranger"),
        pytest.param(lambda p, c: tampered(p.signed(c)), "national_token_invalid", id="changed-after-signing"),
        pytest.param(lambda p, c: unsigned(c), "national_token_invalid", id="alg-none"),
        pytest.param(lambda p, c: by_hmac(c, p.public_pem), "national_token_invalid", id="public-key-as-secret"),
        pytest.param(lambda p, c: by_hmac(c, CLIENT_SECRET.encode()), "national_token_invalid", id="client-secret"),
        pytest.param(lambda p, c: p.signed(c, kid="other"), "national_token_invalid", id="unknown-key"),
        pytest.param(lambda p, c: p.signed(c, kid="ec"), "national_token_invalid", id="key-of-another-kind"),
        pytest.param(
            lambda p, c: p.signed(
                c,
                key=p.stranger,
                kid="mine",
                jwk=jwt.algorithms.RSAAlgorithm.to_jwk(p.stranger.public_key(), as_dict=True),
            ),
            "national_token_invalid",
            id="brings-its-own-key",
        ),
        pytest.param(lambda p, c: "a.b.c", "national_token_invalid", id="no-token"),
        pytest.param(lambda p, c: "", "national_token_invalid", id="empty"),
        pytest.param(lambda p, c: None, "national_token_invalid", id="left-out"),
        pytest.param(lambda p, c: 7, "national_token_invalid", id="a-number"),
        pytest.param(lambda p, c: p.signed({**c, "x": "x" * 70000}), "national_token_invalid", id="huge"),
    ],
)
def test_a_token_that_is_not_genuine(client, provider, made, reason: str) -> None:
    response = answered(client, provider, lambda nonce: made(provider, provider.claims(nonce)))
    assert_refused(client, response, reason)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "https://evil.example"}, "national_token_for_another"),
        ({"iss": None}, "national_token_invalid"),
        ({"aud": "another-client"}, "national_token_for_another"),
        ({"aud": None}, "national_token_invalid"),
        ({"aud": [CLIENT_ID, "another-client"]}, "national_token_for_another"),
        ({"aud": [CLIENT_ID, "another-client"], "azp": "another-client"}, "national_token_for_another"),
        ({"azp": "another-client"}, "national_token_for_another"),
        ({"exp": -61}, "national_token_expired"),
        ({"exp": None}, "national_token_invalid"),
        ({"exp": "soon"}, "national_token_invalid"),
        ({"iat": 120}, "national_token_invalid"),
        ({"iat": None}, "national_token_invalid"),
        ({"iat": "now"}, "national_token_invalid"),
        ({"iat": -120}, "national_token_replayed"),
        ({"nbf": 120}, "national_token_invalid"),
        ({"nonce": "another"}, "national_token_replayed"),
        ({"nonce": None}, "national_token_replayed"),
        ({"sub": None}, "national_token_invalid"),
        ({"sub": ""}, "national_token_invalid"),
        ({"sub": 7}, "national_token_invalid"),
        ({"sub": "s" * 256}, "national_token_invalid"),
        ({"sub": "a\x00b"}, "national_token_invalid"),
        ({"idnp": None}, "national_id_missing"),
        ({"idnp": ""}, "national_id_missing"),
        ({"idnp": "2099031001473"}, "national_id_invalid"),
        ({"idnp": "not a number"}, "national_id_invalid"),
        ({"idnp": 2099031001472}, "national_id_invalid"),
        ({"idnp": [ELENA]}, "national_id_invalid"),
        ({"idnp": {"value": ELENA}}, "national_id_invalid"),
        # A valid personal number of another country.
        ({"idnp": "1800101221144"}, "national_id_invalid"),
    ],
    ids=lambda value: json.dumps(value)[:60] if isinstance(value, dict) else "",
)
def test_a_token_whose_claims_are_wrong(client, provider, changes: dict[str, Any], reason: str) -> None:
    times = ("exp", "iat", "nbf")
    at = {
        name: int(time.time()) + value if name in times and isinstance(value, int) else value
        for name, value in changes.items()
    }
    response = answered(client, provider, lambda nonce: provider.signed(provider.claims(nonce, **at)))
    assert_refused(client, response, reason)


def test_clocks_may_differ_by_a_minute(client, provider) -> None:
    now = int(time.time())
    answered(client, provider, lambda nonce: provider.signed(provider.claims(nonce, exp=now - 30, iat=now + 30)))
    assert is_signed_in(client)


def test_a_token_of_another_sign_in_is_worth_nothing(client, provider) -> None:
    victim = Client()
    answered(victim, provider)
    stolen = provider.id_token
    before = AuditEvent.objects.count()
    assert answered(client, provider, lambda _: stolen).status_code == 403
    assert not is_signed_in(client)
    assert [details["reason"] for _, _, details in recorded()[before:]] == ["national_token_replayed"]


def test_a_new_key_is_fetched_once(client, provider) -> None:
    answered(Client(), provider)
    provider.keys = {"next": provider.rsa_key}
    answered(client, provider, lambda nonce: provider.signed(provider.claims(nonce), kid="next"))
    assert is_signed_in(client)
    assert provider.calls.count("/jwks") == 2


def test_forged_tokens_do_not_make_the_portal_ask_for_keys_again_and_again(provider) -> None:
    for number in range(5):
        client = Client()
        answered(client, provider, lambda nonce, kid=f"k{number}": provider.signed(provider.claims(nonce), kid=kid))
        assert not is_signed_in(client)
    assert provider.calls.count("/jwks") <= 2
    assert AuditEvent.objects.count() == 5


def test_the_userinfo_of_somebody_else_is_refused(client, provider) -> None:
    provider.userinfo = {"sub": "subject-2", "idnp": MARIA}
    assert_refused(client, answered(client, provider), "national_token_for_another")


def test_what_is_signed_goes_before_what_userinfo_says(client, provider) -> None:
    provider.userinfo = {"idnp": MARIA}
    answered(client, provider)
    assert NationalIdentity.objects.get().national_id == ELENA


@pytest.mark.parametrize(
    ("path", "answer", "reason", "status"),
    [
        ("/token", (400, b'{"error": "invalid_grant"}'), "national_provider_refused", 403),
        ("/token", (401, b"{}"), "national_provider_refused", 403),
        ("/token", (500, b"broken"), "national_provider_unreachable", 503),
        ("/token", (200, b"no json"), "national_provider_unreachable", 503),
        ("/token", (200, b"[]"), "national_token_invalid", 403),
        ("/token", (200, b"{}"), "national_token_invalid", 403),
        ("/userinfo", (500, b"broken"), "national_provider_unreachable", 503),
        ("/userinfo", (401, b"{}"), "national_provider_refused", 403),
        ("/userinfo", (200, b"[]"), "national_token_for_another", 403),
        ("/jwks", (500, b"broken"), "national_provider_unreachable", 503),
        ("/jwks", (200, b'{"keys": "none"}'), "national_token_invalid", 403),
    ],
)
def test_a_provider_in_trouble_is_told_in_a_sentence(client, provider, path, answer, reason, status) -> None:
    provider.answers[path] = answer
    assert_refused(client, answered(client, provider), reason, status)


def test_an_answer_that_nobody_asked_for_is_refused(client, provider) -> None:
    provider.id_token = provider.signed(provider.claims("n"))
    response = client.get("/oidc/callback/", {"code": "c", "state": "never-given-out"})
    assert_refused(client, response, "national_state_unknown", 400)
    assert "/token" not in provider.calls


@pytest.mark.parametrize(
    "query", [{}, {"code": "c"}, {"state": "s"}, {"error": "x"}, {"code": "\x00", "state": "\x00"}]
)
def test_an_answer_without_its_parts_is_refused(client, provider, query: dict[str, str]) -> None:
    asked_of(client)
    assert_refused(client, client.get("/oidc/callback/", query), "national_state_unknown", 400)


def test_an_answer_to_the_question_of_another_browser_is_refused(client, provider) -> None:
    _, asked = asked_of(Client())
    asked_of(client)
    provider.id_token = provider.signed(provider.claims(asked["nonce"]))
    response = client.get("/oidc/callback/", {"code": "c", "state": asked["state"]})
    assert_refused(client, response, "national_state_unknown", 400)


def test_an_answer_is_good_once(client, provider) -> None:
    _, asked = asked_of(client)
    provider.id_token = provider.signed(provider.claims("wrong"))
    query = {"code": "c", "state": asked["state"]}
    client.get("/oidc/callback/", query)
    provider.id_token = provider.signed(provider.claims(asked["nonce"]))
    assert client.get("/oidc/callback/", query).status_code == 400
    assert not is_signed_in(client)
    assert [details["reason"] for _, _, details in recorded()] == [
        "national_token_replayed",
        "national_state_unknown",
    ]


def test_an_answer_that_took_too_long_is_refused(client, provider) -> None:
    _, asked = asked_of(client)
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        provider.id_token = provider.signed(provider.claims(asked["nonce"]))
        response = client.get("/oidc/callback/", {"code": "c", "state": asked["state"]})
        assert_refused(client, response, "national_state_expired", 400)


def test_an_answer_of_another_provider_is_refused(client, provider) -> None:
    assert_refused(client, answered(client, provider, iss="https://evil.example"), "national_token_for_another")
    assert "/token" not in provider.calls


def test_a_provider_that_names_itself_must_do_so(client, provider) -> None:
    provider.discovery = {"authorization_response_iss_parameter_supported": True}
    assert_refused(client, answered(client, provider), "national_token_for_another")


@pytest.mark.parametrize(("error", "reason"), [("access_denied", "cancelled"), ("server_error", "provider_refused")])
def test_what_the_provider_says_went_wrong_is_not_repeated(client, provider, error: str, reason: str) -> None:
    _, asked = asked_of(client)
    query = {"error": error, "error_description": "<script>alert(1)</script>", "state": asked["state"]}
    response = client.get("/oidc/callback/", query)
    assert "alert(1)" not in response.content.decode()
    assert_refused(client, response, f"national_{reason}")


def test_calling_back_in_a_loop_does_not_fill_the_audit(client, provider) -> None:
    # In the middle of a minute, by which they are counted.
    with time_machine.travel(timezone.now().replace(second=20), tick=False):
        codes = [client.get("/oidc/callback/", {"code": "c", "state": "s"}).status_code for _ in range(35)]
    assert codes == [400] * 30 + [429] * 5
    assert AuditEvent.objects.count() == 30


@pytest.mark.parametrize(
    "wrong",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://evil.example/token"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": None},
    ],
)
def test_a_provider_that_describes_itself_wrongly_is_not_used(client, provider, wrong: dict[str, Any]) -> None:
    provider.discovery = wrong
    response = client.get(START)
    assert response.status_code == 503
    assert "cannot be reached now" in response.content.decode()
    assert recorded() == []


@pytest.mark.parametrize("answer", [(500, b""), (200, b"no json"), (200, b"[]"), (302, b""), (200, b"1" * 1_100_000)])
def test_a_provider_that_answers_nonsense_is_not_used(client, provider, answer: tuple[int, bytes]) -> None:
    provider.answers["/.well-known/openid-configuration"] = answer
    assert client.get(START).status_code == 503
    # The next person does not wait for it too.
    assert client.get(START).status_code == 503
    assert provider.calls == ["/.well-known/openid-configuration"]


def test_a_provider_that_is_down_is_told_in_a_sentence_and_the_portal_works_on(client) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{probe.getsockname()[1]}"
        with override_settings(**national_settings(nobody, CLIENT_ID, CLIENT_SECRET)):
            response = client.get(START)
            assert (response.status_code, client.get("/accounts/login/").status_code) == (503, 200)
    assert "cannot be reached now" in response.content.decode()


def test_a_wrong_answer_signs_nobody_out(client, provider) -> None:
    answered(client, provider)
    client.get("/oidc/callback/", {"error": "x", "state": "s"})
    assert is_signed_in(client)

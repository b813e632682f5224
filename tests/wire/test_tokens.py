"""A viewer token opens one study of one server for minutes, and no forged one passes."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from wire.keys import base64url, generate_key, public_key_text, thumbprint
from wire.tokens import (
    TYPE,
    TokenExpired,
    TokenForAnotherServer,
    TokenInvalid,
    TokenRefused,
    issue,
    new_claims,
    verify,
)

NOW = datetime(2026, 11, 20, 2, 44, 18, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
SERVER = "6f1d3a52-7c1e-4b7a-9d43-0a8f2f6f7b10"
KEY = generate_key()
KID = thumbprint(KEY)
KEYS = {KID: KEY.public_key()}


def claims(**changes):
    values = {
        "iss": "https://portal.example",
        "aud": SERVER,
        "sub": "5f0d7c0b2c6e4f8e",
        "sid": "session-1",
        "study_instance_uid": "1.2.3",
        "permissions": ("view",),
        "now": NOW,
    }
    return new_claims(**(values | changes))


def signed(payload, *, header=None, key=KEY):
    """A token with whatever header and claims, signed well."""
    header = {"alg": "EdDSA", "kid": KID, "typ": TYPE} if header is None else header
    content = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    parts = f"{base64url(json.dumps(header).encode())}.{base64url(content)}"
    return f"{parts}.{base64url(key.sign(parts.encode()))}"


def payload(**changes):
    return json.loads(claims().model_dump_json()) | changes


def refused(token, *, keys=KEYS, audience=SERVER, now=NOW):
    with pytest.raises(TokenRefused) as refusal:
        verify(token, keys, audience, now)
    assert len(token) < 40 or token not in str(refusal.value)
    return refusal.value


def test_good_token_gives_its_claims():
    given_claims = claims(permissions=["report", "view", "view"])
    token = issue(given_claims, KEY, KID)
    read = verify(token, KEYS, SERVER, NOW)
    assert read == given_claims
    assert read.permissions == ("view", "report")
    assert read.issued_at == NOW
    assert read.expires_at == NOW + timedelta(minutes=5)


def test_token_is_good_until_its_last_second():
    token = issue(claims(), KEY, KID)
    assert verify(token, KEYS, SERVER, NOW + timedelta(seconds=299.999)).aud == SERVER
    refusal = refused(token, now=NOW + timedelta(minutes=5))
    assert type(refusal) is TokenExpired
    assert refusal.code == "token_expired"
    assert refusal.claims == claims(now=NOW).model_copy(update={"jti": refusal.claims.jti})


def test_token_for_another_server_is_refused_and_says_whose_it_was():
    refusal = refused(issue(claims(aud="another"), KEY, KID))
    assert type(refusal) is TokenForAnotherServer
    assert refusal.code == "token_for_another_server"
    assert refusal.claims.sub == "5f0d7c0b2c6e4f8e"


def test_token_of_the_future_is_refused_beyond_the_skew_of_clocks():
    token = issue(claims(now=NOW + timedelta(seconds=31)), KEY, KID)
    assert type(refused(token)) is TokenInvalid
    assert verify(issue(claims(now=NOW + timedelta(seconds=30)), KEY, KID), KEYS, SERVER, NOW).aud == SERVER
    late = payload(nbf=SECONDS + 31)
    assert type(refused(signed(late))) is TokenInvalid


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": SECONDS + 301},
        {"iat": SECONDS - 1},
        {"iat": SECONDS - 3600, "nbf": SECONDS - 3600},
        {"exp": SECONDS},
        {"nbf": SECONDS + 300},
        {"nbf": SECONDS - 1},
        {"exp": 10**400},
        {"exp": 1e400},
        {"exp": str(SECONDS + 300)},
        {"exp": SECONDS + 300.0},
        {"exp": True},
        {"aud": [SERVER]},
        {"aud": ""},
        {"sub": None},
        {"sub": "a\nb"},
        {"permissions": []},
        {"permissions": ["view", "everything"]},
        {"permissions": "view"},
        {"study_instance_uid": "1.2.*"},
        {"study_instance_uid": ""},
        {"admin": True},
    ],
)
def test_claims_that_no_viewer_token_has_are_refused(changes):
    refusal = refused(signed(payload(**changes)))
    assert type(refusal) is TokenInvalid
    assert refusal.code == "token_invalid"
    assert refusal.claims is None


@pytest.mark.parametrize("claim", sorted(payload()))
def test_missing_claim_is_refused(claim):
    incomplete = payload()
    del incomplete[claim]
    assert type(refused(signed(incomplete))) is TokenInvalid


def test_token_that_lives_longer_than_five_minutes_cannot_be_made():
    with pytest.raises(ValidationError, match="longer than five minutes"):
        claims(lifetime=timedelta(seconds=301))


def test_unknown_key_is_refused():
    other = generate_key()
    assert type(refused(issue(claims(), other, thumbprint(other)))) is TokenInvalid
    assert type(refused(issue(claims(), other, KID))) is TokenInvalid
    assert type(refused(issue(claims(), KEY, KID), keys={})) is TokenInvalid


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none", "kid": KID, "typ": TYPE},
        {"alg": "eddsa", "kid": KID, "typ": TYPE},
        {"alg": "Ed25519", "kid": KID, "typ": TYPE},
        {"alg": ["EdDSA"], "kid": KID, "typ": TYPE},
        {"alg": "EdDSA", "kid": KID, "typ": "request+jwt"},
        {"alg": "EdDSA", "kid": KID, "typ": "JWT"},
        {"alg": "EdDSA", "kid": KID},
        {"alg": "EdDSA", "typ": TYPE},
        {"alg": "EdDSA", "kid": [KID], "typ": TYPE},
        {"alg": "EdDSA", "kid": {"a": 1}, "typ": TYPE},
        {"alg": "EdDSA", "kid": None, "typ": TYPE},
        {"alg": "EdDSA", "kid": KID, "typ": TYPE, "crit": ["exp"], "exp": 1},
        {"alg": "EdDSA", "kid": KID, "typ": TYPE, "b64": False},
        {"alg": "EdDSA", "kid": KID, "typ": TYPE, "jwk": {"kty": "OKP", "crv": "Ed25519", "x": public_key_text(KEY)}},
        {"alg": "EdDSA", "kid": KID, "typ": TYPE, "jku": "https://a.example/keys"},
        [],
        "EdDSA",
        {},
    ],
)
def test_other_header_is_refused_however_well_signed(header):
    assert type(refused(signed(payload(), header=header))) is TokenInvalid


def test_unsigned_token_is_refused():
    header = base64url(json.dumps({"alg": "none", "kid": KID, "typ": TYPE}).encode())
    content = base64url(json.dumps(payload()).encode())
    assert type(refused(f"{header}.{content}.")) is TokenInvalid
    assert type(refused(issue(claims(), KEY, KID).rpartition(".")[0] + ".")) is TokenInvalid


@pytest.mark.parametrize(
    "secret", [KEY.public_key().public_bytes_raw(), public_key_text(KEY).encode()], ids=["raw", "text"]
)
@pytest.mark.parametrize("alg", ["HS256", "EdDSA"])
def test_public_key_used_as_a_shared_secret_is_refused(secret, alg):
    header = base64url(json.dumps({"alg": alg, "kid": KID, "typ": TYPE}).encode())
    parts = f"{header}.{base64url(json.dumps(payload()).encode())}"
    forged = f"{parts}.{base64url(hmac.digest(secret, parts.encode(), hashlib.sha256))}"
    assert type(refused(forged)) is TokenInvalid


@given(st.data())
def test_tampered_token_is_refused(data):
    token = issue(claims(), KEY, KID)
    place = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.sampled_from("ABCabc019-_.="))
    tampered = token[:place] + letter + token[place + 1 :]
    last = len(token) - 1
    if tampered == token or (place == last and decoded(tampered) == decoded(token)):
        return
    assert type(refused(tampered)) is TokenInvalid


def decoded(token):
    try:
        return base64.urlsafe_b64decode(token.rpartition(".")[2] + "==")
    except ValueError:
        return None


def test_claims_of_another_token_under_its_signature_are_refused():
    header, _, signature = issue(claims(), KEY, KID).split(".")
    other = base64url(json.dumps(payload(study_instance_uid="1.2.4")).encode())
    assert type(refused(f"{header}.{other}.{signature}")) is TokenInvalid


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "...", "a.b.c", "é.é.é", "\x00.\x00.\x00", "\ud800", "A" * 4097, " " + issue(claims(), KEY, KID)],
)
def test_what_is_no_token_is_refused(token):
    assert type(refused(token)) is TokenInvalid


@pytest.mark.parametrize("content", [b"[" * 2900, b'{"a":' * 580, b"9" * 2900, b"\xff", b"null"])
def test_deep_or_damaged_json_in_header_or_claims_is_refused(content):
    assert type(refused(f"{base64url(content)}.e30.e30")) is TokenInvalid
    assert type(refused(signed(content))) is TokenInvalid


@given(st.text(max_size=200))
def test_any_text_is_refused_as_invalid(text):
    assert type(refused(text)) is TokenInvalid


def test_token_without_deidentification_says_nothing_of_it():
    plain = claims()
    assert plain.deidentification is None
    assert "deidentification" not in payload()


def test_token_carries_what_was_sealed():
    sealed = claims(deidentification="AAAA")
    assert payload(deidentification="AAAA")["deidentification"] == "AAAA"
    assert verify(issue(sealed, KEY, KID), KEYS, SERVER, NOW) == sealed


@pytest.mark.parametrize("text", ["", "a b", "a" * 2049, 7])
def test_token_with_an_unreadable_seal_is_refused(text):
    assert isinstance(refused(signed(payload(deidentification=text))), TokenInvalid)

"""A signed request proves itself once, for one body, method and path, within a minute."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from wire import routes, tokens
from wire.credentials import (
    TYPE,
    CredentialExpired,
    CredentialInvalid,
    CredentialMissing,
    CredentialRefused,
    claimed_issuer,
    generate_key,
    sign_request,
    thumbprint,
    verify_request,
)
from wire.keys import base64url

NOW = datetime(2026, 11, 20, 2, 44, 18, tzinfo=UTC)
SERVER = "6f1d3a52-7c1e-4b7a-9d43-0a8f2f6f7b10"
KEY = generate_key()
BODY = b'{"revision": 3}'


def credential(**changes):
    values = {
        "private_key": KEY,
        "issuer": SERVER,
        "method": "POST",
        "path": routes.STUDY_REPORTS,
        "body": BODY,
        "now": NOW,
    }
    return sign_request(**(values | changes))


def check(authorization, **changes):
    values = {
        "public_key": KEY.public_key(),
        "issuer": SERVER,
        "method": "POST",
        "path": routes.STUDY_REPORTS,
        "body": BODY,
        "now": NOW,
    }
    return verify_request(authorization, **(values | changes))


def refused(authorization, **changes):
    with pytest.raises(CredentialRefused) as refusal:
        check(authorization, **changes)
    return refusal.value


def test_signed_request_is_proven():
    claims = check(credential())
    assert claims.iss == SERVER
    assert (claims.htm, claims.htu) == ("POST", "/wire/v1/study-reports/")
    assert claims.expires_at == NOW + timedelta(seconds=60)


def test_each_credential_has_its_own_id():
    assert check(credential()).jti != check(credential()).jti


def test_issuer_is_read_before_anything_is_verified():
    assert claimed_issuer(credential()) == SERVER
    assert claimed_issuer(credential(private_key=generate_key(), issuer="someone")) == "someone"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"body": BODY + b" "}, "The credential is for another body."),
        ({"body": b""}, "The credential is for another body."),
        ({"path": routes.HEARTBEATS}, "The credential is for another method or path."),
        ({"path": "/wire/v1/study-reports"}, "The credential is for another method or path."),
        ({"method": "PUT"}, "The credential is for another method or path."),
        ({"method": "post"}, "The credential is for another method or path."),
        ({"issuer": "another"}, "The credential is of another server."),
        ({"public_key": generate_key().public_key()}, "The token is signed with an unknown key."),
        ({"now": NOW - timedelta(seconds=31)}, "The credential is not valid yet; compare the clocks."),
    ],
)
def test_credential_for_something_else_is_refused(changes, message):
    refusal = refused(credential(), **changes)
    assert type(refusal) is CredentialInvalid
    assert refusal.code == "credential_invalid"
    assert str(refusal) == message


def test_foreign_key_under_the_name_of_the_right_one_is_refused():
    other = generate_key()
    header = {"alg": "EdDSA", "kid": thumbprint(KEY), "typ": TYPE}
    content = credential().split(".")[1]
    parts = f"{base64url(json.dumps(header).encode())}.{content}"
    forged = f"Bearer {parts}.{base64url(other.sign(parts.encode()))}"
    assert type(refused(forged)) is CredentialInvalid


def test_credential_ends_after_its_minute():
    assert check(credential(), now=NOW + timedelta(seconds=59)).iss == SERVER
    refusal = refused(credential(), now=NOW + timedelta(seconds=60))
    assert type(refusal) is CredentialExpired
    assert refusal.code == "credential_expired"


def test_clock_that_is_somewhat_ahead_is_forgiven():
    assert check(credential(), now=NOW - timedelta(seconds=30)).iss == SERVER


@pytest.mark.parametrize("seconds", [61, 0, -1])
def test_credential_with_a_wrong_lifetime_cannot_be_made(seconds):
    with pytest.raises(ValidationError):
        credential(lifetime=timedelta(seconds=seconds))


@pytest.mark.parametrize("change", [{"exp": 61}, {"exp": 0}, {"admin": True}, {"htu": "wire"}, {"bdg": ""}])
def test_claims_that_no_request_has_are_refused_however_well_signed(change):
    claims = json.loads(check(credential()).model_dump_json()) | change
    if "exp" in change:
        claims["exp"] = claims["iat"] + change["exp"]
    header = {"alg": "EdDSA", "kid": thumbprint(KEY), "typ": TYPE}
    parts = f"{base64url(json.dumps(header).encode())}.{base64url(json.dumps(claims).encode())}"
    forged = f"Bearer {parts}.{base64url(KEY.sign(parts.encode()))}"
    assert type(refused(forged)) is CredentialInvalid
    with pytest.raises(CredentialInvalid):
        claimed_issuer(forged)


def test_viewer_token_is_no_credential():
    claims = tokens.new_claims(
        iss="portal", aud=SERVER, sub="a", sid="b", study_instance_uid="1.2", permissions=["view"], now=NOW
    )
    token = tokens.issue(claims, KEY, thumbprint(KEY))
    assert type(refused(f"Bearer {token}")) is CredentialInvalid


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Basic YTpi", "bearer x", "Token abc"])
def test_missing_credential_is_told_apart(authorization):
    refusal = refused(authorization)
    assert type(refusal) is CredentialMissing
    assert refusal.code == "credential_missing"
    with pytest.raises(CredentialMissing):
        claimed_issuer(authorization)


@pytest.mark.parametrize(
    "token",
    ["", "a.b.c", "A" * 4097, "\ud800", base64url(b"[" * 2900) + ".e30.e30", "e30." + base64url(b"[" * 2900) + ".e30"],
)
def test_damaged_credential_is_refused(token):
    assert type(refused(f"Bearer {token}")) is CredentialInvalid
    with pytest.raises(CredentialInvalid):
        claimed_issuer(f"Bearer {token}")


@given(st.text(max_size=200))
def test_any_text_is_refused(text):
    assert type(refused(f"Bearer {text}")) is CredentialInvalid


@given(body=st.binary(max_size=200), other=st.binary(max_size=200))
def test_digest_binds_the_body(body, other):
    authorization = credential(body=body)
    if other == body:
        assert check(authorization, body=other).iss == SERVER
    else:
        assert str(refused(authorization, body=other)) == "The credential is for another body."

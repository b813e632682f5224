"""The provider of demonstrations signs its accounts in by code and PKCE, and lets nothing else through."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
import requests
from mozilla_django_oidc.utils import generate_code_challenge

from tests.identity_provider import Account, IdentityProvider

RETURN_TO = "http://127.0.0.1:9/oidc/callback/"
VERIFIER = "v" * 64


@pytest.fixture(scope="module")
def provider() -> Iterator[IdentityProvider]:
    with IdentityProvider([RETURN_TO], post_logout_redirect_uris=["http://127.0.0.1:9/"]) as running:
        yield running


def authorization_url(provider: IdentityProvider, **changes: str | None) -> str:
    asked = {
        "client_id": provider.client_id,
        "response_type": "code",
        "scope": "openid national_id",
        "redirect_uri": RETURN_TO,
        "state": "s",
        "nonce": "n",
        "code_challenge": generate_code_challenge(VERIFIER, "S256"),
        "code_challenge_method": "S256",
    }
    chosen = {name: value for name, value in {**asked, **changes}.items() if value is not None}
    return f"{provider.issuer}/auth?{urlencode(chosen)}"


def exchange(provider: IdentityProvider, code: str, verifier: str = VERIFIER) -> requests.Response:
    return requests.post(
        f"{provider.issuer}/token",
        auth=(provider.client_id, provider.client_secret),
        data={
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": RETURN_TO,
            "code_verifier": verifier,
        },
        timeout=10,
    )


def answered(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def test_an_account_signs_in_and_its_claims_are_in_the_signed_token(provider: IdentityProvider) -> None:
    ana = provider.set_account("ana", idnp="2099031001475", given_name="Ana")
    back = answered(provider.sign_in(authorization_url(provider), ana))
    assert (back["state"], back["iss"]) == ("s", provider.issuer)
    token = exchange(provider, back["code"]).json()["id_token"]
    key = jwt.PyJWKClient(f"{provider.issuer}/jwks").get_signing_key_from_jwt(token)
    claims = jwt.decode(token, key, algorithms=["RS256"], audience=provider.client_id, issuer=provider.issuer)
    assert (claims["sub"], claims["nonce"], claims["idnp"]) == ("sub-of-ana", "n", "2099031001475")
    # Its scope was not asked for.
    assert "given_name" not in claims


def test_claims_may_change_while_it_runs(provider: IdentityProvider) -> None:
    for number in ("1", "2"):
        account = provider.set_account("ion", idnp=number)
        code = answered(provider.sign_in(authorization_url(provider), account))["code"]
        token = exchange(provider, code).json()["id_token"]
        assert jwt.decode(token, options={"verify_signature": False})["idnp"] == number


def test_a_code_is_good_once_and_with_its_verifier_only(provider: IdentityProvider) -> None:
    account = provider.set_account("ana")
    code = answered(provider.sign_in(authorization_url(provider), account))["code"]
    assert exchange(provider, code, "w" * 64).json()["error"] == "invalid_grant"
    code = answered(provider.sign_in(authorization_url(provider), account))["code"]
    assert exchange(provider, code).ok
    assert exchange(provider, code).json()["error"] == "invalid_grant"


def test_pkce_is_required(provider: IdentityProvider) -> None:
    account = provider.set_account("ana")
    back = provider.sign_in(authorization_url(provider, code_challenge=None, code_challenge_method=None), account)
    assert answered(back)["error"] == "invalid_request"


def test_a_wrong_password_and_a_wrong_address_lead_nowhere(provider: IdentityProvider) -> None:
    account = provider.set_account("ana")
    with pytest.raises(AssertionError, match="did not let ana in"):
        provider.sign_in(authorization_url(provider), Account("ana", account.sub, "wrong"))
    elsewhere = requests.get(authorization_url(provider, redirect_uri="http://127.0.0.1:10/"), timeout=10)
    assert elsewhere.status_code == 400
    assert "redirect_uri" in elsewhere.text


def test_its_pages_load_nothing_and_send_forms_only_to_where_people_return(provider: IdentityProvider) -> None:
    page = requests.get(authorization_url(provider), timeout=10)
    assert "Demo national identity provider" in page.text
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "form-action 'self' http://127.0.0.1:9;" in policy
    assert "<script" not in page.text


def test_two_providers_of_one_machine_use_cookies_of_their_own(provider: IdentityProvider) -> None:
    with IdentityProvider([RETURN_TO], algorithm="ES256", claims_in_id_token=False) as other:
        ana, ion = provider.set_account("ana", idnp="1"), other.set_account("ion", idnp="2")
        browser = requests.Session()
        for one, account, algorithm, claim in ((provider, ana, "RS256", "1"), (other, ion, "ES256", None)):
            back = answered(one.sign_in(authorization_url(one), account, session=browser))
            token = exchange(one, back["code"]).json()["id_token"]
            assert jwt.get_unverified_header(token)["alg"] == algorithm
            assert jwt.decode(token, options={"verify_signature": False}).get("idnp") == claim

"""Keys travel as text and come back the same."""

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from wire.keys import (
    InvalidKey,
    generate_key,
    generate_sealing_key,
    load_private_key,
    load_sealing_key,
    parse_public_key,
    parse_sealing_key,
    private_key_pem,
    public_key_text,
    sealing_key_text,
    thumbprint,
)


def test_public_key_comes_back_the_same():
    key = generate_key()
    text = public_key_text(key)
    assert len(text) == 43
    assert parse_public_key(text).public_bytes_raw() == key.public_key().public_bytes_raw()
    assert public_key_text(key.public_key()) == text


def test_private_key_comes_back_the_same():
    key = generate_key()
    assert load_private_key(private_key_pem(key)).private_bytes_raw() == key.private_bytes_raw()


def test_thumbprint_is_that_of_rfc_8037():
    # RFC 8037 A.1 to A.3
    raw = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    key = Ed25519PrivateKey.from_private_bytes(raw)
    assert public_key_text(key) == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    assert thumbprint(key) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


@pytest.mark.parametrize(
    "text", ["", "A", "A" * 42, "A" * 44, "é" * 43, "A" * 42 + "=", "A" * 42 + "+", "A" * 42 + "B"]
)
def test_malformed_public_key_is_refused(text):
    with pytest.raises(InvalidKey):
        parse_public_key(text)


def test_private_key_of_another_kind_is_refused():
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(InvalidKey, match=r"^The private key is not an Ed25519 key.$"):
        load_private_key(pem)


@pytest.mark.parametrize("pem", [b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_damaged_private_key_is_refused(pem):
    with pytest.raises(InvalidKey):
        load_private_key(pem)


def test_sealing_key_comes_back_the_same():
    key = generate_sealing_key()
    text = sealing_key_text(key)
    assert len(text) == 43
    assert sealing_key_text(parse_sealing_key(text)) == text
    assert load_sealing_key(private_key_pem(key)).private_bytes_raw() == key.private_bytes_raw()


def test_signing_key_is_no_sealing_key():
    with pytest.raises(InvalidKey, match=r"^The private key is not an X25519 key.$"):
        load_sealing_key(private_key_pem(generate_key()))
    with pytest.raises(InvalidKey, match=r"^The private key is not an Ed25519 key.$"):
        load_private_key(private_key_pem(generate_sealing_key()))

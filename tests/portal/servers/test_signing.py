"""The portal's signing key is made once, read by its owner alone, and never made in production."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from portal.servers import signing
from portal.servers.signing import SigningKeyUnusable, portal_key, portal_keys
from wire.keys import generate_key, parse_public_key, private_key_pem, public_key_text, thumbprint


@pytest.fixture(autouse=True)
def key_file(settings, tmp_path) -> Path:
    signing._read.cache_clear()
    settings.PORTAL_SIGNING_KEY_FILE = tmp_path / "portal" / "signing-key.pem"
    yield settings.PORTAL_SIGNING_KEY_FILE
    signing._read.cache_clear()


def test_a_missing_key_is_made_for_its_owner_alone(key_file: Path) -> None:
    key = portal_key()
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert key.kid == thumbprint(key.public_key)
    assert [path.name for path in key_file.parent.iterdir()] == ["signing-key.pem"]


def test_the_key_stays_the_same(key_file: Path) -> None:
    first = portal_key().kid
    signing._read.cache_clear()
    assert portal_key().kid == first


def test_processes_that_start_at_once_agree_on_one_key(key_file: Path) -> None:
    def read(_: int) -> str:
        return signing._read.__wrapped__(key_file).kid

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(read, range(8)))) == 1


def test_the_public_half_travels(key_file: Path) -> None:
    (public,) = portal_keys()
    assert public.kid == portal_key().kid
    assert public.public_key == public_key_text(portal_key().public_key)
    assert thumbprint(parse_public_key(public.public_key)) == public.kid


def test_production_makes_no_key(settings, key_file: Path) -> None:
    settings.PORTAL_MAKES_SIGNING_KEY = False
    with pytest.raises(SigningKeyUnusable, match="openssl genpkey"):
        portal_key()
    assert not key_file.exists()


def test_production_uses_the_key_that_is_there(settings, key_file: Path) -> None:
    settings.PORTAL_MAKES_SIGNING_KEY = False
    key = generate_key()
    key_file.parent.mkdir()
    key_file.write_bytes(private_key_pem(key))
    assert portal_key().kid == thumbprint(key)


def test_a_file_that_is_no_key_is_said_and_kept(key_file: Path) -> None:
    key_file.parent.mkdir()
    key_file.write_text("no key")
    with pytest.raises(SigningKeyUnusable):
        portal_key()
    assert key_file.read_text() == "no key"

"""The identity's files: damage is told, portal keys are replaced whole, a long-lived process notices."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dicomserver.identity import (
    Identity,
    IdentityBroken,
    IdentityReader,
    NotEnrolled,
    ensure_sealing_key,
    load_identity,
    replace_portal_keys,
)
from dicomserver.identity import files as files_module
from tests.dicomserver.portal_double import PortalDouble
from wire.heartbeats import PublicKey
from wire.keys import generate_key, private_key_pem, public_key_text, thumbprint


def new_key() -> PublicKey:
    key = generate_key()
    return PublicKey(kid=thumbprint(key), public_key=public_key_text(key))


def test_a_damaged_server_file_is_told(home: Path, enrolled: Identity) -> None:
    (home / "identity" / "server.json").write_text("{")
    with pytest.raises(IdentityBroken, match="damaged"):
        load_identity(home)


def test_a_key_that_was_not_enrolled_is_not_used(home: Path, enrolled: Identity) -> None:
    path = home / "identity" / "key.pem"
    path.write_bytes(private_key_pem(generate_key()))
    with pytest.raises(IdentityBroken, match="does not hold the key that was enrolled"):
        load_identity(home)


def test_portal_keys_are_replaced_by_exactly_the_new_ones(home: Path, enrolled: Identity) -> None:
    new = new_key()
    assert replace_portal_keys(home, [new]) is True
    assert list(load_identity(home).portal_keys) == [new.kid]
    assert replace_portal_keys(home, [new]) is False


def test_an_empty_set_of_portal_keys_changes_nothing(home: Path, enrolled: Identity, portal: PortalDouble) -> None:
    assert replace_portal_keys(home, []) is False
    assert list(load_identity(home).portal_keys) == [portal.kid]


def test_a_reader_notices_new_keys_within_a_second(
    home: Path, enrolled: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = IdentityReader(home)
    first = reader.current()
    assert reader.current() is first
    new = new_key()
    replace_portal_keys(home, [new])
    monkeypatch.setattr(files_module, "RELOAD_SECONDS", 0.0)
    assert list(reader.current().portal_keys) == [new.kid]


def test_a_reader_notices_an_enrolment(home: Path, portal: PortalDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files_module, "RELOAD_SECONDS", 0.0)
    reader = IdentityReader(home)
    with pytest.raises(NotEnrolled):
        reader.current()


def test_the_private_key_is_not_in_the_text_of_an_identity(enrolled: Identity) -> None:
    assert "private_key" not in repr(enrolled)


def test_sealing_key_is_made_once_and_read_by_its_owner_only(home: Path, enrolled: Identity) -> None:
    path = home / "identity" / "sealing.pem"
    assert path.stat().st_mode & 0o777 == 0o600
    assert enrolled.sealing_key is not None
    assert ensure_sealing_key(home).private_bytes_raw() == enrolled.sealing_key.private_bytes_raw()
    assert sorted(one.name for one in path.parent.iterdir()) == ["key.pem", "sealing.pem", "server.json"]


def test_many_that_make_a_sealing_key_at_once_agree(home: Path, enrolled: Identity) -> None:
    (home / "identity" / "sealing.pem").unlink()
    with ThreadPoolExecutor(8) as pool:
        made = {key.private_bytes_raw() for key in pool.map(lambda _: ensure_sealing_key(home), range(16))}
    assert len(made) == 1


@pytest.mark.parametrize("content", [b"", b"no key", private_key_pem(generate_key())])
def test_damaged_sealing_key_keeps_nobody_out_and_is_made_anew(home: Path, enrolled: Identity, content: bytes) -> None:
    (home / "identity" / "sealing.pem").write_bytes(content)
    assert load_identity(home).sealing_key is None
    made = ensure_sealing_key(home)
    now = load_identity(home).sealing_key
    assert now is not None
    assert now.private_bytes_raw() == made.private_bytes_raw()


def test_long_lived_process_notices_a_sealing_key(
    home: Path, enrolled: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files_module, "RELOAD_SECONDS", 0.0)
    (home / "identity" / "sealing.pem").unlink()
    reader = IdentityReader(home)
    assert reader.current().sealing_key is None
    ensure_sealing_key(home)
    assert reader.current().sealing_key is not None

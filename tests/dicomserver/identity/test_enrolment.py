"""Enrolment over real HTTP: the key, the files, the errors, a crash in between."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from dicomserver.identity import AlreadyEnrolled, EnrolmentFailed, Identity, NotEnrolled, enrol, load_identity
from dicomserver.identity import enrolment as enrolment_module
from tests.dicomserver.network import ENDPOINT
from tests.dicomserver.portal_double import CODE, PortalDouble, Reply
from wire import routes
from wire.keys import public_key_text


def enrol_here(home: Path, portal: PortalDouble, **changes: Any) -> Identity:
    values: dict[str, Any] = {"home": home, "portal_url": portal.url, "code": CODE, "endpoint": ENDPOINT}
    return enrol(**(values | changes))


def test_enrolment_makes_a_key_and_learns_who_the_server_is(home: Path, portal: PortalDouble) -> None:
    identity = enrol_here(home, portal)
    assert identity.server_id == portal.server_id
    assert (identity.institution_code, identity.institution_name) == ("A", "Hospital A")
    assert list(identity.portal_keys) == [portal.kid]
    sent = portal.enrolments[0]
    assert sent.public_key == public_key_text(identity.private_key)
    assert (sent.ae_title, sent.dicom_host, sent.dicom_port) == ("SERVER_A", "127.0.0.1", 11112)
    again = load_identity(home)
    assert public_key_text(again.private_key) == sent.public_key


def test_the_files_of_the_identity_are_their_owners_alone(home: Path, portal: PortalDouble) -> None:
    enrol_here(home, portal)
    folder = home / "identity"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {
        "key.pem": 0o600,
        "sealing.pem": 0o600,
        "server.json": 0o600,
    }
    assert "PRIVATE" not in (folder / "server.json").read_text()


def test_a_wrong_code_leaves_no_identity_and_says_what_to_do(home: Path, portal: PortalDouble) -> None:
    with pytest.raises(EnrolmentFailed, match="mistyped, used or has expired"):
        enrol_here(home, portal, code="WRONG-CODE")
    with pytest.raises(NotEnrolled, match="enrol this server first"):
        load_identity(home)


def test_an_unreachable_portal_leaves_the_code_unused(home: Path, portal: PortalDouble) -> None:
    portal.stop()
    with pytest.raises(EnrolmentFailed, match="the code is still good"):
        enrol_here(home, portal)
    assert not (home / "identity" / "server.json").exists()


def test_an_address_that_is_no_url_is_named(home: Path, portal: PortalDouble) -> None:
    with pytest.raises(EnrolmentFailed, match=r"'portal\.example' is no address of a portal"):
        enrol_here(home, portal, portal_url="portal.example")


def test_an_answer_that_is_none_is_told_as_such(home: Path, portal: PortalDouble) -> None:
    portal.replies[routes.ENROLMENTS] = [Reply(200, b"<html>")]
    with pytest.raises(EnrolmentFailed, match="makes no sense"):
        enrol_here(home, portal)


def test_enrolling_again_needs_force_and_changes_nothing_without(home: Path, portal: PortalDouble) -> None:
    enrol_here(home, portal)
    before = (home / "identity" / "server.json").read_bytes()
    with pytest.raises(AlreadyEnrolled, match="--force"):
        enrol_here(home, portal)
    assert (home / "identity" / "server.json").read_bytes() == before
    assert len(portal.enrolments) == 1


def test_enrolling_again_by_force_makes_a_new_key(home: Path, portal: PortalDouble) -> None:
    first = enrol_here(home, portal)
    second = enrol_here(home, portal, force=True)
    assert public_key_text(first.private_key) != public_key_text(second.private_key)


def test_a_refused_second_enrolment_keeps_the_first_identity(home: Path, portal: PortalDouble) -> None:
    first = enrol_here(home, portal)
    with pytest.raises(EnrolmentFailed):
        enrol_here(home, portal, force=True, code="WRONG-CODE")
    assert public_key_text(load_identity(home).private_key) == public_key_text(first.private_key)


def test_a_lost_answer_is_asked_for_again_with_the_same_key(home: Path, portal: PortalDouble) -> None:
    portal.replies[routes.ENROLMENTS] = [Reply(502, accept=True)]
    with pytest.raises(EnrolmentFailed):
        enrol_here(home, portal)
    enrol_here(home, portal)
    first, second = portal.enrolments
    assert first.public_key == second.public_key


def test_another_code_is_shown_with_another_key(home: Path, portal: PortalDouble) -> None:
    """The portal takes a key only once, and it may know the one whose answer was lost."""
    portal.replies[routes.ENROLMENTS] = [Reply(502, accept=True)]
    with pytest.raises(EnrolmentFailed):
        enrol_here(home, portal)
    with pytest.raises(EnrolmentFailed):
        enrol_here(home, portal, code="OTHER-CODE")
    enrol_here(home, portal)
    first, second = portal.enrolments
    assert first.public_key == second.public_key
    assert sorted(path.name for path in (home / "identity").iterdir()) == ["key.pem", "sealing.pem", "server.json"]


def test_a_crash_before_the_last_step_leaves_a_whole_identity(
    home: Path, portal: PortalDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(_home: Path, _code: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(enrolment_module, "finish_key", crash)
    with pytest.raises(KeyboardInterrupt):
        enrol_here(home, portal)
    sent = portal.enrolments[0]
    assert public_key_text(load_identity(home).private_key) == sent.public_key
    monkeypatch.undo()
    enrol_here(home, portal, force=True)
    assert sorted(path.name for path in (home / "identity").iterdir()) == ["key.pem", "sealing.pem", "server.json"]


def test_no_other_authorization_takes_the_place_of_the_signature(
    home: Path, portal: PortalDouble, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    enrol_here(home, portal)
    assert portal.refused == []


def test_settings_that_cannot_travel_are_named(home: Path, portal: PortalDouble) -> None:
    bad = ENDPOINT.__class__("SERVER_A", "not a url", "127.0.0.1", 11112, "0.1.0")
    with pytest.raises(EnrolmentFailed, match="check dicomweb_url"):
        enrol_here(home, portal, endpoint=bad)
    assert json.dumps([message.code for message in portal.enrolments]) == "[]"

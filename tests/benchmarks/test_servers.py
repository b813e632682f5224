"""Peers and senders that are not installed are told apart from those that are, in a sentence."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks.plans import RoundVoid
from benchmarks.portal import BenchmarkPortal
from benchmarks.senders import storescu
from benchmarks.servers import Orthanc, Storescp, peers
from wire import tokens
from wire.keys import thumbprint


def test_what_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "program", lambda name: None)
    monkeypatch.setattr(storescu, "program", lambda name: None)
    assert Orthanc.missing() == "Orthanc is not installed."
    assert Storescp.missing() == "dcmtk's storescp is not installed."
    assert storescu.missing() == "dcmtk's storescu is not installed."


def test_orthanc_without_its_plugin_cannot_take_part_by_dicomweb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "program", lambda name: f"/usr/sbin/{name}")
    monkeypatch.setattr(peers, "PLUGIN_FOLDERS", ("/nowhere",))
    assert Orthanc.missing() is None
    assert Orthanc.missing(dicomweb=True) == "Orthanc's DICOMweb plugin (libOrthancDicomWeb.so) is not installed."


def test_a_sender_that_is_not_answered_with_success_voids_the_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "storescu"
    script.write_text("#!/bin/sh\nexit 167\n")
    script.chmod(0o755)
    monkeypatch.setattr(storescu, "program", lambda name: str(script))
    with pytest.raises(RoundVoid, match="storescu ended with 167: "):
        storescu.send([tmp_path / "a.dcm"], 1, "SERVER")
    script.write_text('#!/bin/sh\nprintf "%s\\n" "$TCP_NODELAY" "$@" >> "$0.$$"\n')
    assert storescu.send([tmp_path / "a", tmp_path / "b"], 104, "SERVER", associations=2, nagle=True) > 0
    calls = sorted(path.read_text().split() for path in tmp_path.glob("storescu.*"))
    options = ["0", "-aet", "MODALITY", "-aec", "SERVER", "127.0.0.1", "104"]
    assert calls == [[*options, str(tmp_path / "a")], [*options, str(tmp_path / "b")]]


def test_the_portal_signs_tokens_that_its_server_believes() -> None:
    portal = BenchmarkPortal()
    try:
        keys = {thumbprint(portal.key): portal.key.public_key()}
        claims = tokens.verify(portal.viewer_token("1.2.3"), keys, str(portal.server_id), datetime.now(UTC))
    finally:
        portal.stop()
    assert (claims.study_instance_uid, claims.permissions) == ("1.2.3", ("view", "download"))

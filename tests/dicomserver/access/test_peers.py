"""Peers: machines that this server knows, made, changed and removed by commands, their tokens kept as digests alone."""

import hashlib
import re
import threading
import time
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from dicomserver.access import peers as peers_module
from dicomserver.access.models import Peer
from dicomserver.access.peers import (
    PeerError,
    PeerList,
    add_peer,
    archives,
    change_peer,
    destination,
    peer_by_name,
    peer_of_token,
    peers,
    remove_peer,
    removed_peer_of_token,
    watched,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Changes are seen at once: in a test's transaction nothing is ever committed."""
    monkeypatch.setattr(peers_module, "REFRESH_SECONDS", 0.0)


def command(name: str, *arguments: str) -> str:
    """What a command prints for a script to take."""
    out = StringIO()
    call_command(name, *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


@pytest.mark.parametrize("name", ["add_sender", "add_peer"])
def test_the_token_is_printed_once_and_kept_as_a_digest(name: str) -> None:
    printed = command(name, "gateway", "--ae-title", "GATEWAY", *(["--http"] if name == "add_peer" else []))
    assert re.fullmatch(r"stow_[A-Za-z0-9_-]{43}\n", printed)
    peer = Peer.objects.get()
    assert (peer.name, peer.ae_title, peer.services, peer.disabled_at) == ("gateway", "GATEWAY", ["store"], None)
    assert peer.token_sha256 == hashlib.sha256(printed.strip().encode()).hexdigest()
    assert printed.strip() not in str(Peer.objects.values().get())
    assert abs((timezone.now() - peer.created_at).total_seconds()) < 60


def test_each_peer_has_a_token_of_its_own_or_none() -> None:
    first, second = command("add_sender", "one").strip(), command("add_sender", "two").strip()
    assert command("add_peer", "three", "--ae-title", "THREE") == ""
    found = [peer_of_token(token) for token in (first, second, "stow_other", "", f"{first} ")]
    assert [one.name if one else None for one in found] == ["one", "two", None, None, None]


def test_everything_that_can_be_said_of_a_peer_is_kept(tmp_path: Path) -> None:
    certificate = tmp_path / "peer.der"
    certificate.write_bytes(b"\x30\x03\x02\x01\x05")
    command(
        *("add_peer", "pacs", "--ae-title", "PACS", "--called-ae-title", "SERVER_A", "--address", "10.1.2.3/24"),
        *("--address", "::1", "--certificate", str(certificate), "--services", "retrieve, query,query"),
        *("--host", "pacs.example", "--port", "4242", "--tls", "--archive", "--watch"),
    )
    peer = peer_by_name("pacs")
    assert peer is not None
    assert (peer.ae_title, peer.called_ae_title, peer.addresses) == ("PACS", "SERVER_A", ["10.1.2.0/24", "::1/128"])
    assert peer.certificate_sha256 == hashlib.sha256(b"\x30\x03\x02\x01\x05").hexdigest()
    assert (peer.services, peer.host, peer.port, peer.uses_tls) == (["query", "retrieve"], "pacs.example", 4242, True)
    assert (peer.is_archive, peer.is_watched, peer.token_sha256) == (True, True, None)
    assert [destination("PACS "), destination("OTHER")] == [peer, None]
    assert (archives(), watched(), peers()) == ([peer], [peer], [peer])


def test_a_change_leaves_the_rest_as_it_is() -> None:
    token = command("add_peer", "pacs", "--http", "--services", "store,query").strip()
    assert command("change_peer", "pacs", "--host", "pacs.example", "--ae-title", "PACS", "--address", "10.0.0.1") == ""
    peer = peer_of_token(token)
    assert peer is not None
    assert (peer.services, peer.addresses, peer.port) == (["store", "query"], ["10.0.0.1/32"], 104)
    again = command("change_peer", "pacs", "--services", "none", "--http").strip()
    changed = peer_by_name("pacs")
    assert changed is not None
    assert (changed.services, changed.host, peer_of_token(token), peer_of_token(again)) == (
        [],
        "pacs.example",
        None,
        changed,
    )
    command("change_peer", "pacs", "--no-http")
    assert peer_of_token(again) is None


@pytest.mark.parametrize("name", ["", " ", "-x", "x" * 65, "a\nb", "Gerät"])
def test_a_name_that_the_log_could_not_hold_is_refused(name: str) -> None:
    with pytest.raises(PeerError):
        add_peer(name)
    assert not Peer.objects.exists()


BAD_VALUES: list[dict[str, Any]] = [
    *({"ae_title": title} for title in ("x" * 17, " A", "A ", "A\\B", "Ä", "A\n")),
    {"ae_title": "A", "called_ae_title": "B\\"},
    {"addresses": ["10.0.0.256"]},
    {"addresses": ["10.0.0.0/33"]},
    {"addresses": ["pacs.example"]},
    {"addresses": [f"10.0.0.{number}" for number in range(65)]},
    {"services": ["everything"]},
    {"certificate_sha256": "abc"},
    {"ae_title": "A", "host": "-x"},
    {"ae_title": "A", "host": "a b"},
    {"ae_title": "A", "host": "h", "port": 0},
    {"ae_title": "A", "host": "h", "port": 65536},
    {"ae_title": "", "host": "h"},
    {"ae_title": "A", "is_archive": True},
    {"ae_title": "A", "is_watched": True},
]


@pytest.mark.parametrize("values", BAD_VALUES)
def test_what_cannot_be_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(PeerError):
        add_peer("peer", **values)
    assert not Peer.objects.exists()
    add_peer("peer")
    with pytest.raises(PeerError):
        change_peer("peer", **values)
    assert Peer.objects.values_list("ae_title", "addresses", "services", "host").get() == ("", [], [], "")


def test_a_file_that_is_no_certificate_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.pem").write_text("-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----\n")
    for file in ("absent.pem", "broken.pem"):
        with pytest.raises(CommandError, match="neither"):
            command("add_peer", "peer", "--ae-title", "A", "--certificate", str(tmp_path / file))


def test_a_token_does_not_open_the_door_of_dicom_to_whoever_knows_a_title() -> None:
    with pytest.raises(PeerError, match="anybody"):
        add_peer("archive", has_token=True, ae_title="ARCHIVE", services=["store", "query"])
    add_peer("archive", has_token=True, ae_title="ARCHIVE", services=["store", "query"], addresses=["10.0.0.1"])
    add_peer("by http", has_token=True, services=["query", "retrieve", "delete"])


def test_a_name_that_is_in_use_keeps_its_token() -> None:
    token = command("add_sender", "gateway").strip()
    with pytest.raises(CommandError, match="already"):
        command("add_sender", "gateway")
    found = peer_of_token(token)
    assert found is not None
    assert found.name == "gateway"


@pytest.mark.parametrize("name", ["remove_sender", "remove_peer"])
def test_a_removed_peer_is_known_as_removed_and_may_come_again(name: str) -> None:
    old = command("add_sender", "gateway", "--ae-title", "OLD").strip()
    command("change_peer", "gateway", "--host", "old.example")
    assert command(name, "gateway").startswith("A stranger within ")
    removed = removed_peer_of_token(old)
    assert (removed.name if removed else None, peer_of_token(old), peers()) == ("gateway", None, [])
    new = command("add_sender", "gateway", "--ae-title", "NEW").strip()
    again = peer_of_token(new)
    assert again is not None
    assert (again.name, again.ae_title, again.host, again.disabled_at) == ("gateway", "NEW", "", None)
    assert (peer_of_token(old), removed_peer_of_token(old), Peer.objects.count()) == (None, None, 1)


@pytest.mark.parametrize(
    "prepare", [lambda: None, lambda: (add_peer("gateway"), remove_peer("gateway"))], ids=["never", "no longer"]
)
def test_who_is_no_peer_can_neither_be_changed_nor_removed(prepare: Callable[[], object]) -> None:
    prepare()
    for arguments in (["remove_peer", "gateway"], ["change_peer", "gateway", "--archive"]):
        with pytest.raises(CommandError, match="There is no peer 'gateway'"):
            command(*arguments)


@pytest.mark.parametrize("name", ["list_senders", "list_peers"])
def test_the_list_names_peers_and_shows_no_token(name: str) -> None:
    tokens = [command("add_sender", "b").strip(), command("add_sender", "a", "--ae-title", "AE").strip()]
    add_peer("c", ae_title="C", host="c.example", port=11112, uses_tls=True, is_archive=True, services=["query"])
    remove_peer("b")
    lines = [line.split("\t") for line in command(name).splitlines()]
    assert [line[:9] for line in lines] == [
        ["a", "AE", "-", "-", "-", "token", "store", "-", "-"],
        ["b", "-", "-", "-", "-", "token", "store", "-", "-"],
        ["c", "C", "-", "-", "-", "-", "query", "dicom-tls://c.example:11112", "archive"],
    ]
    assert [line[10] == "-" for line in lines] == [True, False, True]
    assert lines[1][10].startswith(f"{timezone.now():%Y-%m-}")
    assert not any(token in str(lines) for token in tokens)


def test_the_list_says_from_which_peers_studies_are_got() -> None:
    command("add_peer", "north", "--ae-title", "NORTH", "--host", "north.example", "--archive", "--retrieve-by", "get")
    assert Peer.objects.get().retrieve_by == "get"
    assert command("list_peers").split("\t")[8] == "archive,retrieved by get"
    command("change_peer", "north", "--retrieve-by", "move")
    assert command("list_peers").split("\t")[8] == "archive"


def test_peers_are_known_from_memory_which_is_seconds_old_at_most(
    django_assert_num_queries: DjangoAssertNumQueries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers_module, "REFRESH_SECONDS", 0.2)
    token = add_peer("gateway", has_token=True).token
    assert token is not None
    known = PeerList()
    with django_assert_num_queries(1):
        assert known.of_token(token) is not None
        assert [known.of_token(f"stow_{number}") for number in range(50)] == [None] * 50
    remove_peer("gateway")
    time.sleep(0.25)
    found = known.of_token(token)
    assert found is not None
    assert found.disabled_at is not None


def test_while_the_database_is_away_callers_are_judged_by_what_was_known(monkeypatch: pytest.MonkeyPatch) -> None:
    add_peer("pacs", ae_title="PACS")
    known, never = PeerList(), PeerList()
    assert known.remembered() is not None

    def away(*_arguments: object) -> None:
        raise DatabaseError

    monkeypatch.setattr(Peer.objects, "order_by", away)
    remembered = known.remembered()
    assert remembered is not None
    assert [peer.name for peer in remembered] == ["pacs"]
    assert never.remembered() is None
    with pytest.raises(DatabaseError):
        known.of_token("stow_x")


def test_a_database_that_hangs_holds_nobody_up_who_asks_after_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers_module, "REFRESH_SECONDS", 0.05)
    begun, going_on = threading.Event(), threading.Event()

    def hang(*_arguments: object) -> None:
        begun.set()
        assert going_on.wait(20)
        raise DatabaseError

    known = PeerList()
    monkeypatch.setattr(Peer.objects, "order_by", hang)
    going_on.set()
    assert known.remembered() is None
    going_on.clear()
    begun.clear()
    time.sleep(0.06)
    waiting = threading.Thread(target=known.remembered)
    waiting.start()
    try:
        assert begun.wait(20)
        # It would not come back while the other one hangs.
        assert [known.remembered() for _ in range(20)] == [None] * 20
    finally:
        going_on.set()
        waiting.join()

"""Who may come in by DICOM and what it gets: by AE titles, address and certificate, alone and together."""

from typing import Any

import pytest
from pytest_django.fixtures import Settings

from dicomserver.access.callers import Caller, Refused, admission, services_of
from dicomserver.access.models import Peer
from dicomserver.access.peers import PeerList, add_peer, known_peers, remove_peer

pytestmark = pytest.mark.django_db

CERTIFICATE, OTHER_CERTIFICATE = "ab" * 32, "cd" * 32


def verdict(
    calling: str = "PACS",
    called: str = "SERVER_A",
    address: str = "10.0.0.1",
    certificate: str = "",
    *,
    allowed: tuple[str, ...] = (),
    own: str | None = "SERVER_A",
) -> set[str] | Refused:
    """What such a caller gets on a server of this title."""
    known_peers.forget()
    found = admission(
        Caller(calling, called, address, certificate), allowed_calling_ae_titles=allowed, own_ae_title=own
    )
    return found if isinstance(found, Refused) else set(found)


def test_a_stranger_stores_where_strangers_may_and_does_nothing_else() -> None:
    add_peer("pacs", ae_title="PACS", services=["query"])
    assert verdict("STRANGER") == {"store"}
    assert verdict("STRANGER", allowed=("STRANGER", "OTHER")) == {"store"}
    assert verdict("STRANGER", allowed=("OTHER",)) == Refused.CALLING
    assert verdict("STRANGER", called="WRONG") == Refused.CALLED
    assert verdict("STRANGER", called="WRONG", own=None) == {"store"}


def test_a_peer_gets_what_it_was_given_and_comes_in_where_strangers_do_not() -> None:
    add_peer("pacs", ae_title="PACS", services=["query", "retrieve"])
    assert verdict(allowed=("OTHER",)) == {"query", "retrieve"}
    assert verdict(called="WRONG") == Refused.CALLED
    add_peer("silent", ae_title="SILENT")
    assert verdict("SILENT") == set()


@pytest.mark.parametrize(
    ("values", "good", "bad"),
    [
        ({"addresses": ["10.0.0.0/30"]}, {"address": "10.0.0.3"}, {"address": "10.0.0.4"}),
        ({"addresses": ["10.0.0.1"]}, {"address": "::ffff:10.0.0.1"}, {"address": "::ffff:10.0.0.2"}),
        ({"addresses": ["fe80::/10"]}, {"address": "fe80::1%eth0"}, {"address": "2001:db8::1"}),
        ({"addresses": ["10.0.0.1"]}, {"address": "10.0.0.1"}, {"address": ""}),
        ({"addresses": ["10.0.0.1"]}, {"address": "10.0.0.1"}, {"address": "not an address"}),
        ({"certificate_sha256": CERTIFICATE}, {"certificate": CERTIFICATE}, {"certificate": OTHER_CERTIFICATE}),
        ({"certificate_sha256": CERTIFICATE}, {"certificate": CERTIFICATE}, {"certificate": ""}),
    ],
)
def test_who_takes_a_peers_title_but_comes_otherwise_is_refused(
    values: dict[str, Any], good: dict[str, str], bad: dict[str, str]
) -> None:
    add_peer("pacs", ae_title="PACS", services=["query"], **values)
    assert verdict(**good) == {"query"}
    assert verdict(**bad) == Refused.CALLING


def test_a_peer_may_have_to_call_this_server_by_a_title_of_its_own() -> None:
    add_peer("pacs", ae_title="PACS", called_ae_title="RESEARCH", services=["query"])
    assert verdict(called="RESEARCH") == {"query"}
    assert verdict(called="SERVER_A") == Refused.CALLING
    assert verdict("STRANGER", called="RESEARCH") == Refused.CALLED


def test_two_machines_with_one_title_are_told_apart_by_their_address() -> None:
    add_peer("one", ae_title="PACS", addresses=["10.0.0.1"], services=["query"])
    add_peer("two", ae_title="PACS", addresses=["10.0.0.2"], services=["store"])
    add_peer("both", ae_title="PACS", addresses=["10.0.0.0/24"], services=["worklist"])
    assert verdict(address="10.0.0.1") == {"query", "worklist"}
    assert verdict(address="10.0.0.2") == {"store", "worklist"}


def test_a_removed_peer_is_a_stranger_and_a_peer_by_http_alone_is_nobody_here() -> None:
    add_peer("pacs", ae_title="PACS", services=["query"])
    remove_peer("pacs")
    add_peer("by http", services=["query"], has_token=True)
    assert verdict() == {"store"}
    assert verdict("") == {"store"}
    assert verdict("", allowed=("OTHER",)) == Refused.CALLING


def test_who_may_be_a_peer_is_put_off_while_nobody_can_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PeerList, "remembered", lambda _: None)
    assert verdict(allowed=("OTHER",)) == Refused.UNKNOWN
    assert verdict() == {"store"}


def test_the_settings_say_who_strangers_are(settings: Settings) -> None:
    add_peer("pacs", ae_title="PACS", services=["query"])
    settings.DICOM_AE_TITLE, settings.ALLOWED_CALLING_AE_TITLES = "SERVER_A", ("MODALITY",)
    settings.ACCEPT_ANY_CALLED_AE_TITLE = False
    known_peers.forget()
    assert services_of("PACS", "SERVER_A", "10.0.0.1", "") == {"query"}
    assert services_of("MODALITY", "SERVER_A", "10.0.0.1", "") == {"store"}
    assert services_of("STRANGER", "SERVER_A", "10.0.0.1", "") == frozenset()
    assert Peer.objects.count() == 1

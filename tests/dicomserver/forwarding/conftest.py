"""Fixtures of forwarding: a server whose rules and peers are read anew for each test."""

from collections.abc import Iterator

import pytest

from tests.dicomserver.network import enrolled, portal, take_in

__all__ = ["enrolled", "portal", "take_in"]


@pytest.fixture(autouse=True)
def nothing_is_remembered() -> Iterator[None]:
    """Peers and rules of other tests are gone."""
    from dicomserver.access.peers import known_peers
    from dicomserver.forwarding.rules import known_rules

    known_peers.forget()
    known_rules.forget()
    yield
    known_peers.forget()
    known_rules.forget()

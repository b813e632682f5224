"""Fixtures of storage commitment: a server in its network, whose peers are read anew for each test."""

from collections.abc import Iterator

import pytest

from tests.dicomserver.network import enrolled, portal, take_in

__all__ = ["enrolled", "portal", "take_in"]


@pytest.fixture(autouse=True)
def nothing_is_remembered() -> Iterator[None]:
    """Peers of other tests are gone."""
    from dicomserver.access.peers import known_peers

    known_peers.forget()
    yield
    known_peers.forget()

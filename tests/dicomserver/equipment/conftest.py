"""Fixtures of watching over machines: peers are read anew for each test."""

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def nothing_is_remembered() -> Iterator[None]:
    """Peers of other tests are gone."""
    from dicomserver.access.peers import known_peers

    known_peers.forget()
    yield
    known_peers.forget()

"""Fixtures of finding elsewhere: a server in its network that knows no archive yet, and a person with a token."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from pytest_django.fixtures import Settings

from dicomserver.archive import Archive
from dicomserver.identity import Identity
from tests.dicomserver.network import enrolled, portal, take_in
from tests.dicomserver.portal_double import PortalDouble

if TYPE_CHECKING:
    from tests.dicomserver.elsewhere.desk import Desk

__all__ = ["enrolled", "portal", "take_in"]


@pytest.fixture(autouse=True)
def nothing_is_remembered(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Peers and refusals of other tests are gone, and archives have little time."""
    from dicomserver.access.peers import known_peers
    from dicomserver.access.refusals import RefusalRecorder
    from dicomserver.access.revocations import RevocationList
    from dicomserver.dicomweb import records
    from dicomserver.elsewhere import asking
    from tests.dicomserver.scu.machines import QUICK

    monkeypatch.setattr(records, "refusals", RefusalRecorder())
    monkeypatch.setattr(records, "revocations", RevocationList())
    monkeypatch.setattr(asking, "TIMEOUTS", QUICK)
    known_peers.forget()
    yield
    known_peers.forget()


@pytest.fixture
def desk(enrolled: Identity, portal: PortalDouble, transactional_db: None) -> "Iterator[Desk]":
    """A radiologist at the page."""
    from tests.dicomserver.elsewhere.desk import Desk

    desk = Desk(portal)
    yield desk
    desk.wait_for_threads()


@pytest.fixture
def committing(archive: Archive, transactional_db: None) -> Iterator[None]:
    """What this process takes in by itself is committed, and nobody holds the database when the test ends."""
    from dicomserver.ingest.committing import committer

    yield
    committer(archive).stop(10)

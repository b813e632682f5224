"""A reader of DICOMweb: a client with a token of the portal's, and the records of this test alone.

What needs Django is imported in the fixtures: a conftest is loaded before Django is set up.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from pytest_django.fixtures import Settings

from dicomserver.archive import Archive
from dicomserver.identity import Identity
from tests.dicomserver.network import enrolled, portal, take_in
from tests.dicomserver.portal_double import PortalDouble

if TYPE_CHECKING:
    from tests.dicomserver.dicomweb.reading import WebReader
    from tests.dicomserver.dicomweb.storing import WebSender

__all__ = ["enrolled", "portal", "take_in"]


@pytest.fixture(autouse=True)
def own_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this process notes is of one test."""
    from dicomserver.access.reads import ReadRecorder
    from dicomserver.access.refusals import RefusalRecorder
    from dicomserver.access.revocations import RevocationList
    from dicomserver.dicomweb import answer_memory, places, records

    monkeypatch.setattr(records, "reads", ReadRecorder())
    monkeypatch.setattr(records, "refusals", RefusalRecorder())
    monkeypatch.setattr(records, "revocations", RevocationList())
    monkeypatch.setattr(places, "memory", places.PlaceMemory())
    monkeypatch.setattr(answer_memory, "memory", answer_memory.AnswerMemory())


@pytest.fixture
def reader(archive: Archive, db: None, enrolled: Identity, portal: PortalDouble) -> "WebReader":
    """Reads with a fresh token for the study that it is asked for."""
    from django.test import Client

    from tests.dicomserver.dicomweb.reading import WebReader

    return WebReader(Client(), portal)


@pytest.fixture
def sender(archive: Archive, settings: Settings) -> Iterator["WebSender"]:
    """A machine that may store, with an AE title."""
    from django.test import Client

    from dicomserver.access.peers import add_peer
    from dicomserver.dicomweb.storing.archives import receiving_archive
    from dicomserver.ingest.committing import committer
    from tests.dicomserver.dicomweb.storing import WebSender

    settings.ARCHIVE_RESERVE_BYTES = 0
    token = add_peer("gateway", has_token=True, ae_title="GATEWAY", services=["store"]).token
    assert token is not None
    yield WebSender(Client(), token)
    receiving = receiving_archive()
    committer(receiving).stop(5)
    receiving.close_intake()

"""Fixtures for conftest files: a server in its network, with a portal double and instances taken in."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pytest
from pydicom.dataset import Dataset
from pytest_django.fixtures import Settings

from dicomserver.archive import Archive, FileMeta
from dicomserver.identity import Endpoint, Identity, enrol
from tests.dicomserver.objects import EXPLICIT, Sendable, sendable, sendable_file
from tests.dicomserver.portal_double import CODE, PortalDouble

if TYPE_CHECKING:
    # Needs Django, which is set up after a conftest is read.
    from dicomserver.index.models import Instance

TakeIn: TypeAlias = "Callable[..., Instance]"

ENDPOINT = Endpoint(
    ae_title="SERVER_A",
    dicomweb_url="http://127.0.0.1:8042/dicomweb",
    dicom_host="127.0.0.1",
    dicom_port=11112,
    version="0.1.0",
)


@pytest.fixture
def portal() -> Iterator[PortalDouble]:
    """A portal that listens."""
    double = PortalDouble()
    double.start()
    yield double
    double.stop()


@pytest.fixture
def enrolled(home: Path, portal: PortalDouble, settings: Settings) -> Identity:
    """This test's server is enrolled with this test's portal."""
    settings.PORTAL_URL = portal.url
    return enrol(home=home, portal_url=portal.url, code=CODE, endpoint=ENDPOINT)


@pytest.fixture
def take_in(archive: Archive) -> TakeIn:
    """Take an instance in, as any way in does; returns its row."""
    from dicomserver.index.models import Instance, Origin
    from dicomserver.ingest.outcomes import Source
    from dicomserver.ingest.services import ingest_instance

    def take(what: Dataset | Sendable | Path, transfer_syntax_uid: str = EXPLICIT) -> "Instance":
        if isinstance(what, Dataset):
            what = sendable(what, transfer_syntax_uid)
        if isinstance(what, Path):
            what = sendable_file(what)
        meta = FileMeta(what.sop_class_uid, what.sop_instance_uid, what.transfer_syntax_uid, "MODALITY", "SERVER_A")
        incoming = archive.receive(meta)
        incoming.write(what.data)
        ingested = ingest_instance(
            incoming=incoming, source=Source(Origin.C_STORE, "MODALITY", "SERVER_A", "127.0.0.1"), archive=archive
        )
        return Instance.objects.select_related("series__study").get(sop_instance_uid=ingested.sop_instance_uid)

    return take

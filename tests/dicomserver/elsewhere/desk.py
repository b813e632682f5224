"""A person who asks as the page does, and archives of all kinds for them to ask."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.test import Client
from pydicom.dataset import Dataset
from pynetdicom import build_context, evt

from dicomserver.access.peers import add_peer, known_peers
from dicomserver.outbox.models import Kind, OutboxMessage
from dicomserver.scu.finding import STUDY_ROOT_FIND
from dicomserver.scu.moving import STUDY_ROOT_MOVE
from tests.dicomserver.objects import CT, EXPLICIT, IMPLICIT
from tests.dicomserver.portal_double import PortalDouble
from tests.dicomserver.scu.machines import Machine, machine

SECONDS = 15


class Desk:
    """Asks with a fresh token of this person."""

    def __init__(self, portal: PortalDouble, sub: str = "elena") -> None:
        self._portal = portal
        self._client = Client()
        self.sub = sub

    def colleague(self, sub: str) -> "Desk":
        """Somebody else of the institution."""
        return Desk(self._portal, sub)

    def ask(self, method: str, path: str, body: Any = None, errand: str = "find_elsewhere") -> Any:
        """The answer to a request."""
        headers = {"Authorization": f"Bearer {self._portal.errand_token(errand, sub=self.sub)}"}
        kind = {"content_type": "application/json"} if body is not None else {}
        return getattr(self._client, method)(f"/elsewhere/{path}", body, headers=headers, **kind)

    def search(self, **words: Any) -> dict[str, Any]:
        """A search that has ended."""
        begun = self.ask("post", "searches", words)
        assert begun.status_code == 201, begun.content
        return self.ended(begun.json()["id"])

    def ended(self, search_id: str) -> dict[str, Any]:
        """The search once every archive has answered or failed."""
        found: dict[str, Any] = {}

        def is_over() -> bool:
            found.update(self.ask("get", f"searches/{search_id}").json())
            return not found["is_under_way"]

        until(is_over)
        return found

    def wait_for_threads(self) -> None:
        """Nothing is asked any more when the test's database goes."""
        for thread in threading.enumerate():
            if thread.name == "elsewhere":
                thread.join(SECONDS)


def until(is_so: Callable[[], bool]) -> None:
    """Wait for it."""
    deadline = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.05)


def told(kind: str) -> list[dict[str, Any]]:
    """What the audit is told of."""
    bodies = OutboxMessage.objects.filter(kind=Kind.ACCESS_EVENT).order_by("pk").values_list("body", flat=True)
    return [body for body in bodies if body and body["kind"] == kind]


def study(uid: str, name: str = "Popescu^Ion", charset: str = "ISO_IR 192", **values: Any) -> Dataset:
    """What an archive answers."""
    ds = Dataset()
    ds.SpecificCharacterSet = charset
    ds.StudyInstanceUID = uid
    ds.PatientName = name
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return ds


def known_as(name: str, place: Machine) -> None:
    """The server knows the archive."""
    add_peer(name, ae_title=place.ae_title, host=place.host, port=place.port, is_archive=True, services=["store"])
    known_peers.forget()


@contextmanager
def archive(name: str, *answers: Dataset | int, handle: Any = None, syntax: str = EXPLICIT) -> Iterator[list[Dataset]]:
    """An archive that finds these studies; an int is a status to end with. What it was asked for is returned."""
    asked: list[Dataset] = []

    def find(event: evt.Event) -> Any:
        asked.append(event.identifier)
        for one in answers:
            yield (one, None) if isinstance(one, int) else (0xFF00, one)

    handlers = [(evt.EVT_C_FIND, handle or find)]
    contexts = [(STUDY_ROOT_FIND, [syntax]), ("1.2.840.10008.1.1", [IMPLICIT])]
    with machine(*contexts, handlers=handlers) as place:
        known_as(name, place)
        yield asked


@contextmanager
def sending_archive(name: str, handle: Any, found: Dataset) -> Iterator[Machine]:
    """An archive that finds one study, and on C-MOVE does what `handle` does."""

    def find(_event: evt.Event) -> Any:
        yield 0xFF00, found

    contexts = [(STUDY_ROOT_FIND, [IMPLICIT]), (STUDY_ROOT_MOVE, [IMPLICIT])]
    handlers = [(evt.EVT_C_FIND, find), (evt.EVT_C_MOVE, handle)]
    stores = [build_context(CT, EXPLICIT)]
    with machine(*contexts, handlers=handlers, requested_contexts=stores) as place:
        known_as(name, place)
        yield place

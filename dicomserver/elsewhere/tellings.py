"""Tells the portal's audit who looked for whom where, and who had which study fetched from where."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.utils import timezone

from dicomserver.elsewhere.models import Retrieval
from dicomserver.elsewhere.words import Words
from dicomserver.identity import load_identity
from dicomserver.outbox.services import enqueue_access_event
from wire.events import AccessEvent, RemoteSearch
from wire.messages import MAX_INTEGER
from wire.text import SHORT_LENGTH, TEXT_LENGTH, clean


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks: of the token, and from which address."""

    sub: str
    session_id: str
    token_id: str
    remote_address: str


def tell_of_search(person: Person, words: Words, archives: Iterable[str]) -> None:
    """In the caller's transaction. Raises identity.IdentityError."""
    search = RemoteSearch(archives=tuple(archives), **words.model_dump())
    _tell(person, kind="elsewhere_searched", study_instance_uid=words.study_instance_uid, search=search)


def tell_of_retrieval(retrieval: Retrieval) -> None:
    """How a retrieval ended, in the caller's transaction. Raises identity.IdentityError."""
    _tell(
        Person(retrieval.sub, retrieval.session_id, retrieval.token_id, retrieval.remote_address),
        kind="study_fetched",
        study_instance_uid=retrieval.study_instance_uid,
        peer=clean(retrieval.archive, SHORT_LENGTH),
        instances=min(retrieval.arrived, MAX_INTEGER),
        reason=clean(retrieval.detail or retrieval.state, TEXT_LENGTH),
        occurred_at=retrieval.started_at or retrieval.created_at,
        ended_at=retrieval.ended_at,
    )


def _tell(person: Person, **changes: Any) -> None:
    values: dict[str, Any] = {
        "message_id": uuid4(),
        "server_id": load_identity(settings.DICOM_SERVER_HOME).server_id,
        "sub": person.sub,
        "session_id": person.session_id,
        "token_id": person.token_id,
        "occurred_at": timezone.now(),
        "ended_at": None,
        "instances": 0,
        "frames": 0,
        "sent_bytes": 0,
        "remote_address": clean(person.remote_address, SHORT_LENGTH),
        "reason": "",
    } | changes
    enqueue_access_event(AccessEvent(**values))

"""AccessEvent: what was read from a DICOM Server, sent, stored or deleted by it, or refused, for the portal's audit.

A portal that is older than a kind refuses the event, which then waits in the outbox, tried again each hour, until the
portal is updated; other messages pass it by. Events of the older kinds keep the shape that such a portal knows: what
is optional is left out where it was not given.
"""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from wire.messages import Count, LargeCount, Message, UtcDatetime
from wire.text import IdentifierText, NameText, ShortId, ShortText, Text
from wire.uids import Uid


class RemoteSearch(Message):
    """What a person looked for in which remote archives; what was not given is left out."""

    archives: Annotated[tuple[ShortText, ...], Field(min_length=1, max_length=100)]
    patient_name: Annotated[NameText, Field(exclude_if=lambda text: not text)] = ""
    patient_id: Annotated[IdentifierText, Field(exclude_if=lambda text: not text)] = ""
    accession_number: Annotated[ShortText, Field(exclude_if=lambda text: not text)] = ""
    study_instance_uid: Annotated[Uid | None, Field(exclude_if=lambda uid: uid is None)] = None
    study_date_from: Annotated[date | None, Field(exclude_if=lambda day: day is None)] = None
    study_date_to: Annotated[date | None, Field(exclude_if=lambda day: day is None)] = None
    modalities: Annotated[
        tuple[ShortText, ...], Field(max_length=100), Field(exclude_if=lambda modalities: not modalities)
    ] = ()


class AccessEvent(Message):
    """One study in one viewing session, with counts; one refused token, as far as it says who; or one transfer.

    `instances_sent`: `peer` is the machine that got them, and nobody's token is named. `instances_stored`: by the
    person of the token, or by `peer`, the operator of the server. `instances_deleted`: by the person of the token, or
    by `peer`, a machine or the operator of the server; `sent_bytes` counts their files, `reason` says why. `way` says
    how: "c_move", "c_get", "wado_rs", "wado_uri", "forwarding", "stow_rs", "dicomweb", "command" or another.
    `elsewhere_searched`: the person of the token looked for `search` in remote archives. `study_fetched`: the archive
    `peer` was asked for the study by that person; `instances` is how many came, `reason` how it ended.
    """

    message_id: UUID
    server_id: UUID
    kind: Literal[
        "pixels_read",
        "token_refused",
        "instances_sent",
        "instances_stored",
        "instances_deleted",
        "elsewhere_searched",
        "study_fetched",
    ]
    sub: ShortId | None
    session_id: ShortId | None
    token_id: ShortId | None
    study_instance_uid: Uid | None
    occurred_at: UtcDatetime
    ended_at: UtcDatetime | None
    instances: Count
    frames: Count
    sent_bytes: LargeCount
    remote_address: ShortText
    reason: Text
    peer: Annotated[ShortText | None, Field(exclude_if=lambda peer: peer is None)] = None
    way: Annotated[ShortText | None, Field(exclude_if=lambda way: way is None)] = None
    search: Annotated[RemoteSearch | None, Field(exclude_if=lambda search: search is None)] = None

"""Heartbeat: how a DICOM Server is; its answer brings the portal's keys and what is revoked."""

from typing import Annotated, Final
from uuid import UUID

from pydantic import Field

from wire.keys import PublicKeyText
from wire.messages import Answer, Count, LargeCount, Message, UtcDatetime
from wire.text import ShortId, Version
from wire.uids import Uid

MAX_PORTAL_KEYS: Final = 16
MAX_REVOCATIONS: Final = 10_000


class ArchiveState(Message):
    """The volume of the archive, and what is in it."""

    bytes_total: LargeCount
    bytes_free: LargeCount
    studies: Count
    instances: LargeCount


class OutboxState(Message):
    """The messages that wait for the portal."""

    waiting: Count
    oldest_waiting_since: UtcDatetime | None


class Heartbeat(Message):
    """The state of a server at `sent_at`; a later one replaces it."""

    message_id: UUID
    server_id: UUID
    sent_at: UtcDatetime
    version: Version
    started_at: UtcDatetime
    ae_title: ShortId
    archive: ArchiveState
    outbox: OutboxState
    last_received_at: UtcDatetime | None
    conflicts: Count
    quarantined: Count


class PublicKey(Answer):
    """A key with which the portal signs viewer tokens."""

    kid: ShortId
    public_key: PublicKeyText


class Revocation(Answer):
    """A token of `sub` issued until `revoked_at` opens this study no more; None is every study."""

    sub: ShortId
    study_instance_uid: Uid | None
    revoked_at: UtcDatetime


class HeartbeatAnswer(Answer):
    """What a server must know to decide alone until the next heartbeat."""

    received_at: UtcDatetime
    portal_keys: Annotated[tuple[PublicKey, ...], Field(max_length=MAX_PORTAL_KEYS)]
    revocations: Annotated[tuple[Revocation, ...], Field(max_length=MAX_REVOCATIONS)]

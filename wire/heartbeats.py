"""Heartbeat: how a DICOM Server is; its answer brings the portal's keys and what is revoked."""

from enum import StrEnum
from typing import Annotated, Final
from uuid import UUID

from pydantic import Field

from wire.keys import PublicKeyText
from wire.messages import Answer, Count, LargeCount, Message, UtcDatetime
from wire.text import ShortId, ShortText, Version
from wire.uids import Uid

MAX_PORTAL_KEYS: Final = 16
MAX_REVOCATIONS: Final = 10_000
MAX_TROUBLES: Final = 16
MAX_CERTIFICATES: Final = 16
MAX_EQUIPMENT: Final = 200
MAX_DESTINATIONS: Final = 100


class Trouble(StrEnum):
    """What keeps a server from storing what it receives, or from adding it to its index."""

    ARCHIVE_FULL = "archive_full"
    ARCHIVE_NO_INODES = "archive_no_inodes"
    ARCHIVE_READ_ONLY = "archive_read_only"
    ARCHIVE_NO_PERMISSION = "archive_no_permission"
    ARCHIVE_MISSING = "archive_missing"
    ARCHIVE_FAILING = "archive_failing"
    DATABASE_FULL = "database_full"
    DATABASE_READ_ONLY = "database_read_only"
    DATABASE_FAILING = "database_failing"
    INSTANCES_WAIT = "instances_wait"


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


class CertificateState(Message):
    """A certificate that the server depends on; `purpose` is a word such as dicom_tls, its own for DICOM by TLS."""

    purpose: ShortId
    subject: ShortText
    not_after: UtcDatetime


class DestinationState(Message):
    """One machine that instances are sent on to, and what waits for it.

    `oldest_waiting_since` leaves out what is parked, `oldest_uncommitted_since` is when the instance was sent whose
    storage commitment is awaited the longest, and of `not_kept` it last answered that it does not keep them.
    """

    name: ShortId
    waiting: Count
    parked: Count
    oldest_waiting_since: UtcDatetime | None
    unreachable_since: UtcDatetime | None
    uncommitted: Count
    oldest_uncommitted_since: UtcDatetime | None
    not_kept: Count


class ForwardingState(Message):
    """What waits to be sent on to other machines: `parked` of it is refused, `unreachable` machines take nothing."""

    waiting: Count
    parked: Count
    oldest_waiting_since: UtcDatetime | None
    uncommitted: Count
    unreachable: Count
    # Those that take nothing come first, then those with most to wait, where there are more.
    destinations: Annotated[tuple[DestinationState, ...], Field(max_length=MAX_DESTINATIONS)] = ()


class UntoldState(Message):
    """Requests for storage commitment whose result could not be told to the machine that asked."""

    waiting: Count
    oldest_waiting_since: UtcDatetime | None


class EquipmentState(Message):
    """A machine that the server asks regularly whether it is there; None where it never answered."""

    name: ShortId
    ae_title: ShortText
    reachable: bool
    checked_at: UtcDatetime
    answer_milliseconds: Count | None
    reachable_at: UtcDatetime | None
    unreachable_since: UtcDatetime | None


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
    troubles: Annotated[tuple[Trouble, ...], Field(max_length=MAX_TROUBLES)] = ()
    # The X25519 key with which the portal seals what a token tells this server alone.
    sealing_key: PublicKeyText | None = None
    # Those that end first, where there are more.
    certificates: Annotated[tuple[CertificateState, ...], Field(max_length=MAX_CERTIFICATES)] = ()
    # None where the server forwards nothing.
    forwarding: ForwardingState | None = None
    # Those that do not answer come first, where there are more.
    equipment: Annotated[tuple[EquipmentState, ...], Field(max_length=MAX_EQUIPMENT)] = ()
    # When the newest conflict, or file that could not be understood, was set aside; None: nothing is.
    last_set_aside_at: UtcDatetime | None = None
    untold_commitments: UntoldState | None = None


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
    # Up to which change there are orders for the server, so that it asks for those that it lacks; None: no orders here.
    orders_revision: LargeCount | None = None

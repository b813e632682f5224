"""AccessEvent: what was read from a DICOM Server, or refused by it, for the portal's audit."""

from typing import Literal
from uuid import UUID

from wire.messages import Count, LargeCount, Message, UtcDatetime
from wire.text import ShortId, ShortText, Text
from wire.uids import Uid


class AccessEvent(Message):
    """One study in one viewing session, with counts; or one refused token, as far as it says who."""

    message_id: UUID
    server_id: UUID
    kind: Literal["pixels_read", "token_refused"]
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

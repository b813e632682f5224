"""Tells the audit which instances a machine is sent: each study's row stands before the first byte of it leaves."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from uuid import uuid4

from dicomserver.access.reads import Reader, ReadRecorder
from dicomserver.access.services import close_session

# How far the rows lag behind what was sent; a process that dies leaves rows that say this much less.
FLUSH_SECONDS: Final = 5.0


class Transfer:
    """One retrieval, of any number of studies, by one machine."""

    def __init__(self, peer: str, way: str, address: str) -> None:
        self.session_id = str(uuid4())
        self._peer = peer
        self._way = way
        self._address = address
        self._reads = ReadRecorder()
        self._begun: set[str] = set()
        self._flushed_at = time.monotonic()

    def begin(self, study_instance_uid: str) -> None:
        """Note that instances of the study are about to be sent.

        Raises django.db.DatabaseError, and then nothing of it may be sent.
        """
        if study_instance_uid not in self._begun:
            self._reads.begin(self._reader(study_instance_uid), instance_pks=(), frames=0)
            self._begun.add(study_instance_uid)

    def sent(self, study_instance_uid: str, instance_pk: int, sent_bytes: int) -> None:
        """Note an instance that was sent, whatever became of it there. Raises django.db.DatabaseError."""
        reader = self._reader(study_instance_uid)
        self._reads.begin(reader, instance_pks=(instance_pk,), frames=0)
        self._reads.add_bytes(reader, sent_bytes)
        if time.monotonic() - self._flushed_at > FLUSH_SECONDS:
            self._flushed_at = time.monotonic()
            self._reads.flush()

    def end(self) -> None:
        """Write the counts and let the portal hear of them. Raises django.db.DatabaseError.

        What cannot be written now is told when the rows have been idle for a while.
        """
        self._reads.flush()
        close_session(self.session_id)

    def _reader(self, study_instance_uid: str) -> Reader:
        return Reader(self.session_id, self._peer, study_instance_uid, "", self._address, self._way)


@contextmanager
def transfer(*, peer: str, way: str, address: str) -> Iterator[Transfer]:
    """A retrieval by the machine called `peer`; `way` is one of wire.events. Raises django.db.DatabaseError."""
    record = Transfer(peer, way, address)
    try:
        yield record
    finally:
        record.end()

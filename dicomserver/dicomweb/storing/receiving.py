"""Receives one part: reads what stands in front of the data set, then lets the data set run into the archive."""

from collections.abc import Callable
from io import BytesIO
from typing import Final, Protocol

from dicomserver.archive import Archive, ArchiveError, ArchiveFull, FileMeta, IncomingFile
from dicomserver.archive.part10 import MAX_HEAD_BYTES, FileHead, NotPart10, read_file_head
from dicomserver.dicomweb.storing.identity import sop_instance_uid_at
from dicomserver.dicomweb.storing.multipart import Piece
from dicomserver.dicomweb.storing.results import (
    CANNOT_UNDERSTAND,
    OUT_OF_RESOURCES,
    SOP_CLASS_NOT_SUPPORTED,
    Failed,
)
from dicomserver.dicomweb.storing.sop_classes import is_known_not_to_be_stored
from wire.uids import InvalidUid, parse_uid

# Most file metas end before; where one does not, four times as much is looked at.
FIRST_LOOK_BYTES: Final = 4 * 1024
_GROWTH: Final = 4
_PREFIX_END: Final = 132
# Enough behind the file meta to see that it has ended.
_FIRST_ELEMENT_BYTES: Final = 8


class Receiver(Protocol):
    """Takes what parts hold once they are whole."""

    def take(self, incoming: IncomingFile, meta: FileMeta) -> None:
        """A DICOM file that was received in full."""

    def is_to_be_set_aside(self) -> bool:
        """Whether something else is received at all."""

    def set_aside(self, incoming: IncomingFile) -> None:
        """Something else that was received in full."""

    def fail(self, failed: Failed) -> None:
        """A part that was not received."""


class PartOfDicom:
    """The sink of one part that is announced as application/dicom.

    A part that fails is read to its end all the same: the ones behind it are others.
    """

    def __init__(
        self, archive: Archive, receiver: Receiver, *, origin: str, calling_ae_title: str, takes: Callable[[str], bool]
    ) -> None:
        """`takes` says of a SOP Class UID whether such instances may come from whoever sends."""
        self._archive = archive
        self._takes = takes
        self._receiver = receiver
        self._origin = origin
        self._calling_ae_title = calling_ae_title
        self._head = bytearray()
        self._look_at = FIRST_LOOK_BYTES
        self._meta: FileMeta | None = None
        self._incoming: IncomingFile | None = None
        self._failed: Failed | None = None

    def write(self, piece: Piece) -> None:
        """Take the next bytes."""
        view = memoryview(piece)
        while view and self._is_at_head:
            taken = view[: self._look_at - len(self._head)]
            self._head += taken
            view = view[len(taken) :]
            if len(self._head) == self._look_at:
                self._look_at_head(is_whole=False)
        if view:
            self._write(view)

    def finish(self) -> None:
        """The part is whole: hand it on."""
        if self._is_at_head:
            self._look_at_head(is_whole=True)
        incoming, self._incoming = self._incoming, None
        if incoming is None:
            self._receiver.fail(self._failed or Failed(CANNOT_UNDERSTAND))
        elif self._meta is None:
            self._receiver.set_aside(incoming)
        else:
            self._receiver.take(incoming, self._meta)

    def discard(self) -> None:
        """Leave nothing of it, but say so."""
        if self._is_at_head and (head := self._read_head(is_whole=True)):
            self._meta = head.meta
        self._give_up(CANNOT_UNDERSTAND)
        if self._failed is not None:
            self._receiver.fail(self._failed)

    @property
    def _is_at_head(self) -> bool:
        return self._incoming is None and self._failed is None

    def _look_at_head(self, *, is_whole: bool) -> None:
        """Open the file if the head is complete; otherwise wait for more, or give up."""
        head = self._read_head(is_whole=is_whole)
        is_hopeless = is_whole or len(self._head) >= MAX_HEAD_BYTES or not self._has_prefix()
        if head is None and not is_hopeless:
            self._look_at = min(self._look_at * _GROWTH, MAX_HEAD_BYTES)
            return
        if head is not None:
            syntax = head.meta.transfer_syntax_uid
            found = sop_instance_uid_at(bytes(self._head[head.data_set_offset :]), syntax)
            self._meta = self._meta_of(head.meta.sop_class_uid, found or head.meta.sop_instance_uid, syntax)
        if self._meta is not None and not self._is_to_be_stored(self._meta.sop_class_uid):
            self._give_up(SOP_CLASS_NOT_SUPPORTED)
        elif self._meta is not None or (self._head and self._receiver.is_to_be_set_aside()):
            # What is not DICOM is received as well, to be set aside.
            self._open(self._meta or self._meta_of("", "", ""), head.data_set_offset if head else 0)
        else:
            self._give_up(CANNOT_UNDERSTAND)

    def _is_to_be_stored(self, sop_class_uid: str) -> bool:
        return self._takes(sop_class_uid) and not is_known_not_to_be_stored(sop_class_uid)

    def _meta_of(self, sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str) -> FileMeta:
        """How the instance came here is known better than the file that was sent says."""
        return FileMeta(
            sop_class_uid=sop_class_uid,
            sop_instance_uid=sop_instance_uid,
            transfer_syntax_uid=transfer_syntax_uid,
            calling_ae_title=self._calling_ae_title,
            origin=self._origin,
        )

    def _read_head(self, *, is_whole: bool) -> FileHead | None:
        if not self._has_prefix():
            return None
        try:
            head = read_file_head(BytesIO(self._head))
        except NotPart10:
            return None
        is_complete = is_whole or head.data_set_offset + _FIRST_ELEMENT_BYTES <= len(self._head)
        return head if is_complete else None

    def _has_prefix(self) -> bool:
        return self._head[_PREFIX_END - 4 : _PREFIX_END] == b"DICM"

    def _open(self, meta: FileMeta, data_set_offset: int) -> None:
        try:
            self._incoming = self._archive.receive(meta)
        except ArchiveError as error:
            self._give_up(OUT_OF_RESOURCES, is_full=isinstance(error, ArchiveFull))
            return
        self._write(memoryview(self._head)[data_set_offset:])

    def _write(self, view: memoryview) -> None:
        if self._incoming is None:
            return
        try:
            self._incoming.write(view)
        except ArchiveError as error:
            self._give_up(OUT_OF_RESOURCES, is_full=isinstance(error, ArchiveFull))

    def _give_up(self, reason: int, *, is_full: bool = False) -> None:
        incoming, self._incoming = self._incoming, None
        if incoming is not None:
            incoming.discard()
        self._failed = self._failed or failure(reason, self._meta, is_full=is_full)


class UnknownPart:
    """The sink of a part that is announced as something that is not stored here."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    def write(self, piece: Piece) -> None:
        """Nothing of it is kept."""

    def finish(self) -> None:
        """Say so."""
        self._receiver.fail(Failed(CANNOT_UNDERSTAND))

    def discard(self) -> None:
        """The same as if it had come in full."""
        self.finish()


def failure(reason: int, meta: FileMeta | None, *, is_full: bool = False) -> Failed:
    """The result for a part whose file meta says who it is, as far as that can be repeated."""
    try:
        uids = (parse_uid(meta.sop_class_uid), parse_uid(meta.sop_instance_uid)) if meta else ("", "")
    except InvalidUid:
        uids = ("", "")
    return Failed(reason, *uids, is_full=is_full)

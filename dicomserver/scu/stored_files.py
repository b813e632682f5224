"""What is sent of an instance: the data set of its file as it stands there, or transcoded where it must be."""

from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, cast

from dicomserver.transcoding import TARGETS, CannotTranscode, can_transcode, transcoded_instance

# PS3.7 Annex C: what an instance has failed with that never reached the machine, or got no answer from it.
SOP_CLASS_NOT_SUPPORTED: Final = 0x0122
PROCESSING_FAILURE: Final = 0x0110
_WARNINGS: Final = frozenset({0x0001, 0x0107, 0x0116})


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What index and archive say of an instance; the data set ends with the file."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    path: Path
    data_set_offset: int


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of an instance: the machine's status, or one of ours with the reason in `text`."""

    sop_instance_uid: str
    status: int
    transcoded: bool = False
    sent_bytes: int = 0
    text: str = ""

    @property
    def is_stored(self) -> bool:
        """Whether the machine has it, with a warning or without."""
        return self.status == 0 or self.has_warning

    @property
    def has_warning(self) -> bool:
        """Whether the machine stored it and had something to remark (PS3.7 Annex C)."""
        return self.status >> 12 == 0xB or self.status in _WARNINGS


@dataclass(frozen=True, slots=True)
class Sendable:
    """A data set: the next `size` bytes of the file."""

    file: BinaryIO
    size: int
    transfer_syntax_uid: str


class NotSendable(Exception):
    """The instance cannot be sent to this machine; `status` is what it fails with."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status

    def sent(self, stored: StoredFile) -> Sent:
        """What became of the instance."""
        return Sent(stored.sop_instance_uid, self.status, text=str(self))


def not_supported(stored: StoredFile) -> Sent:
    """What becomes of an instance for which nothing was accepted."""
    text = "The machine takes no instances of this kind in a form that it can be given."
    return Sent(stored.sop_instance_uid, SOP_CLASS_NOT_SUPPORTED, text=text)


@contextmanager
def sendable(stored: StoredFile, accepted: Collection[str]) -> Iterator[Sendable]:
    """The instance in its own transfer syntax if that was accepted, else in one that loses nothing.

    Raises NotSendable.
    """
    with ExitStack() as stack:
        if stored.transfer_syntax_uid in accepted:
            yield _as_it_stands(stored, stack)
            return
        yield _transcoded(stored, accepted, stack)


def _as_it_stands(stored: StoredFile, stack: ExitStack) -> Sendable:
    try:
        file = stack.enter_context(stored.path.open("rb", buffering=0))
        size = file.seek(0, 2) - stored.data_set_offset
        file.seek(stored.data_set_offset)
    except OSError as error:
        raise NotSendable(PROCESSING_FAILURE, f"The file cannot be read: {error.strerror}.") from error
    return Sendable(cast("BinaryIO", file), size, stored.transfer_syntax_uid)


def _transcoded(stored: StoredFile, accepted: Collection[str], stack: ExitStack) -> Sendable:
    reason = not_supported(stored).text
    for target in TARGETS:
        if target not in accepted or not can_transcode(stored.transfer_syntax_uid, target):
            continue
        try:
            made = stack.enter_context(
                transcoded_instance(stored.path, stored.data_set_offset, stored.transfer_syntax_uid, target)
            )
        except CannotTranscode as error:
            reason = str(error)
        except OSError as error:
            raise NotSendable(PROCESSING_FAILURE, f"The file cannot be read: {error.strerror}.") from error
        else:
            made.file.seek(made.data_set_offset)
            return Sendable(cast("BinaryIO", made.file), made.size - made.data_set_offset, target)
    raise NotSendable(SOP_CLASS_NOT_SUPPORTED, reason)

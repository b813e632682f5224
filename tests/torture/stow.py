"""A STOW-RS client (PS3.18 10.5) that knows for each instance whether it was stored."""

import http.client
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pydicom.dataset import FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import UID

from tests.dicomserver.objects import Sendable
from tests.torture.storage_scu import Interrupted

SECONDS = 30.0
BOUNDARY = "between-two-instances"
REFERENCED_SOP_SEQUENCE, FAILED_SOP_SEQUENCE = "00081199", "00081198"
REFERENCED_SOP_INSTANCE_UID, FAILURE_REASON = "00081155", "00081197"


@dataclass(frozen=True)
class StowAnswer:
    """The status, the UIDs that were stored, and why others were not."""

    status: int
    retry_after: str | None = None
    stored: frozenset[str] = frozenset()
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def refusal(self) -> str:
        """Why the request as a whole was refused; one that may be sent again says when."""
        return f"HTTP {self.status}" + ("" if self.retry_after else " without Retry-After")


class StowClient:
    """Sends requests to one server, each on a connection of its own."""

    def __init__(self, port: int, token: str) -> None:
        self.port, self.token = port, token

    def store(self, instances: Sequence[Sendable]) -> StowAnswer:
        """Send the instances in one request. Raises storage_scu.Interrupted."""
        body = multipart_body(instances)
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": f'multipart/related; type="application/dicom"; boundary={BOUNDARY}',
            "Accept": "application/dicom+json",
        }
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        try:
            connection.request("POST", "/dicomweb/studies", body, headers)
            response = connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise Interrupted(f"{type(error).__name__}: {error}") from error
        finally:
            connection.close()
        return read_answer(response.status, response.getheader("Retry-After"), content)


def multipart_body(instances: Sequence[Sendable]) -> bytes:
    """The instances as Part-10 files, each a part."""
    pieces = []
    for what in instances:
        part = f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n"
        pieces += [part.encode(), file_head(what), what.data, b"\r\n"]
    return b"".join([*pieces, f"--{BOUNDARY}--\r\n".encode()])


def file_head(what: Sendable) -> bytes:
    """Preamble and file meta as a sender writes them (PS3.10 7.1)."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(what.sop_class_uid)
    meta.MediaStorageSOPInstanceUID = UID(what.sop_instance_uid)
    meta.TransferSyntaxUID = UID(what.transfer_syntax_uid)
    buffer = DicomBytesIO()
    write_file_meta_info(buffer, meta, enforce_standard=True)
    return bytes(128) + b"DICM" + buffer.getvalue()


def read_answer(status: int, retry_after: str | None, content: bytes) -> StowAnswer:
    """What the answer says of each instance (PS3.18 Table 10.5.3-2)."""
    if status not in {200, 202, 409}:
        return StowAnswer(status, retry_after)
    ds: dict[str, Any] = json.loads(content)
    stored = {_text(item, REFERENCED_SOP_INSTANCE_UID) for item in _sequence(ds, REFERENCED_SOP_SEQUENCE)}
    failed = {
        _text(item, REFERENCED_SOP_INSTANCE_UID): f"{int(_text(item, FAILURE_REASON)):#06x}"
        for item in _sequence(ds, FAILED_SOP_SEQUENCE)
    }
    return StowAnswer(status, retry_after, frozenset(stored), failed)


def _sequence(ds: dict[str, Any], tag: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = ds.get(tag, {}).get("Value", [])
    return items


def _text(item: dict[str, Any], tag: str) -> str:
    return str(item[tag]["Value"][0])

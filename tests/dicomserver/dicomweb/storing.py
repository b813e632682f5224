"""What tests of STOW-RS send: Part-10 files, multipart bodies, and a sender with its token."""

from collections.abc import Iterable
from typing import Any

from django.test import Client
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import UID

from tests.dicomserver.objects import Sendable, sendable

BOUNDARY = "a-boundary-of-36-characters-0123456789"
CONTENT_TYPE = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'


def part10(what: Sendable | Dataset, transfer_syntax_uid: str | None = None, *, padding: int = 0) -> bytes:
    """A file as other software writes it, its file meta by pydicom; `padding` bytes of private information in it."""
    if isinstance(what, Dataset):
        what = sendable(what, *([transfer_syntax_uid] if transfer_syntax_uid else []))
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\0\1"
    meta.MediaStorageSOPClassUID = UID(what.sop_class_uid)
    meta.MediaStorageSOPInstanceUID = UID(what.sop_instance_uid)
    meta.TransferSyntaxUID = UID(what.transfer_syntax_uid)
    meta.ImplementationClassUID = UID("1.2.3.4")
    meta.SourceApplicationEntityTitle = "ELSEWHERE"
    if padding:
        meta.PrivateInformationCreatorUID = UID("1.2.3.5")
        meta.PrivateInformation = bytes(padding)
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, False
    write_file_meta_info(buffer, meta)
    return bytes(128) + b"DICM" + buffer.getvalue() + what.data


def multipart(
    parts: Iterable[bytes], boundary: str = BOUNDARY, headers: str = "Content-Type: application/dicom"
) -> bytes:
    """A whole multipart/related body."""
    head = f"--{boundary}\r\n{headers}\r\n\r\n".encode()
    return b"".join(head + part + b"\r\n" for part in parts) + f"--{boundary}--\r\n".encode()


class WebSender:
    """A machine that stores, by Django's test client."""

    def __init__(self, client: Client, token: str | None) -> None:
        self.client = client
        self.token = token

    def store(self, *files: bytes, path: str = "/dicomweb/studies", **headers: str) -> Any:
        return self.post(multipart(files), path=path, **headers)

    def post(
        self, body: bytes, *, path: str = "/dicomweb/studies", content_type: str = CONTENT_TYPE, **headers: str
    ) -> Any:
        values = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token is not None:
            values["Authorization"] = f"Bearer {self.token}"
        return self.client.post(path, body, content_type=content_type, headers=values)


def failures(response: Any) -> list[tuple[str, str, int]]:
    """(SOP Class, SOP Instance, reason) of each failed instance of the response."""
    return [
        (item["00081150"]["Value"][0], item["00081155"]["Value"][0], item["00081197"]["Value"][0])
        for item in response.json().get("00081198", {}).get("Value", [])
    ]


def other_failures(response: Any) -> list[int]:
    """The reasons of those whose UIDs are not known."""
    return [item["00081197"]["Value"][0] for item in response.json().get("0008119A", {}).get("Value", [])]


def stored(response: Any) -> list[str]:
    """The SOP Instance UIDs of what was stored."""
    return [item["00081155"]["Value"][0] for item in response.json().get("00081199", {}).get("Value", [])]

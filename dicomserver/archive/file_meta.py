"""Preamble and file meta information (PS3.10 7.1), packed by hand: what stands in front of a data set as received."""

import struct
from dataclasses import dataclass
from typing import Final

PREAMBLE: Final = bytes(128) + b"DICM"

# Identifies the writer of the file (PS3.10 7.1); under pydicom-style 2.25 as no root is registered for the project.
IMPLEMENTATION_CLASS_UID: Final = "2.25.186466103458829731920046437113427384021"
IMPLEMENTATION_VERSION_NAME: Final = "DICOM_NETWORK_1"

# Says whose the private information of a file is (PS3.10 7.1); what it holds is a Receipt.
RECEIPT_CREATOR_UID: Final = "2.25.303925166208374610983920774153268409857"
_RECEIPT: Final = struct.Struct("<32sQ16s")
_LONG_VRS: Final = frozenset({b"OB"})


@dataclass(frozen=True, slots=True)
class FileMeta:
    """The values of the file meta information; AE titles and the way it came in may be empty."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    calling_ae_title: str = ""
    called_ae_title: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a file says of its data set since it was received in full: SHA-256 and length in bytes.

    It stands in the private information of the file meta. A file that was still being received has none.
    """

    data_set_sha256: bytes
    data_set_bytes: int


def encode_file_head(meta: FileMeta, receipt: Receipt | None = None) -> bytes:
    """Preamble, prefix and file meta; the data set follows at once. The same values give the same bytes."""
    elements = [
        _element(0x0001, b"OB", b"\x00\x01"),
        _element(0x0002, b"UI", _uid(meta.sop_class_uid)),
        _element(0x0003, b"UI", _uid(meta.sop_instance_uid)),
        _element(0x0010, b"UI", _uid(meta.transfer_syntax_uid)),
        _element(0x0012, b"UI", _uid(IMPLEMENTATION_CLASS_UID)),
        _element(0x0013, b"SH", _text(IMPLEMENTATION_VERSION_NAME)),
    ]
    # Who sent it to whom, so that the index can be rebuilt with it (PS3.10 Table 7.1-1).
    if meta.calling_ae_title:
        elements.append(_element(0x0017, b"AE", _text(meta.calling_ae_title)))
    if meta.called_ae_title:
        elements.append(_element(0x0018, b"AE", _text(meta.called_ae_title)))
    if receipt is not None:
        packed = _RECEIPT.pack(receipt.data_set_sha256, receipt.data_set_bytes, _ascii(meta.origin, 16))
        elements.append(_element(0x0100, b"UI", _uid(RECEIPT_CREATOR_UID)))
        elements.append(_element(0x0102, b"OB", packed))
    body = b"".join(elements)
    return PREAMBLE + _element(0x0000, b"UL", len(body).to_bytes(4, "little")) + body


def head_length(meta: FileMeta) -> int:
    """How long the head of a file with these values is, in bytes, whatever its data set."""
    return len(encode_file_head(meta, Receipt(bytes(32), 0)))


def decode_receipt(value: bytes) -> tuple[Receipt, str] | None:
    """The receipt and the way in, of the private information that this server wrote; None where it is not whole."""
    if len(value) != _RECEIPT.size:
        return None
    digest, size, origin = _RECEIPT.unpack(value)
    return Receipt(digest, size), origin.rstrip(b"\0").decode("ascii", "replace")


def _element(element: int, vr: bytes, value: bytes) -> bytes:
    tag = (0x0002).to_bytes(2, "little") + element.to_bytes(2, "little")
    if vr in _LONG_VRS:
        return tag + vr + b"\0\0" + len(value).to_bytes(4, "little") + value
    return tag + vr + len(value).to_bytes(2, "little") + value


def _uid(value: str) -> bytes:
    encoded = _ascii(value, 64)
    return encoded + b"\0" * (len(encoded) % 2)


def _text(value: str) -> bytes:
    encoded = _ascii(value, 16)
    return encoded + b" " * (len(encoded) % 2)


def _ascii(value: str, limit: int) -> bytes:
    """What a peer claims may be anything; in the file meta it is printable ASCII of the VR's length."""
    value = value[:limit]
    if not (value.isascii() and value.isprintable()):
        value = "".join(character if " " <= character <= "~" else "?" for character in value)
    return value.encode("ascii")

"""Makes Part-10 files of DICOM JSON and its bulk data (PS3.18 F.2, 10.5.2), so that they go the way of all others."""

import base64
import json
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

from dicomserver.archive.file_meta import FileMeta, encode_file_head
from dicomserver.dicomweb.media import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    OCTET_STREAM,
    is_transfer_syntax_of,
    usual_transfer_syntax_of,
)
from dicomserver.dicomweb.storing.json_body import BulkPart, JsonBody
from dicomserver.transcoding.syntaxes import NATIVE
from wire.uids import InvalidUid, parse_uid

MAX_DEPTH: Final = 32
# Values within sequences are put together in memory.
MAX_NESTED_BYTES: Final = 16 * 1024 * 1024
PIXEL_DATA: Final = "7FE00010"
_BINARY_VRS: Final = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_LONG_VRS: Final = _BINARY_VRS | {"UC", "UR", "UT", "SV", "UV"}
_SHORT_LENGTH: Final = 0xFFFE
_MAX_LENGTH: Final = 0xFFFFFFFE
_ITEM: Final = struct.Struct("<HHL")
_LEFT_OUT_GROUPS: Final = frozenset({"0000", "0002", "FFFC", "FFFE"})
_UNICODE: Final = "ISO_IR 192"

Object = dict[str, Any]


class NotAnInstance(ValueError):
    """The JSON object makes no instance; the message says why, without a value of it."""

    def __init__(self, message: str, sop_class_uid: str = "", sop_instance_uid: str = "") -> None:
        super().__init__(message)
        self.sop_class_uid = sop_class_uid
        self.sop_instance_uid = sop_instance_uid


@dataclass(frozen=True, slots=True)
class _Value:
    """A bulky value of the data set itself, and the parts of the request that it is made of."""

    tag: str
    vr: str
    parts: list[BulkPart]


def objects_of(metadata: Iterable[bytes | bytearray]) -> list[Object]:
    """The JSON objects of metadata parts, each an object or an array of them. Raises NotAnInstance."""
    found: list[Object] = []
    for text in metadata:
        try:
            content = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise NotAnInstance("The metadata is no JSON.") from error
        found += content if isinstance(content, list) else [content]
    return found


def part10_of(json_object: Object, body: JsonBody) -> Iterator[bytes]:
    """The instance as a Part-10 file, piece by piece. Raises NotAnInstance before there is a piece."""
    if not isinstance(json_object, dict):
        raise NotAnInstance("The metadata holds something that is no data set.")
    class_uid, instance_uid = _uid(json_object, "00080016"), _uid(json_object, "00080018")
    try:
        for tag in ("0020000D", "0020000E"):
            _uid(json_object, tag, is_needed=True)
        elements, values = _split(json_object, body)
        syntax = _transfer_syntax(json_object, values)
        encoded = _encoded(elements, values, syntax, body)
    except NotAnInstance as error:
        raise NotAnInstance(str(error), class_uid, instance_uid) from error
    except Exception as error:  # pydicom answers broken values with errors of many types
        raise NotAnInstance(
            f"A value cannot be understood: {type(error).__name__}.", class_uid, instance_uid
        ) from error
    return chain([encode_file_head(FileMeta(class_uid, instance_uid, syntax))], encoded)


def _split(json_object: Object, body: JsonBody) -> tuple[Object, list[_Value]]:
    """The elements that the object holds itself, and those that lie in other parts of the request."""
    elements: Object = {}
    values: list[_Value] = []
    for tag, element in json_object.items():
        if not _is_tag(tag) or not isinstance(element, dict):
            raise NotAnInstance("The metadata holds something that is no element.")
        if tag[:4] in _LEFT_OUT_GROUPS or tag.endswith("0000"):
            continue
        if "BulkDataURI" not in element:
            elements[tag] = _resolved(element, body, MAX_DEPTH)
        else:
            values.append(_Value(tag, _vr_of(element), _parts(element, body)))
    return elements, sorted(values, key=lambda value: value.tag)


def _resolved(element: Object, body: JsonBody, depth: int) -> Object:
    """The element with what its items refer to in it."""
    if "InlineBinary" in element:
        # Else what is no base64 would be passed over.
        base64.b64decode(element["InlineBinary"], validate=True)
    if element.get("vr") != "SQ" or "Value" not in element:
        return element
    if not depth:
        raise NotAnInstance("The sequences lie too deep in each other.")
    items = []
    for item in element["Value"]:
        if not isinstance(item, dict | None):
            raise NotAnInstance("A sequence holds something that is no item.")
        found = {}
        for tag, inner in (item or {}).items():
            if not _is_tag(tag) or not isinstance(inner, dict):
                raise NotAnInstance("An item holds something that is no element.")
            found[tag] = _inline(inner, body) if "BulkDataURI" in inner else _resolved(inner, body, depth - 1)
        items.append(found)
    return element | {"Value": items}


def _inline(element: Object, body: JsonBody) -> Object:
    parts = _parts(element, body)
    if _vr_of(element) not in _BINARY_VRS or sum(part.length for part in parts) > MAX_NESTED_BYTES:
        raise NotAnInstance("A value within a sequence is too large, or not binary.")
    content = b"".join(chain.from_iterable(body.pieces(part) for part in parts))
    return {"vr": element["vr"], "InlineBinary": base64.b64encode(content).decode()}


def _parts(element: Object, body: JsonBody) -> list[BulkPart]:
    address = element["BulkDataURI"]
    parts = body.named(address) if isinstance(address, str) else []
    if not parts:
        raise NotAnInstance("A BulkDataURI names something that is no part of this request.")
    return parts


def _vr_of(element: Object) -> str:
    vr = element.get("vr")
    if not isinstance(vr, str) or len(vr) != 2 or not (vr.isascii() and vr.isupper()) or vr == "SQ":
        raise NotAnInstance("A value by reference has no VR that can be written.")
    return vr


def _transfer_syntax(json_object: Object, values: list[_Value]) -> str:
    """The one in which the pixel data came; everything else is written as explicit little endian."""
    pixels = next((value for value in values if value.tag == PIXEL_DATA), None)
    if pixels is None:
        return EXPLICIT_VR_LITTLE_ENDIAN
    found = {_syntax_of(part, json_object) for part in pixels.parts}
    if len(found) != 1:
        raise NotAnInstance("The pixel data comes in several transfer syntaxes.")
    return found.pop()


def _syntax_of(part: BulkPart, json_object: Object) -> str:
    named = part.transfer_syntax_uid or _text(json_object, "00020010") or _text(json_object, "00083002")
    if part.media_type == OCTET_STREAM and (part.transfer_syntax_uid or EXPLICIT_VR_LITTLE_ENDIAN) in NATIVE:
        if part.transfer_syntax_uid not in {"", EXPLICIT_VR_LITTLE_ENDIAN}:
            raise NotAnInstance("Uncompressed pixel data comes as explicit little endian.")
        return EXPLICIT_VR_LITTLE_ENDIAN
    if is_transfer_syntax_of(named, part.media_type):
        return named
    usual = usual_transfer_syntax_of(part.media_type)
    if part.transfer_syntax_uid or not usual:
        raise NotAnInstance("The pixel data's media type and transfer syntax do not go together.")
    return usual


def _encoded(elements: Object, values: list[_Value], syntax: str, body: JsonBody) -> Iterator[bytes]:
    """The data set's bytes; all but the bulk data is encoded when this returns."""
    ds = Dataset.from_json(elements)
    if not json.dumps(elements, ensure_ascii=False).isascii() or "SpecificCharacterSet" in ds:
        ds.SpecificCharacterSet = _UNICODE
    pieces: list[Iterable[bytes]] = []
    start = 0
    for value in values:
        tag = int(value.tag, 16)
        pieces.append([_written(ds, start, tag)])
        is_compressed = value.tag == PIXEL_DATA and syntax not in NATIVE
        frames = ds.get("NumberOfFrames") or 1
        pieces.append(_encapsulated(value, int(frames), body) if is_compressed else _plain(value, body))
        start = tag + 1
    pieces.append([_written(ds, start, 0x1_0000_0000)])
    return chain.from_iterable(pieces)


def _written(ds: Dataset, start: int, end: int) -> bytes:
    """The elements from `start` on that come before `end`."""
    run = Dataset({tag: element for tag, element in ds.items() if start <= int(tag) < end})
    buffer = DicomBytesIO()
    buffer.is_implicit_VR, buffer.is_little_endian = False, True
    write_dataset(buffer, run, parent_encoding=_UNICODE)
    return buffer.getvalue()


def _plain(value: _Value, body: JsonBody) -> Iterator[bytes]:
    length = sum(part.length for part in value.parts)
    odd = length % 2
    return chain(
        [_element_head(value, length + odd)],
        chain.from_iterable(body.pieces(part) for part in value.parts),
        [b"\0" * odd],
    )


def _element_head(value: _Value, length: int) -> bytes:
    group, element, vr = int(value.tag[:4], 16), int(value.tag[4:], 16), value.vr
    if vr not in _LONG_VRS:
        # Too long for the VR's own form (PS3.5 6.2.2): then it is UN.
        vr = vr if length <= _SHORT_LENGTH else "UN"
    if vr not in _LONG_VRS:
        return struct.pack("<HH2sH", group, element, vr.encode(), length)
    if length > _MAX_LENGTH:
        raise NotAnInstance("A value is longer than DICOM can say.")
    return struct.pack("<HH2s2xL", group, element, vr.encode(), length)


def _encapsulated(value: _Value, frames: int, body: JsonBody) -> Iterator[bytes]:
    """PS3.5 A.4: an empty offset table, then each part, which is a frame or a whole video, as one fragment."""
    is_video = all(part.media_type.startswith("video/") for part in value.parts)
    if len(value.parts) != (1 if is_video else frames):
        raise NotAnInstance("There is not one part for each frame of the pixel data.")
    head = struct.pack("<HH2s2xL", 0x7FE0, 0x0010, b"OB", 0xFFFFFFFF) + _ITEM.pack(0xFFFE, 0xE000, 0)
    return chain(
        [head],
        chain.from_iterable(_fragment(part, body) for part in value.parts),
        [_ITEM.pack(0xFFFE, 0xE0DD, 0)],
    )


def _fragment(part: BulkPart, body: JsonBody) -> Iterator[bytes]:
    odd = part.length % 2
    return chain([_ITEM.pack(0xFFFE, 0xE000, part.length + odd)], body.pieces(part), [b"\0" * odd])


def _uid(json_object: Object, tag: str, *, is_needed: bool = False) -> str:
    """The UID; empty where there is none. Raises NotAnInstance where one is needed."""
    try:
        return parse_uid(_text(json_object, tag))
    except InvalidUid as error:
        if is_needed:
            raise NotAnInstance("The metadata lacks a UID of study, series or instance.") from error
        return ""


def _text(json_object: Object, tag: str) -> str:
    element = json_object.get(tag)
    values = element.get("Value") if isinstance(element, dict) else None
    first = values[0] if isinstance(values, list) and values else ""
    return first if isinstance(first, str) else ""


def _is_tag(text: str) -> bool:
    return len(text) == 8 and all(character in "0123456789ABCDEF" for character in text)

"""What a client accepts (RFC 9110 12.5.1, PS3.18 8.7.5), and what frames are called on the wire (PS3.18 8.7.3)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from django.http import HttpRequest

from dicomserver.dicomweb.problems import not_acceptable
from dicomserver.transcoding.syntaxes import NATIVE

OCTET_STREAM: Final = "application/octet-stream"
DICOM: Final = "application/dicom"
DICOM_JSON: Final = "application/dicom+json"
DICOM_XML: Final = "application/dicom+xml"
MULTIPART: Final = "multipart/related"
EXPLICIT_VR_LITTLE_ENDIAN: Final = "1.2.840.10008.1.2.1"
MAX_ACCEPT_LENGTH: Final = 4096

# PS3.18 Table 8.7.3-5 and the names that clients know from its earlier editions; the first is what we say.
_MEDIA_TYPES: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("1.2.840.10008.1.2.5", ("image/x-dicom-rle", "image/dicom-rle")),
    ("1.2.840.10008.1.2.8.1", ("application/x-deflate",)),
    ("1.2.840.10008.1.2.4.70", ("image/jpeg", "image/jll")),
    ("1.2.840.10008.1.2.4.80", ("image/jls", "image/x-jls")),
    ("1.2.840.10008.1.2.4.81", ("image/jls", "image/x-jls")),
    ("1.2.840.10008.1.2.4.90", ("image/jp2",)),
    ("1.2.840.10008.1.2.4.91", ("image/jp2",)),
    ("1.2.840.10008.1.2.4.92", ("image/jpx",)),
    ("1.2.840.10008.1.2.4.93", ("image/jpx",)),
    ("1.2.840.10008.1.2.4.110", ("image/jxl",)),
    ("1.2.840.10008.1.2.4.111", ("image/jxl",)),
    ("1.2.840.10008.1.2.4.112", ("image/jxl",)),
    ("1.2.840.10008.1.2.4.201", ("image/jphc",)),
    ("1.2.840.10008.1.2.4.202", ("image/jphc",)),
    ("1.2.840.10008.1.2.4.203", ("image/jphc",)),
)
_BY_SYNTAX: Final = dict(_MEDIA_TYPES)
# PS3.5 A.4.5 to A.4.10; the names are those of PS3.18 Table 8.7.3-5.
VIDEO_TYPES: Final = {
    **{f"1.2.840.10008.1.2.4.{number}": "video/mpeg" for number in ("100", "100.1", "101", "101.1")},
    **{f"1.2.840.10008.1.2.4.{number}": "video/mp4" for number in range(102, 107)},
    **{f"1.2.840.10008.1.2.4.{number}.1": "video/mp4" for number in range(102, 107)},
    **{f"1.2.840.10008.1.2.4.{number}": "video/H265" for number in (107, 108)},
}
# PS3.18 Table 8.7.3-5: what a media type means that is sent without a transfer syntax.
_USUAL_SYNTAXES: Final = {
    "image/jpeg": "1.2.840.10008.1.2.4.70",
    "image/dicom-rle": "1.2.840.10008.1.2.5",
    "image/x-dicom-rle": "1.2.840.10008.1.2.5",
    "image/jls": "1.2.840.10008.1.2.4.80",
    "image/x-jls": "1.2.840.10008.1.2.4.80",
    "image/jp2": "1.2.840.10008.1.2.4.90",
    "image/jpx": "1.2.840.10008.1.2.4.92",
    "image/jphc": "1.2.840.10008.1.2.4.201",
    "image/jxl": "1.2.840.10008.1.2.4.110",
    "video/mpeg": "1.2.840.10008.1.2.4.100",
    "video/mpeg2": "1.2.840.10008.1.2.4.100",
    "video/mp4": "1.2.840.10008.1.2.4.102",
}
# The retired JPEG processes too are JPEG.
_JPEG: Final = re.compile(r"1\.2\.840\.10008\.1\.2\.4\.(5[0-9]|6[0-6])")

_PARAMETER: Final = re.compile(r';\s*([!#$%&\'*+.^_`|~0-9A-Za-z-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;,"\s]*)\s*')
_RANGE: Final = re.compile(r"\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+/[!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*")


@dataclass(frozen=True, slots=True)
class Accepted:
    """One media range of an Accept header; names in lower case."""

    media_type: str
    parameters: dict[str, str]
    quality: float

    @property
    def part_type(self) -> str:
        """What a multipart may hold."""
        return self.parameters.get("type", "*/*").lower()

    @property
    def transfer_syntax(self) -> str:
        """The transfer syntax asked for; empty where it is left open."""
        return self.parameters.get("transfer-syntax", "")


@dataclass(frozen=True, slots=True)
class Format:
    """How an answer is written: its parts' media type and transfer syntax, as one part or as multipart."""

    media_type: str
    transfer_syntax_uid: str
    is_multipart: bool

    @property
    def content_type(self) -> str:
        """The Content-Type of one part."""
        if not self.transfer_syntax_uid:
            return self.media_type
        return f"{self.media_type}; transfer-syntax={self.transfer_syntax_uid}"


def accepted_by(request: HttpRequest) -> tuple[Accepted, ...]:
    """What the client accepts, best first; everything where it does not say. A query parameter wins (8.3.3.1)."""
    header = (request.GET.get("accept") if request.META.get("QUERY_STRING") else "") or request.META.get("HTTP_ACCEPT")
    if header and len(header) > MAX_ACCEPT_LENGTH:
        raise not_acceptable("The Accept header is too long.")
    return _sorted_ranges(header or "*/*")


@lru_cache(maxsize=256)
def _sorted_ranges(header: str) -> tuple[Accepted, ...]:
    """A viewer sends the same header with each request of a kind."""
    return tuple(sorted((one for one in _parse(header) if one.quality > 0), key=lambda one: -one.quality))


def ranges_of(text: str) -> tuple[Accepted, ...]:
    """Media ranges as an Accept header has them, best first."""
    return _sorted_ranges(text[:MAX_ACCEPT_LENGTH])


def stored_format_for(request: HttpRequest, stored_syntax: str, *, frames: int) -> Format | None:
    """How frames are answered as they are stored; None where the client wants another transfer syntax."""
    names, syntax = _frame_names(stored_syntax)
    for one in accepted_by(request):
        if one.media_type == "*/*":
            return Format(names[0], syntax, is_multipart=True)
        is_multipart = one.media_type == MULTIPART
        if not is_multipart and frames != 1:
            continue
        wanted = one.part_type if is_multipart else one.media_type
        name = _matching_name(wanted, names, any_syntax=one.transfer_syntax == "*")
        if name and one.transfer_syntax in {"", "*", syntax, stored_syntax}:
            return Format(name, syntax, is_multipart)
    return None


@lru_cache(maxsize=64)
def stored_frame_format(stored_syntax: str) -> Format:
    """How a stored frame is sent where nothing is negotiated."""
    names, syntax = _frame_names(stored_syntax)
    return Format(names[0], syntax, is_multipart=True)


def _frame_names(stored_syntax: str) -> tuple[tuple[str, ...], str]:
    """What a stored frame may be called, and the transfer syntax in which it is sent."""
    # PS3.18 8.7.3.5.2 allows no other native syntax.
    if stored_syntax in NATIVE:
        return (OCTET_STREAM,), EXPLICIT_VR_LITTLE_ENDIAN
    return media_types_of(stored_syntax), stored_syntax


def bulk_format(
    request: HttpRequest,
    media_type: str = OCTET_STREAM,
    transfer_syntax_uid: str = EXPLICIT_VR_LITTLE_ENDIAN,
    *,
    is_alone: bool = False,
    is_parted: bool = False,
) -> Format:
    """How a bulk value is answered: as what it is, or as bytes; `is_alone` where it is one part unless asked otherwise.

    `is_parted` where it is one of several, which is multipart in any case. Raises Refused (406).
    """
    for one in accepted_by(request):
        if is_parted and one.media_type not in {MULTIPART, "*/*"}:
            continue
        is_multipart = one.media_type == MULTIPART or (one.media_type == "*/*" and not is_alone)
        wanted = one.part_type if one.media_type == MULTIPART else one.media_type
        if is_among(media_type, wanted):
            return Format(media_type, transfer_syntax_uid, is_multipart)
        if wanted in {OCTET_STREAM, "application/*"}:
            return Format(OCTET_STREAM, transfer_syntax_uid or EXPLICIT_VR_LITTLE_ENDIAN, is_multipart)
    raise not_acceptable(f"This is served as {media_type}.")


def require_acceptable(request: HttpRequest, *media_types: str) -> None:
    """Raise Refused (406) where the client accepts none of these."""
    if not any(is_among(known, one.media_type) for one in accepted_by(request) for known in media_types):
        raise not_acceptable(f"This is served as {media_types[0]}.")


def metadata_format(request: HttpRequest, *, is_one: bool = False) -> Format:
    """How attributes are answered: one text of DICOM JSON, or a part of XML each (PS3.18 Tables 10.4.4-1, 10.6.4-1).

    `is_one` says that there is one object, which may come as XML that is no multipart. Raises Refused (406).
    """
    for one in accepted_by(request):
        if one.media_type == MULTIPART:
            if is_among(DICOM_XML, one.part_type):
                return Format(DICOM_XML, "", is_multipart=True)
        elif any(is_among(known, one.media_type) for known in (DICOM_JSON, "application/json")):
            return Format(DICOM_JSON, "", is_multipart=False)
        elif is_one and one.media_type == DICOM_XML:
            return Format(DICOM_XML, "", is_multipart=False)
    raise not_acceptable(f'This is served as {DICOM_JSON}, or as {MULTIPART}; type="{DICOM_XML}".')


def picked_format(request: HttpRequest, *media_types: str, multipart: bool | None = None) -> Format:
    """The first of what the client accepts that is one of these, of which the first is said to who takes everything.

    `multipart` says whether the answer has several parts (True), one (False), or as the client asks (None): alone where
    it does not. Raises Refused (406).
    """
    for one in accepted_by(request):
        is_multipart = one.media_type == MULTIPART
        # Who asks for several by the type of one gets them as parts: common clients do.
        if multipart is not None and is_multipart and not multipart:
            continue
        wanted = one.part_type if is_multipart else one.media_type
        found = next((known for known in media_types if is_among(known, wanted)), None)
        if found is not None:
            return Format(found, "", is_multipart if multipart is None else multipart)
    raise not_acceptable(f"This is served as {', '.join(media_types)}.")


def is_among(media_type: str, wanted: str) -> bool:
    """Whether the media range (RFC 9110 12.5.1) covers the media type."""
    if wanted in {"*/*", media_type}:
        return True
    kind, _, name = wanted.partition("/")
    return name == "*" and media_type.startswith(f"{kind}/")


def media_types_of(transfer_syntax_uid: str) -> tuple[str, ...]:
    """The media types of one compressed frame, the one that we say first."""
    if _JPEG.fullmatch(transfer_syntax_uid):
        return ("image/jpeg",)
    return _BY_SYNTAX.get(transfer_syntax_uid, (OCTET_STREAM,))


def usual_transfer_syntax_of(media_type: str) -> str:
    """What a compressed frame or video of the media type is where nothing says it; empty where that is not known."""
    return _USUAL_SYNTAXES.get(media_type, "")


def is_transfer_syntax_of(transfer_syntax_uid: str, media_type: str) -> bool:
    """Whether pixel data sent as the media type can be of the (compressed) transfer syntax."""
    if not transfer_syntax_uid or transfer_syntax_uid in NATIVE:
        return False
    video = VIDEO_TYPES.get(transfer_syntax_uid)
    known = {video, video.lower()} if video else set(media_types_of(transfer_syntax_uid))
    return media_type in known - {OCTET_STREAM} or (media_type == OCTET_STREAM and known != {OCTET_STREAM})


def _matching_name(wanted: str, names: tuple[str, ...], *, any_syntax: bool) -> str:
    """The name to say for what is wanted; empty where it is something else."""
    if wanted in names:
        return wanted
    # `application/octet-stream; transfer-syntax=*` is how viewers ask for whatever is stored.
    if wanted == "*/*" or (wanted == OCTET_STREAM and any_syntax):
        return names[0]
    return names[0] if wanted == "image/*" and names[0].startswith("image/") else ""


def _parse(header: str) -> Iterator[Accepted]:
    position = 0
    while (found := _RANGE.match(header, position)) is not None:
        position = found.end()
        parameters: dict[str, str] = {}
        while (parameter := _PARAMETER.match(header, position)) is not None:
            position = parameter.end()
            parameters[parameter[1].lower()] = re.sub(r"\\(.)", r"\1", parameter[2].strip('"'))
        yield Accepted(found[1].lower(), parameters, _quality(parameters.pop("q", "1")))
        comma = header.find(",", position)
        if comma < 0:
            return
        position = comma + 1


def _quality(text: str) -> float:
    return float(text) if re.fullmatch(r"[01](\.[0-9]{0,3})?", text) else 0.0

"""Transfer syntaxes by content negotiation (PS3.18 8.7.3): as stored where that is accepted, else transcoded."""

from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest

from dicomserver.dicomweb.media import (
    DICOM,
    EXPLICIT_VR_LITTLE_ENDIAN,
    MULTIPART,
    OCTET_STREAM,
    Accepted,
    Format,
    accepted_by,
    is_among,
    is_transfer_syntax_of,
    media_types_of,
    stored_format_for,
)
from dicomserver.dicomweb.problems import not_acceptable
from dicomserver.transcoding.instances import can_transcode
from dicomserver.transcoding.syntaxes import IMPLICIT_LITTLE, NATIVE

ANY: Final = "*"
# What a compressed frame is encoded as where its media type says no more: without loss.
_ENCODED: Final = {
    "image/jls": "1.2.840.10008.1.2.4.80",
    "image/x-jls": "1.2.840.10008.1.2.4.80",
    "image/jp2": "1.2.840.10008.1.2.4.90",
    "image/dicom-rle": "1.2.840.10008.1.2.5",
    "image/x-dicom-rle": "1.2.840.10008.1.2.5",
    "image/jphc": "1.2.840.10008.1.2.4.201",
}


@dataclass(frozen=True, slots=True)
class InstanceFormat:
    """How whole instances are answered: as one part or as multipart, and in which transfer syntaxes, best first.

    `syntaxes` holds ANY where every one will do. `is_default` says that the client named none.
    """

    syntaxes: tuple[str, ...]
    is_multipart: bool
    is_default: bool = False

    @property
    def form(self) -> Format:
        """The same for whoever writes the answer; each part says its own transfer syntax."""
        return Format(DICOM, "", self.is_multipart)

    def target(self, stored_syntax: str, *, has_pixels: bool) -> str:
        """The transfer syntax in which an instance is sent. Raises Refused (406) where none that is accepted can be."""
        if ANY in self.syntaxes or stored_syntax in self.syntaxes:
            return stored_syntax
        if self.is_default and stored_syntax not in NATIVE and not _can_be_undone(stored_syntax):
            # What nobody asked for is not worth a loss, or cannot be made (8.7.3.5.2).
            return stored_syntax
        # What has no pixel data cannot be compressed.
        wanted = self.syntaxes if has_pixels else (EXPLICIT_VR_LITTLE_ENDIAN,)
        found = next((syntax for syntax in wanted if _can_be_made(stored_syntax, syntax)), None)
        if found is None:
            raise not_acceptable(f"An instance is stored as {stored_syntax} and cannot be sent as is asked for.")
        return found


def instance_format(request: HttpRequest, *, instances: int) -> InstanceFormat:
    """What the client accepts for whole instances. Raises Refused (406)."""
    usable = [one for one in accepted_by(request) if _is_of_instances(one, instances)]
    if not usable:
        raise not_acceptable('Instances are served as multipart/related; type="application/dicom".')
    is_multipart = _has_parts(usable[0])
    syntaxes = tuple(dict.fromkeys(_syntax_of(one) for one in usable if _has_parts(one) == is_multipart))
    is_default = not any(one.transfer_syntax for one in usable)
    return InstanceFormat(syntaxes, is_multipart, is_default)


def frame_format(request: HttpRequest, stored_syntax: str, *, frames: int) -> Format:
    """How frames are answered: as stored where the client takes that. Raises Refused (406)."""
    found = stored_format_for(request, stored_syntax, frames=frames)
    if found is not None:
        return found
    for one in accepted_by(request):
        is_multipart = one.media_type == MULTIPART
        if is_multipart or frames == 1:
            name, target = _made_of(one.part_type if is_multipart else one.media_type, one.transfer_syntax)
            if target and can_transcode(stored_syntax, target):
                return Format(name, target, is_multipart)
    stored_as = f"{media_types_of(stored_syntax)[0]}; transfer-syntax={stored_syntax}"
    raise not_acceptable(f"These frames are stored as {stored_as}, and cannot be sent as is asked for.")


def _made_of(media_type: str, transfer_syntax: str) -> tuple[str, str]:
    """Media type and transfer syntax of frames that are made for a client; empty where that means nothing."""
    if is_among(OCTET_STREAM, media_type) and transfer_syntax in {"", EXPLICIT_VR_LITTLE_ENDIAN}:
        return OCTET_STREAM, EXPLICIT_VR_LITTLE_ENDIAN
    target = transfer_syntax or _ENCODED.get(media_type, "")
    return (media_type, target) if is_transfer_syntax_of(target, media_type) else ("", "")


def _is_of_instances(one: Accepted, instances: int) -> bool:
    wanted = one.part_type if one.media_type == MULTIPART else one.media_type
    return is_among(DICOM, wanted) and (_has_parts(one) or instances == 1)


def _has_parts(one: Accepted) -> bool:
    return one.media_type in {MULTIPART, "*/*"}


def _syntax_of(one: Accepted) -> str:
    if one.transfer_syntax:
        return one.transfer_syntax
    # Who takes everything takes it as it is; of DICOM without a syntax the default is meant (8.7.3.5.2).
    return ANY if one.media_type == "*/*" else EXPLICIT_VR_LITTLE_ENDIAN


def _can_be_made(stored_syntax: str, syntax: str) -> bool:
    # Implicit VR is not used by web services (8.7.3), but where it is how the instance is stored.
    return syntax != IMPLICIT_LITTLE and can_transcode(stored_syntax, syntax)


def _can_be_undone(stored_syntax: str) -> bool:
    """Whether the compression lost nothing and can be decoded here."""
    return stored_syntax in _LOSSLESS and can_transcode(stored_syntax, EXPLICIT_VR_LITTLE_ENDIAN)


_LOSSLESS: Final = frozenset(
    {"1.2.840.10008.1.2.5", *(f"1.2.840.10008.1.2.4.{number}" for number in (57, 70, 80, 90, 92, 110, 201, 202))}
)

"""What ingest takes from one received file: its UIDs, the index's attributes, its frames and its metadata."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from dicomserver.archive.content import Content
from dicomserver.ingest.attributes import integer, series_attributes, study_attributes, value
from dicomserver.ingest.decoding import (
    TEXT_HEADER_BYTES,
    UID_TAGS,
    UIDS,
    WANTED,
    instance_number_of,
    pixels_of,
    series_of,
    study_of,
)
from dicomserver.ingest.dicom_json import bulk_table, metadata_json
from dicomserver.ingest.encoding import encoding_of
from dicomserver.ingest.errors import InstanceRefused, Reason
from dicomserver.ingest.pixels import PixelDescription, describe_pixels, pixel_attributes
from dicomserver.ingest.reading import UNDEFINED_LENGTH, Layout, Place, check_trailing_elements, open_structure
from dicomserver.ingest.walking import Walked, walk
from wire.uids import InvalidUid, parse_uid

# Most headers end within the first, nearly all within the last.
_BUFFER_BYTES: Final = (16 * 1024, 64 * 1024, 256 * 1024)


@dataclass(frozen=True, slots=True)
class InstanceHeader:
    """One instance, ready for the index."""

    sop_class_uid: str
    sop_instance_uid: str
    study_instance_uid: str
    series_instance_uid: str
    instance_number: int | None
    study: dict[str, Any]
    series: dict[str, Any]
    pixels: PixelDescription


@dataclass(frozen=True, slots=True)
class PreparedMetadata:
    """One instance's attributes as DICOM JSON, and the places of the values that are too large for it."""

    dicom_json: str
    bulk_data: dict[str, list[Any]]


def read_header(
    content: Content,
    data_set_offset: int,
    transfer_syntax_uid: str,
    *,
    scratch: Path,
    national_id_issuers: Iterable[str] = (),
) -> InstanceHeader:
    """Read the data set behind the offset of a file; no pixel is decoded. Raises InstanceRefused.

    What many instances share (`study`, `series`) is one object for all of them, so not to be changed.
    """
    issuers = tuple(national_id_issuers)
    walked = walked_header(content, data_set_offset, transfer_syntax_uid, issuers)
    return walked or parsed_header(content, data_set_offset, transfer_syntax_uid, scratch, issuers)


def walked_header(
    content: Content, data_set_offset: int, transfer_syntax_uid: str, issuers: tuple[str, ...]
) -> InstanceHeader | None:
    """What `parsed_header` returns, ten times faster; None where it must be asked. Raises InstanceRefused."""
    encoding = encoding_of(transfer_syntax_uid)
    if encoding.deflated:
        # To inflate it takes longer than to parse it.
        return None
    for buffer_bytes in _BUFFER_BYTES:
        data = content.pread(buffer_bytes, data_set_offset)
        walked = walk(data, content.size - data_set_offset, encoding, WANTED)
        if walked is not None:
            return _walked_header(walked, Layout(encoding=encoding, content=content), data_set_offset, issuers)
        if len(data) < buffer_bytes:
            break
    return None


def parsed_header(
    content: Content, data_set_offset: int, transfer_syntax_uid: str, scratch: Path, issuers: tuple[str, ...]
) -> InstanceHeader:
    """The header as pydicom reads it, which decides in all doubt. Raises InstanceRefused."""
    with open_structure(content, data_set_offset, transfer_syntax_uid, scratch) as structure:
        ds = structure.ds
        uids = {keyword: required_uid(ds, keyword) for keyword in UIDS}
        return InstanceHeader(
            sop_class_uid=uids["SOPClassUID"],
            sop_instance_uid=uids["SOPInstanceUID"],
            study_instance_uid=uids["StudyInstanceUID"],
            series_instance_uid=uids["SeriesInstanceUID"],
            instance_number=integer(ds, "InstanceNumber"),
            study=study_attributes(ds, issuers),
            series=series_attributes(ds),
            pixels=describe_pixels(pixel_attributes(ds), structure, data_set_offset),
        )


def read_metadata(
    content: Content, data_set_offset: int, transfer_syntax_uid: str, *, scratch: Path
) -> PreparedMetadata:
    """Read what answers about the instance's attributes need. Raises InstanceRefused."""
    with open_structure(content, data_set_offset, transfer_syntax_uid, scratch) as structure:
        return PreparedMetadata(dicom_json=metadata_json(structure), bulk_data=bulk_table(structure))


def read_uids(content: Content, data_set_offset: int, transfer_syntax_uid: str, *, scratch: Path) -> dict[str, str]:
    """The four UIDs of the data set by keyword. Raises InstanceRefused."""
    with open_structure(content, data_set_offset, transfer_syntax_uid, scratch) as structure:
        return {keyword: required_uid(structure.ds, keyword) for keyword in UIDS}


def required_uid(ds: Dataset, keyword: str) -> str:
    """The UID, parsed. Raises InstanceRefused; the message never repeats what was sent."""
    found = _uid_as_sent(ds, keyword)
    if not found:
        raise InstanceRefused(Reason.NO_UID, f"The data set has no {keyword}.")
    try:
        return parse_uid(found)
    except InvalidUid as error:
        raise InstanceRefused(Reason.MALFORMED_UID, f"{keyword}: {error}") from error


def _uid_as_sent(ds: Dataset, keyword: str) -> object:
    """The UID without its padding alone: pydicom's own reading would drop a line break or tab around it too."""
    raw: object = ds.get_item(keyword, keep_deferred=True)
    if isinstance(raw, RawDataElement) and isinstance(raw.value, bytes):
        return _unpadded(raw.value)
    return value(ds, keyword)


def _unpadded(uid: bytes) -> str:
    return uid.rstrip(b"\0 ").decode("ascii", "replace")


def _walked_header(
    walked: Walked, layout: Layout, data_set_offset: int, issuers: tuple[str, ...]
) -> InstanceHeader | None:
    encoding, elements = layout.encoding, walked.elements
    try:
        sop_class_uid, sop_instance_uid, study_instance_uid, series_instance_uid = (
            parse_uid(_unpadded(elements[tag][TEXT_HEADER_BYTES:])) for tag in UID_TAGS
        )
        study, series = study_of(elements, encoding, issuers), series_of(elements, encoding)
        pixels, instance_number = pixels_of(elements, encoding), instance_number_of(elements, encoding)
    except Exception:  # noqa: BLE001 - pydicom answers hostile values with errors of many types
        return None
    if place := walked.pixel_data:
        layout.pixel_tag = walked.pixel_tag
        layout.pixel_data = Place(place.vr, data_set_offset + place.offset, place.length)
        if place.length != UNDEFINED_LENGTH:
            check_trailing_elements(layout, layout.pixel_data.offset + place.length)
    return InstanceHeader(
        sop_class_uid=sop_class_uid,
        sop_instance_uid=sop_instance_uid,
        study_instance_uid=study_instance_uid,
        series_instance_uid=series_instance_uid,
        instance_number=instance_number,
        study=study,
        series=series,
        pixels=describe_pixels(pixels, layout, data_set_offset),
    )

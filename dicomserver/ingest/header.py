"""What ingest takes from one received file: its UIDs, the index's attributes, its frames and its metadata."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from dicomserver.ingest.attributes import integer, series_attributes, study_attributes, value
from dicomserver.ingest.dicom_json import bulk_table, metadata_json
from dicomserver.ingest.errors import InstanceRefused, Reason
from dicomserver.ingest.pixels import PixelDescription, describe_pixels
from dicomserver.ingest.reading import Structure, open_structure
from wire.uids import InvalidUid, parse_uid

UIDS: Final = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")


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
    descriptor: int,
    data_set_offset: int,
    transfer_syntax_uid: str,
    *,
    scratch: Path,
    national_id_issuers: Iterable[str] = (),
) -> InstanceHeader:
    """Read the data set behind the offset of an open file; no pixel is decoded. Raises InstanceRefused."""
    with open_structure(descriptor, data_set_offset, transfer_syntax_uid, scratch) as structure:
        uids = {keyword: required_uid(structure.ds, keyword) for keyword in UIDS}
        return _header(structure, uids, data_set_offset, national_id_issuers)


def read_metadata(
    descriptor: int, data_set_offset: int, transfer_syntax_uid: str, *, scratch: Path
) -> PreparedMetadata:
    """Read what answers about the instance's attributes need. Raises InstanceRefused."""
    with open_structure(descriptor, data_set_offset, transfer_syntax_uid, scratch) as structure:
        return PreparedMetadata(dicom_json=metadata_json(structure), bulk_data=bulk_table(structure))


def read_uids(descriptor: int, data_set_offset: int, transfer_syntax_uid: str, *, scratch: Path) -> dict[str, str]:
    """The four UIDs of the data set by keyword. Raises InstanceRefused."""
    with open_structure(descriptor, data_set_offset, transfer_syntax_uid, scratch) as structure:
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
    raw: object = ds.get_item(keyword)
    if isinstance(raw, RawDataElement) and isinstance(raw.value, bytes):
        return raw.value.rstrip(b"\0 ").decode("ascii", "replace")
    return value(ds, keyword)


def _header(
    structure: Structure, uids: dict[str, str], data_set_offset: int, national_id_issuers: Iterable[str]
) -> InstanceHeader:
    ds = structure.ds
    return InstanceHeader(
        sop_class_uid=uids["SOPClassUID"],
        sop_instance_uid=uids["SOPInstanceUID"],
        study_instance_uid=uids["StudyInstanceUID"],
        series_instance_uid=uids["SeriesInstanceUID"],
        instance_number=integer(ds, "InstanceNumber"),
        study=study_attributes(ds, national_id_issuers),
        series=series_attributes(ds),
        pixels=describe_pixels(structure, data_set_offset),
    )

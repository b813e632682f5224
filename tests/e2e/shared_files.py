"""The developers' DICOM files made ready to be sent: each SOP Instance UID once, what belongs together together."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pydicom
from pydicom.errors import InvalidDicomError
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

NO_FILES_OF_OURS = ("LICENSES", "SOURCES.md")


@dataclass(frozen=True)
class SharedFile:
    """One file, and how it is sent."""

    name: str
    """Its path below ../shared/data."""
    content: bytes
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    modality: str
    transfer_syntax: str

    @property
    def is_whole(self) -> bool:
        """True where it names what a DICOM Server files it under."""
        return bool(self.study_instance_uid and self.series_instance_uid and self.sop_instance_uid)


def shared_files(root: Path) -> Iterator[SharedFile]:
    """All files, in an order that never changes; a UID that came before is replaced in the later file."""
    known: set[str] = set()
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if not path.is_file() or relative.parts[0] in NO_FILES_OF_OURS or path.name.startswith("DICOMDIR"):
            continue
        yield _made_ready(str(relative), path, known)


def _made_ready(name: str, path: Path, known: set[str]) -> SharedFile:
    content = path.read_bytes()
    try:
        ds = pydicom.dcmread(path, force=True, stop_before_pixels=True)
        study, series, instance = (
            str(ds.get(keyword, "")) for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
        )
        modality = str(ds.get("Modality", ""))
        syntax = str(getattr(ds, "file_meta", {}).get("TransferSyntaxUID", ""))
    except (InvalidDicomError, ValueError, KeyError, AttributeError, TypeError, EOFError, NotImplementedError):
        return SharedFile(name, content, "", "", "", "", "")
    if "Rows" in ds and not (study and series and instance and syntax):
        return _completed(name, path, modality, known)
    if instance in known:
        # Copies of one file in one folder become series of one study.
        uids = [_other(study, str(Path(name).parent)), _other(series, name), _other(instance, name)]
        content = _replaced(path, content, syntax, dict(zip((study, series, instance), uids, strict=True)))
        study, series, instance = uids
    known.add(instance)
    return SharedFile(name, content, study, series, instance, modality, syntax)


def _completed(name: str, path: Path, modality: str, known: set[str]) -> SharedFile:
    """A picture that names no study gets one, and a bare data set the head of a file."""
    ds = pydicom.dcmread(path, force=True)
    if not ds.get("SOPInstanceUID") or not ds.get("StudyInstanceUID"):
        ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID = (
            _other("2.25." + "0" * 30, f"{level} {name}") for level in range(3)
        )
    if "TransferSyntaxUID" not in ds.file_meta:
        is_implicit, is_little_endian = ds.original_encoding
        explicit = ExplicitVRLittleEndian if is_little_endian else ExplicitVRBigEndian
        ds.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if is_implicit else explicit
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    known.add(str(ds.SOPInstanceUID))
    uids = (str(ds.StudyInstanceUID), str(ds.SeriesInstanceUID), str(ds.SOPInstanceUID))
    return SharedFile(name, _bytes_of(ds), *uids, modality, str(ds.file_meta.TransferSyntaxUID))


def _other(uid: str, name: str) -> str:
    """A UID as long as the first, which follows from both."""
    digits = str(int(hashlib.sha256(f"{uid} {name}".encode()).hexdigest(), 16))
    return ("2.25." + digits)[: len(uid)] if len(uid) > 12 else uid


def _replaced(path: Path, content: bytes, syntax: str, others: dict[str, str]) -> bytes:
    """The same bytes with other UIDs: nothing else that is odd about the file may be mended on the way."""
    if syntax.endswith("1.2.1.99"):
        return _deflated_again(path, others)
    for uid, other in others.items():
        if uid:
            content = content.replace(uid.encode(), other.encode())
    return content


def _deflated_again(path: Path, others: dict[str, str]) -> bytes:
    ds = pydicom.dcmread(path)
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID = (
        others[str(uid)] for uid in (ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID)
    )
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    return _bytes_of(ds)


def _bytes_of(ds: pydicom.Dataset) -> bytes:
    buffer = BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()

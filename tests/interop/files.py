"""DICOM files of the tests' own making, for tools that send files."""

from pathlib import Path
from typing import Any

import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from tests.dicomserver.objects import small_ct


def write_slice(path: Path, **changes: Any) -> Dataset:
    """A CT slice of a study of its own in a file; keywords given replace or, as None, remove elements."""
    ds = small_ct(**changes)
    write_file(path, ds)
    return ds


def write_file(path: Path, ds: Dataset) -> None:
    """The data set as a file that every tool opens."""
    if not hasattr(ds, "file_meta"):
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    pydicom.dcmwrite(path, ds, enforce_file_format=True)


def write_again(source: Path, path: Path) -> Dataset:
    """Another file's data set as an instance of a study of its own, its pixels and its transfer syntax as they were."""
    ds = pydicom.dcmread(source, force=True)
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID = generate_uid(), generate_uid(), generate_uid()
    write_file(path, ds)
    return ds

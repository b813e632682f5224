"""Reads DICOM files byte by byte, apart from the code under test."""

from pathlib import Path

from pydicom.filereader import read_file_meta_info, read_preamble


def data_set_bytes(path: Path) -> bytes:
    """The bytes after the file meta information of a Part-10 file (PS3.10 7.1)."""
    with path.open("rb") as stream:
        read_preamble(stream, force=False)
    length = int(read_file_meta_info(path).FileMetaInformationGroupLength)
    # Preamble, prefix, and the group length element itself.
    return path.read_bytes()[128 + 4 + 12 + length :]

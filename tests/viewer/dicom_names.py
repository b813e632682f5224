"""Writes the names of PS3.6 that the viewer's Info says: `python -m tests.viewer.dicom_names`, after a new pydicom."""

from pathlib import Path
from typing import Final

# The public functions of pydicom answer one tag at a time; all of them stand only in its tables.
from pydicom._dicom_dict import DicomDictionary, RepeatersDictionary
from pydicom._uid_dict import UID_dictionary

LIST: Final = Path(__file__).parents[2] / "viewer" / "client" / "vendor" / "dicom_names.txt"


def dicom_names() -> str:
    """One name a line behind its tag or UID; `x` in a tag stands for any digit (repeating groups, PS3.5 7.6)."""
    tags = {f"{tag:08X}": entry[2] for tag, entry in DicomDictionary.items()}
    groups = {mask.upper().replace("X", "x"): entry[2] for mask, entry in RepeatersDictionary.items()}
    uids = {uid: entry[0] for uid, entry in UID_dictionary.items()}
    lines = [f"{key} {name}" for names in (tags, groups, uids) for key, name in sorted(names.items()) if name]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    LIST.write_text(dicom_names(), encoding="utf-8")

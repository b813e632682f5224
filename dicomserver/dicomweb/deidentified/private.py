"""Private attributes that are known to tell nothing of a person: a part of PS3.15 Table E.3.10-1, numbers alone."""

import re
from typing import Final

# By private creator, group and the last two digits of the element; the VR that their makers give them.
SAFE_PRIVATE: Final[dict[tuple[str, int, int], str]] = {
    ("ELSCINT1", 0x01F1, 0x07): "DS",  # Table velocity
    ("ELSCINT1", 0x01F1, 0x26): "DS",  # Pitch
    ("ELSCINT1", 0x01F1, 0x27): "DS",  # Rotation time
    ("GEMS_ACQU_01", 0x0019, 0x23): "DS",  # Table speed
    ("GEMS_ACQU_01", 0x0019, 0x24): "DS",  # Mid scan time
    ("GEMS_ACQU_01", 0x0019, 0x27): "DS",  # Rotation speed
    ("GEMS_PARM_01", 0x0043, 0x27): "SH",  # Scan pitch ratio
    ("GEMS_PARM_01", 0x0043, 0x39): "IS",  # b value and what belongs to it
    ("Philips Imaging DD 001", 0x2001, 0x03): "FL",  # Diffusion b factor
    ("Philips Imaging DD 001", 0x2001, 0x04): "CS",  # Diffusion direction
    ("Philips PET Private Group", 0x7053, 0x00): "DS",  # SUV factor
    ("Philips PET Private Group", 0x7053, 0x09): "DS",  # Activity concentration factor
    ("SIEMENS MR HEADER", 0x0019, 0x0C): "IS",  # b value
    ("SIEMENS MR HEADER", 0x0019, 0x0D): "CS",  # Diffusion directionality
    ("SIEMENS MR HEADER", 0x0019, 0x0E): "FD",  # Diffusion gradient direction
    ("SIEMENS MR HEADER", 0x0019, 0x27): "FD",  # b matrix
}
# Numbers as text: nobody's name fits in.
NUMBER_TEXT_VRS: Final = frozenset({"DS", "IS"})
NUMBERS: Final = re.compile(rb"[0-9eE+\-.\\/: \0]*")
_CODES: Final = re.compile(rb"(NONE|DIRECTIONAL|BMATRIX|ISOTROPIC|[A-Z]{1,3})?[ \0]*")
_SIZES: Final = {"FD": 8, "FL": 4}
MAX_VALUE_BYTES: Final = 1024


def safe_vr(creator: str, tag: int, sent_vr: str | None, value: object) -> str:
    """The VR of a private attribute that may stay; empty for all others, and where its value is not what it says."""
    vr = SAFE_PRIVATE.get((creator, tag >> 16, tag & 0xFF), "")
    if not vr or sent_vr not in {None, "UN", vr} or not isinstance(value, bytes) or len(value) > MAX_VALUE_BYTES:
        return ""
    size = _SIZES.get(vr)
    if size is not None:
        return "" if len(value) % size else vr
    pattern = _CODES if vr == "CS" else NUMBERS
    return vr if pattern.fullmatch(value) else ""

"""Which instances a de-identified token shows: images alone, as nothing else can be cleaned by its attributes."""

from typing import Final

from django.db.models import Q
from pydicom._uid_dict import UID_dictionary

# What an image's name may not say: moving pictures may have sound, the others are graphics or text.
_NOT_SHOWN: Final = ("DICOS", "Hardcopy", "State", "Video")
# Images by another name.
_ALSO_SHOWN: Final = frozenset(
    {
        "1.2.840.10008.5.1.4.1.1.6.2",  # Enhanced US Volume Storage
        "1.2.840.10008.5.1.4.1.1.30",  # Parametric Map Storage
        "1.2.840.10008.5.1.4.1.1.66.4",  # Segmentation Storage
        "1.2.840.10008.5.1.4.1.1.481.2",  # RT Dose Storage
    }
)
SOP_CLASSES: Final = _ALSO_SHOWN | frozenset(
    str(uid)
    for uid, (name, kind, *_) in UID_dictionary.items()
    if kind == "SOP Class" and "Image Storage" in name and not any(word in name for word in _NOT_SHOWN)
)
# MPEG-2, MPEG-4 and HEVC (PS3.5 A.4.5 to A.4.10), and what lies outside of the file (JPIP, SMPTE ST 2110).
_NOT_SHOWN_SYNTAXES: Final = (
    *(f"1.2.840.10008.1.2.4.{number}" for number in range(94, 110)),
    *(f"1.2.840.10008.1.2.4.{number}.1" for number in range(100, 107)),
    "1.2.840.10008.1.2.4.204",
    "1.2.840.10008.1.2.4.205",
    *(f"1.2.840.10008.1.2.7.{number}" for number in range(1, 4)),
)
# For queries of index.models.Instance.
IS_SHOWN: Final = Q(sop_class_uid__in=sorted(SOP_CLASSES)) & ~Q(transfer_syntax_uid__in=_NOT_SHOWN_SYNTAXES)


def is_shown(sop_class_uid: str, transfer_syntax_uid: str) -> bool:
    """The same of one instance at hand."""
    return sop_class_uid in SOP_CLASSES and transfer_syntax_uid not in _NOT_SHOWN_SYNTAXES

"""Reads dates, times and modalities as data sets hold them (PS3.5 6.2), without ever guessing."""

import re
from collections.abc import Iterable
from datetime import date, time
from typing import Final

# PS3.5 6.2 DA; the form with points is that of ACR-NEMA, which the standard lets a reader accept.
_DATE: Final = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})|([0-9]{4})\.([0-9]{2})\.([0-9]{2})")
_TIME: Final = re.compile(r"([0-9]{2}):?([0-9]{2})?(?::?([0-9]{2})(?:\.[0-9]{1,6})?)?")
# PS3.3 C.7.3.1.1.1: what comes with the images and is no image itself.
ACCOMPANYING_MODALITIES: Final = frozenset(
    {
        "ANN",
        "AU",
        "DOC",
        "FID",
        "KO",
        "M3D",
        "PLAN",
        "PR",
        "REG",
        "RTDOSE",
        "RTPLAN",
        "RTRECORD",
        "RTSTRUCT",
        "SEG",
        "SR",
    }
)
# Two letters carry the meaning, the tint only helps the eye: these share one.
_TINTS: Final = {
    "CT": "ct", "MR": "mr", "US": "us", "IVUS": "us", "XA": "xa", "RF": "xa", "PT": "pt", "NM": "pt",
}  # fmt: skip


def parse_date(text: str) -> date | None:
    """Return the day that a DA value names, or None where it names none.

    >>> parse_date("19620831")
    datetime.date(1962, 8, 31)
    >>> parse_date("1962") is None
    True
    """
    match = _DATE.fullmatch(text.strip())
    if match is None:
        return None
    year, month, day = (int(part) for part in match.groups() if part is not None)
    try:
        return date(year, month, day)
    except ValueError:
        return None


def parse_time(text: str) -> time | None:
    """Return the time of a TM value to the second, or None where it names none."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        return None
    try:
        hour, minute, second = (int(part or 0) for part in match.groups())
        return time(hour, minute, second)
    except ValueError:
        return None


def ordered_modalities(modalities: Iterable[str]) -> list[str]:
    """Return each modality once, those of images first.

    >>> ordered_modalities(["SR", "PT", "CT", "CT"])
    ['CT', 'PT', 'SR']
    """
    distinct = {modality.strip().upper() for modality in modalities} - {""}
    return sorted(distinct, key=lambda modality: (modality in ACCOMPANYING_MODALITIES, modality))


def modality_tint(modality: str) -> str:
    """Return which of the six tints a modality's tag has."""
    return _TINTS.get(modality, "other")

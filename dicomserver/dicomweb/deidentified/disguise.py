"""How one grant's answers are disguised: its UIDs, its dates, its pseudonym; and values made so."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any, Final

from pydicom._uid_dict import UID_dictionary

from dicomserver.dicomweb.deidentified.profile import CLEANED_AS, Options
from wire.deidentification import Deidentification, days_shifted, map_uid

# An age above tells who a person is in a small place (45 CFR 164.514(b)(2)(i)(C)).
MAX_AGE_YEARS: Final = 89
_AGE: Final = re.compile(r"([0-9]{3})([DWMY])")
_CODE: Final = re.compile(r"[A-Z0-9_ ]{0,16}")
_NUMBER: Final = re.compile(r"[+-]?[0-9]*\.?[0-9]*([eE][+-]?[0-9]{1,3})?")
_DATE: Final = re.compile(r"([0-9]{4})\.?([0-9]{2})\.?([0-9]{2})")
_TIME: Final = re.compile(r"[0-9]{2}(:?[0-9]{2}(:?[0-9]{2}(\.[0-9]{1,6})?)?)?")
_DATE_TIME: Final = re.compile(r"([0-9]{8})([0-9]{2,6}(\.[0-9]{1,6})?)?([+-][0-9]{4})?")
_DUMMIES: Final[dict[str, Any]] = {
    "AS": "000Y",
    "DA": "19000101",
    "DS": "0",
    "DT": "19000101000000",
    "IS": "0",
    "TM": "000000",
    **dict.fromkeys(("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UT"), "ANONYMIZED"),
    **dict.fromkeys(("FD", "FL"), 0.0),
    **dict.fromkeys(("SL", "SS", "SV", "UL", "US", "UV"), 0),
}


@dataclass(frozen=True)
class Disguise:
    """What a de-identified token asks for."""

    deidentification: Deidentification

    @property
    def study_instance_uid(self) -> str:
        """The study as this server knows it."""
        return self.deidentification.study_instance_uid

    @property
    def options(self) -> Options:
        """What is kept beyond the basic profile."""
        return self.deidentification.options

    @property
    def pseudonym(self) -> str:
        """The patient's name and ID."""
        return self.deidentification.pseudonym

    @cached_property
    def digest(self) -> str:
        """Two disguises that answer differently differ in it; the key cannot be told from it."""
        parts = (CLEANED_AS, self.deidentification.model_dump_json(), self.deidentification.key)
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def uid(self, uid: str) -> str:
        """What stands for the UID; those that the standard defines stand for themselves."""
        return uid if uid in UID_dictionary else _mapped(self.deidentification.key, uid)

    def shifted(self, vr: str, text: str) -> str:
        """The date, time or both moved by the grant's days; empty where the text is none."""
        if vr == "TM":
            return text if _TIME.fullmatch(text) else ""
        if vr == "DA":
            found = _DATE.fullmatch(text)
            return "" if found is None else self._moved("".join(found.groups()))
        found = _DATE_TIME.fullmatch(text)
        moved = "" if found is None else self._moved(found[1])
        return f"{moved}{text[8:]}" if moved else ""

    def _moved(self, date: str) -> str:
        try:
            moved = datetime.strptime(date, "%Y%m%d") - timedelta(days=self._days)  # noqa: DTZ007 - a date has no zone
        except (ValueError, OverflowError):
            return ""
        return f"{moved.year:04}{moved:%m%d}"

    @cached_property
    def _days(self) -> int:
        return days_shifted(self.deidentification.key)


def dummy(vr: str) -> Any:
    """A value of the VR that tells nothing; None where it has none."""
    return _DUMMIES.get(vr)


def checked(vr: str, text: str) -> str:
    """A characteristic of the patient where it is one and not rare; else empty."""
    if vr == "AS":
        found = _AGE.fullmatch(text)
        if found is None:
            return ""
        return f"{MAX_AGE_YEARS + 1:03}Y" if found[2] == "Y" and int(found[1]) > MAX_AGE_YEARS else text
    pattern = {"CS": _CODE, "DS": _NUMBER, "IS": _NUMBER}.get(vr)
    return text if pattern is None or pattern.fullmatch(text) else ""


@lru_cache(maxsize=16384)
def _mapped(key: str, uid: str) -> str:
    return map_uid(key, uid)

"""How people, dates and numbers of a study are written for a reader (UI: dates, numbers, people)."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.utils.dateformat import format as format_date
from django.utils.translation import get_language, gettext, ngettext, pgettext

from portal.studies.dicom_values import parse_time

# Thousands are parted by a narrow no-break space in all languages.
THIN_SPACE: Final = "\N{NARROW NO-BREAK SPACE}"
REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
DAYS_IN_DAYS: Final = 28
MONTHS_IN_MONTHS: Final = 24
_GROUPED: Final = re.compile(r"[0-9]{7,}")
_PROSE: Final = {"ru": "j E Y г."}
_DENSE: Final = {"en": "j M Y"}


@dataclass(frozen=True)
class NameParts:
    """A person name (PS3.5 6.2) in the parts that are written apart."""

    family: str
    given: str
    """Given and middle name; empty where only one component was sent."""
    prefix: str
    suffix: str
    second_group: str
    """The name in its next script, as "Kozlova, Maria"."""

    @property
    def is_given(self) -> bool:
        """False where no name was sent."""
        return bool(self.family or self.given)

    @property
    def is_damaged(self) -> bool:
        """True where letters could not be decoded."""
        return REPLACEMENT in self.plain

    @property
    def plain(self) -> str:
        """The name in one line: "Munteanu, Elena"; what is said when it is missing."""
        return ", ".join(part for part in (self.family, self.given) if part) or gettext("Name not given")

    @property
    def full(self) -> str:
        """The name with prefix and suffix: "Dr. Kozak, Irina, MD"."""
        name = " ".join(part for part in (self.prefix, self.plain) if part)
        return f"{name}, {self.suffix}" if self.suffix else name

    @property
    def short(self) -> str:
        """The name in a window's title: "Munteanu E."."""
        return f"{self.family} {self.given[0]}." if self.family and self.given else self.plain


def name_parts(alphabetic: str, ideographic: str = "", phonetic: str = "") -> NameParts:
    """Return the parts of a name in the script sent; a single component is shown as it is, no order guessed.

    >>> name_parts("Munteanu^Elena^Maria").plain
    'Munteanu, Elena Maria'
    """
    groups = [parts for group in (alphabetic, ideographic, phonetic) if any(parts := _components(group))]
    if not groups:
        return NameParts("", "", "", "", "")
    family, given, middle, prefix, suffix = groups[0]
    second = ""
    if len(groups) > 1:
        second = ", ".join(part for part in (groups[1][0], " ".join(filter(None, groups[1][1:3]))) if part)
    return NameParts(family, " ".join(filter(None, (given, middle))), prefix, suffix, second)


def _components(group: str) -> tuple[str, str, str, str, str]:
    parts = [" ".join(part.split()) for part in group.split("^")]
    parts += [""] * (5 - len(parts))
    return parts[0], parts[1], parts[2], parts[3], " ".join(filter(None, parts[4:]))


def staff_name(person_name: str) -> str:
    """Return a physician's name as staff are written: "Dr. Irina Kozak"; "" where none was sent.

    >>> staff_name("Kozak^Irina^^Dr.")
    'Dr. Irina Kozak'
    """
    parts = name_parts(person_name)
    return " ".join(part for part in (parts.prefix, parts.given, parts.family, parts.suffix) if part)


def age_text(birth_date: date | None, day: date | None) -> str:
    """Return the age on `day`: days under 28 days, months under 24 months, then years; "" where it is unknown.

    >>> age_text(date(1962, 8, 31), date(2026, 11, 20))
    '64 y'
    """
    if birth_date is None or day is None or day < birth_date:
        return ""
    days = (day - birth_date).days
    months = (day.year - birth_date.year) * 12 + day.month - birth_date.month - (day.day < birth_date.day)
    # February's children turn a month before their 28th day; from then on up to a whole month, "0 mo" would be no age.
    if days < DAYS_IN_DAYS or months == 0:
        return ngettext("%(count)d d", "%(count)d d", days) % {"count": days}
    if months < MONTHS_IN_MONTHS:
        return ngettext("%(count)d mo", "%(count)d mo", months) % {"count": months}
    return ngettext("%(count)d y", "%(count)d y", months // 12) % {"count": months // 12}


def sex_word(sex: str) -> str:
    """Return the word for Patient's Sex (0010,0040); a value that the standard does not know is shown as sent."""
    words = {"F": gettext("Female"), "M": gettext("Male"), "O": gettext("Other"), "": gettext("Sex not given")}
    return words.get(sex.strip().upper(), sex)


def sex_letter(sex: str) -> str:
    """Return the sex as a dense row says it: "F", "M", "O"; "?" where it is not given."""
    return sex.strip()[:1].upper() or "?"


def dense_date(day: date) -> str:
    """Return a date for a dense place: "20 Nov 2026", "20.11.2026"."""
    return format_date(day, _DENSE.get(_language(), "d.m.Y"))


def prose_date(day: date) -> str:
    """Return a date for running text: "20 November 2026"."""
    text = format_date(day, _PROSE.get(_language(), "j F Y"))
    # Django writes Romanian months with a capital; within a sentence they have none.
    return text.lower() if _language() == "ro" else text


@dataclass(frozen=True)
class SentDate:
    """A date of a data set: written for the reader, or as sent where it cannot be read."""

    text: str
    is_given: bool
    is_readable: bool

    @property
    def is_certain(self) -> bool:
        """False: the reader is told by a diamond beside the text."""
        return self.is_given and self.is_readable


def birth_date(day: date | None, sent: str) -> SentDate:
    """Return Patient's Birth Date (0010,0030): never blank, never 1 Jan 1900 for a missing one."""
    return _sent_date(day, sent, gettext("birth date not given"))


def study_date(day: date | None, sent: str) -> SentDate:
    """Return Study Date (0008,0020) as the modality wrote it."""
    return _sent_date(day, sent, gettext("study date not given"))


def study_time(sent: str) -> str:
    """Return Study Time (0008,0030) to the minute, as the modality's clock showed it; as sent if unreadable.

    >>> study_time("024112.500000")
    '02:41'
    """
    time = parse_time(sent)
    return f"{time:%H:%M}" if time else sent.strip()


def number(value: int) -> str:
    """Return a count with its thousands parted; a true minus.

    >>> number(1204) == "1\N{NARROW NO-BREAK SPACE}204"
    True
    """
    return f"{value:,}".replace(",", THIN_SPACE).replace("-", "−")


def bytes_text(value: int) -> str:
    """Return a size in decimal units, three digits at most before the unit: "312 GB".

    >>> bytes_text(204_472_320)
    '204 MB'
    """
    size, unit = float(value), "B"
    for larger in ("kB", "MB", "GB", "TB", "PB"):
        if size < 1000:
            break
        size, unit = size / 1000, larger
    figure = f"{size:.1f}" if unit != "B" and size < 10 else f"{size:.0f}"
    decimal = pgettext("decimal separator", ".")
    return f"{figure.removesuffix('.0').replace('.', decimal)} {unit}"


def grouped_identifier(identifier: str) -> str:
    """Return a long number in groups of four, anything else as it is.

    >>> grouped_identifier("2002062031458")
    '2002 0620 3145 8'
    """
    if not _GROUPED.fullmatch(identifier):
        return identifier
    return " ".join(identifier[start : start + 4] for start in range(0, len(identifier), 4))


def masked_identifier(identifier: str) -> str:
    """Return what patients see of their own number on a page: its last digits.

    >>> masked_identifier("2002062031458")
    '…3145 8'
    """
    groups = grouped_identifier(identifier).split(" ")
    if len(groups) > 1:
        return "…" + " ".join(groups[-2:] if len(groups) > 2 else groups[1:])
    return identifier


def _sent_date(day: date | None, sent: str, missing: str) -> SentDate:
    if day is not None:
        return SentDate(dense_date(day), is_given=True, is_readable=True)
    if not sent.strip():
        return SentDate(missing, is_given=False, is_readable=False)
    return SentDate(sent.strip(), is_given=True, is_readable=False)


def _language() -> str:
    return (get_language() or "en").split("-")[0]

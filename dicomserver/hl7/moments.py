"""When a message was said, by its own word (MSH-7, HL7 2.5, 2.A.77)."""

import re
from datetime import datetime, timedelta, timezone
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.timezone import now as present_moment

from dicomserver.hl7.messages import Header

# A day alone says too little of what came before what.
_TIME_STAMP: Final = re.compile(r"([0-9]{12})([0-9]{2})?(?:\.[0-9]{1,4})?(?:([+-])([0-9]{2})([0-9]{2}))?", re.ASCII)


def said_at(header: Header) -> datetime:
    """MSH-7; the present moment where it names none, or one that is still to come."""
    now = present_moment()
    return min(_moment_of(header.field(7)) or now, now)


def _moment_of(text: str) -> datetime | None:
    found = _TIME_STAMP.fullmatch(text.strip())
    if found is None:
        return None
    minutes, seconds, sign, hours_off, minutes_off = found.groups()
    try:
        said = datetime.strptime(minutes + (seconds or "00"), "%Y%m%d%H%M%S")  # noqa: DTZ007 - its zone follows
        if sign is None:
            return said.replace(tzinfo=ZoneInfo(settings.HL7_TIME_ZONE))
        off = timedelta(hours=int(hours_off), minutes=int(minutes_off))
        return said.replace(tzinfo=timezone(off if sign == "+" else -off))
    except ValueError:
        return None

"""Moments and spans as the console writes them."""

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

from portal.studies.display import number


def clock(moment: datetime, *, seconds: bool = False) -> str:
    """The time of day, with the date where that is not today."""
    local = timezone.localtime(moment)
    time = f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"
    if local.date() == timezone.localdate():
        return time
    return f"{date_format(local, 'j M')} {time}"


def duration(span: timedelta) -> str:
    """How long, in the largest unit that is full: seconds, minutes or hours."""
    seconds = max(int(span.total_seconds()), 0)
    if seconds < 60:
        return gettext("%(count)s s") % {"count": seconds}
    if seconds < 3600:
        return gettext("%(count)s min") % {"count": seconds // 60}
    return gettext("%(count)s h") % {"count": number(seconds // 3600)}

"""What a server's card says of the machines around it: what waits to be sent on, and who does not answer."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.translation import gettext, ngettext

from monitoring.models import ServerState
from monitoring.moments import clock, duration
from portal.studies.display import number

MOST_SILENT: Final = 5
"""So many machines that do not answer have a line of their own."""


@dataclass(frozen=True)
class Line:
    """One line of the card, and whether somebody should look at it."""

    words: str
    needs_look: bool = False


def forwarding_line(state: ServerState | None, now: datetime) -> Line | None:
    """What waits to be sent on to other machines; None where the server forwards nothing."""
    forwarding = state.forwarding if state else None
    if not forwarding:
        return None
    refused, away = forwarding["parked"], forwarding["unreachable"]
    parts = []
    if forwarding["waiting"]:
        waiting = gettext("%(count)s waiting") % {"count": number(forwarding["waiting"])}
        since = forwarding["oldest_waiting_since"]
        parts.append(f"{waiting}, {duration(now - datetime.fromisoformat(since))}" if since else waiting)
    if refused:
        parts.append(ngettext("%(count)s refused", "%(count)s refused", refused) % {"count": number(refused)})
    if away:
        words = ngettext("%(count)s destination takes nothing", "%(count)s destinations take nothing", away)
        parts.append(words % {"count": number(away)})
    if forwarding["uncommitted"]:
        words = gettext("%(count)s not confirmed yet") % {"count": number(forwarding["uncommitted"])}
        parts.append(words)
    return Line(", ".join(parts) or gettext("all sent"), needs_look=bool(refused or away))


def equipment_lines(state: ServerState | None) -> tuple[Line, ...]:
    """One line for all machines that answer, and one for each that does not; none where none is watched."""
    machines = state.equipment if state else []
    if not machines:
        return ()
    silent = [machine for machine in machines if not machine["reachable"]]
    lines = [
        Line(gettext("%(machine)s unreachable since %(time)s") % {"machine": one["name"], "time": _since(one)}, True)
        for one in silent[:MOST_SILENT]
    ]
    if len(silent) > MOST_SILENT:
        words = gettext("and %(count)s more") % {"count": number(len(silent) - MOST_SILENT)}
        lines.append(Line(words, needs_look=True))
    if len(silent) < len(machines):
        answering = len(machines) - len(silent)
        words = ngettext("%(count)s machine answers", "%(count)s machines answer", answering)
        lines.append(Line(words % {"count": number(answering)}))
    return tuple(lines)


def _since(machine: dict[str, str | None]) -> str:
    return clock(datetime.fromisoformat(machine["unreachable_since"] or machine["checked_at"] or ""))

"""What needs a person about the machines that a server asks by C-ECHO whether they are there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext, ngettext

from monitoring.alerts import Alert, Matter
from monitoring.models import ServerState
from monitoring.moments import clock
from portal.servers.models import DicomServer
from portal.studies.display import number

SILENT_AFTER: Final = timedelta(minutes=5)
"""A machine is asked each minute; shorter silence is a restart, or a cable that was pulled and put back."""
NOT_ASKED_FOR: Final = timedelta(minutes=15)
"""Nobody asks the machines any more: what is said of them is old."""
MOST_ALONE: Final = 3
"""So many machines of one server have an alert of their own; more of them have one cause, most likely."""


@dataclass(frozen=True)
class _Machine:
    """A machine as a heartbeat told of it."""

    name: str
    ae_title: str
    silent_since: datetime | None
    checked_at: datetime
    answered_at: datetime | None


def equipment_alerts(server: DicomServer, state: ServerState, now: datetime) -> Iterator[Alert]:
    """One alert for each machine that does not answer, or one for many; one where nobody asks them."""
    machines = [_machine(one) for one in state.equipment]
    if machines and now - max(machine.checked_at for machine in machines) >= NOT_ASKED_FOR:
        yield _not_asked(server, machines)
        return
    silent = [one for one in machines if one.silent_since is not None and now - one.silent_since >= SILENT_AFTER]
    if len(silent) > MOST_ALONE:
        yield _many_silent(server, silent, len(machines))
        return
    for machine in silent:
        yield _silent(server, machine)


def _machine(told: dict[str, str | None]) -> _Machine:
    return _Machine(
        name=told["name"] or "",
        ae_title=told["ae_title"] or "",
        silent_since=_moment(told["unreachable_since"] or told["checked_at"]) if not told["reachable"] else None,
        checked_at=datetime.fromisoformat(told["checked_at"] or ""),
        answered_at=_moment(told["reachable_at"]),
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _silent(server: DicomServer, machine: _Machine) -> Alert:
    if machine.answered_at is None:
        cause = gettext("%(server)s asks it each minute by C-ECHO (AE title %(title)s). It has never answered.")
    else:
        cause = gettext("%(server)s asks it each minute by C-ECHO (AE title %(title)s). It answered last at %(time)s.")
    answered = clock(machine.answered_at) if machine.answered_at else ""
    return Alert(
        Matter.EQUIPMENT,
        gettext("%(machine)s does not answer") % {"machine": machine.name},
        machine.silent_since,
        cause % {"server": server.name, "title": machine.ae_title, "time": answered},
        gettext("What is made on it may not arrive, and what is meant for it waits."),
        gettext(
            "Look whether it is switched on and its line works. If it is meant to be off, stop watching it: "
            "change_peer with --no-watch."
        ),
    )


def _many_silent(server: DicomServer, silent: Sequence[_Machine], watched: int) -> Alert:
    names = ", ".join(machine.name for machine in silent[:MOST_ALONE])
    more = len(silent) - MOST_ALONE
    cause = ngettext(
        "%(names)s and %(count)s more do not answer C-ECHO. So many at once have one cause, most likely.",
        "%(names)s and %(count)s more do not answer C-ECHO. So many at once have one cause, most likely.",
        more,
    )
    title = gettext("%(server)s: %(silent)s of %(watched)s machines do not answer")
    return Alert(
        Matter.EQUIPMENT,
        title % {"server": server.name, "silent": number(len(silent)), "watched": number(watched)},
        min(machine.silent_since for machine in silent if machine.silent_since is not None),
        cause % {"names": names, "count": number(more)},
        gettext("What is made on them may not arrive, and what is meant for them waits."),
        gettext("Look at the network between the server and them first, then at the machines."),
    )


def _not_asked(server: DicomServer, machines: Sequence[_Machine]) -> Alert:
    asked_at = max(machine.checked_at for machine in machines)
    return Alert(
        Matter.EQUIPMENT,
        gettext("%(server)s: nobody asks its machines") % {"server": server.name},
        asked_at,
        gettext("The machines were last asked at %(time)s whether they are there.") % {"time": clock(asked_at)},
        gettext("Nobody knows whether they work. Nothing is sent on or fetched either, most likely."),
        gettext("Look whether the server’s worker for long work (run_transfers) and its scheduler (run_beat) run."),
    )

"""What needs a person about what a server sends on, and about storage commitment in both directions."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils.translation import gettext, ngettext

from monitoring.alerts import Alert, Matter
from monitoring.models import ServerState
from monitoring.moments import clock
from portal.servers.models import DicomServer
from portal.studies.display import number

UNREACHABLE_AFTER: Final = timedelta(minutes=5)
"""Shorter than this a destination is down for a restart."""
QUEUE_OLD_AFTER: Final = timedelta(hours=1)
"""Instances that a destination could take wait so long only where something is wrong, or too slow."""
UNCOMMITTED_AFTER: Final = timedelta(hours=2)
"""A destination is asked anew after an hour: by now it has been asked twice."""
UNTOLD_AFTER: Final = timedelta(hours=1)
"""A machine that listens is told within seconds."""


@dataclass(frozen=True)
class _Destination:
    """A destination as a heartbeat told of it."""

    name: str
    waiting: int
    parked: int
    waiting_since: datetime | None
    unreachable_since: datetime | None
    uncommitted: int
    uncommitted_since: datetime | None
    not_kept: int


def destination_alerts(server: DicomServer, state: ServerState, now: datetime) -> Iterator[Alert]:
    """The alerts of each destination; those of a destination that takes nothing have that one cause."""
    for told in (state.forwarding or {}).get("destinations", []):
        destination = _destination(told)
        since = destination.unreachable_since
        if since is not None:
            if now - since >= UNREACHABLE_AFTER:
                yield _unreachable(server, destination)
            continue
        if destination.waiting_since is not None and now - destination.waiting_since >= QUEUE_OLD_AFTER:
            yield _queue_old(server, destination, destination.waiting_since)
        if destination.parked:
            yield _refused(server, destination)
        if destination.uncommitted_since is not None and now - destination.uncommitted_since >= UNCOMMITTED_AFTER:
            yield _uncommitted(server, destination)
        if destination.not_kept:
            yield _not_kept(server, destination)


def untold_alerts(server: DicomServer, state: ServerState, now: datetime) -> Iterator[Alert]:
    """The alert of machines that asked for storage commitment and cannot be told."""
    untold = state.untold_commitments or {}
    since = _moment(untold.get("oldest_waiting_since"))
    if since is None or now - since < UNTOLD_AFTER:
        return
    count = untold["waiting"]
    words = ngettext(
        "%(count)s request for storage commitment is answered, and the machine that asked does not take the answer.",
        "%(count)s requests for storage commitment are answered, and who asked does not take the answers.",
        count,
    )
    yield Alert(
        Matter.COMMITMENT,
        gettext("%(server)s: a machine cannot be told what is kept") % {"server": server.name},
        since,
        words % {"count": number(count)},
        gettext("The machine may keep its own copies for ever, or send them again."),
        gettext("Look whether the machine is a peer with host and port, and listens there: list_peers, and the log."),
    )


def _destination(told: dict[str, Any]) -> _Destination:
    return _Destination(
        name=told["name"],
        waiting=told["waiting"],
        parked=told["parked"],
        waiting_since=_moment(told["oldest_waiting_since"]),
        unreachable_since=_moment(told["unreachable_since"]),
        uncommitted=told["uncommitted"],
        uncommitted_since=_moment(told["oldest_uncommitted_since"]),
        not_kept=told["not_kept"],
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _images(count: int) -> str:
    return ngettext("%(count)s image", "%(count)s images", count) % {"count": number(count)}


def _unreachable(server: DicomServer, destination: _Destination) -> Alert:
    since = destination.unreachable_since
    return Alert(
        Matter.FORWARDING,
        gettext("%(destination)s takes nothing") % {"destination": destination.name},
        since,
        gettext("%(server)s sends on to it, and has failed since %(time)s: it cannot be reached, refuses, or is full.")
        % {"server": server.name, "time": clock(since) if since else ""},
        gettext("For it wait: %(images)s. They are safe, and go when it takes them.")
        % {"images": _images(destination.waiting)},
        gettext("Look whether the machine runs and lets the server in; list_forward_rules says what it answered."),
    )


def _queue_old(server: DicomServer, destination: _Destination, since: datetime) -> Alert:
    return Alert(
        Matter.FORWARDING,
        gettext("%(destination)s: what waits for it grows old") % {"destination": destination.name},
        since,
        gettext("For it wait at %(server)s: %(images)s, the oldest since %(time)s. It can be reached.")
        % {"server": server.name, "images": _images(destination.waiting), "time": clock(since)},
        gettext("Whoever reads there misses images. Nothing is lost."),
        gettext(
            "Look whether the server’s worker for long work (run_transfers) runs; if it does, the machine or the line "
            "is too slow."
        ),
    )


def _refused(server: DicomServer, destination: _Destination) -> Alert:
    return Alert(
        Matter.FORWARDING,
        gettext("%(destination)s refuses images") % {"destination": destination.name},
        None,
        gettext("It refused for good what %(server)s sent on: %(images)s.")
        % {"server": server.name, "images": _images(destination.parked)},
        gettext("They are missing there. The server tries them again every six hours."),
        gettext("Ask the machine’s administrator why: the server’s log names each image with the status it got."),
    )


def _uncommitted(server: DicomServer, destination: _Destination) -> Alert:
    since = destination.uncommitted_since
    return Alert(
        Matter.COMMITMENT,
        gettext("%(destination)s does not confirm what it was sent") % {"destination": destination.name},
        since,
        gettext("%(server)s asked it for storage commitment. Not confirmed since %(time)s: %(images)s.")
        % {
            "server": server.name,
            "time": clock(since) if since else "",
            "images": _images(destination.uncommitted),
        },
        gettext("Nobody knows whether it keeps them. Here they stay."),
        gettext(
            "Look whether it offers storage commitment and can reach the server. A rule made without --commitment asks "
            "for none."
        ),
    )


def _not_kept(server: DicomServer, destination: _Destination) -> Alert:
    return Alert(
        Matter.COMMITMENT,
        gettext("%(destination)s does not keep what it was sent") % {"destination": destination.name},
        None,
        gettext("Asked for storage commitment, it answered %(server)s that it does not keep: %(images)s.")
        % {"server": server.name, "images": _images(destination.not_kept)},
        gettext("They are sent again, and stay here. If it goes on, they are missing there."),
        gettext("Ask the machine’s administrator what becomes of images that it has taken."),
    )

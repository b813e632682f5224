"""What needs a person about a DICOM Server itself: silence, disk, messages, certificates, files set aside."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext, ngettext

from monitoring.alerts import Alert, Matter
from monitoring.certificates import CertificateEnd, advice_on_end, cause_of_end, effect_of_end, ends_soon
from monitoring.display import disk_words, outbox_words, set_aside_words
from monitoring.models import ServerState
from monitoring.moments import clock
from monitoring.states import is_nearly_full, is_outbox_late
from monitoring.troubles import is_about_room, is_refusing, words_of
from portal.servers.models import DicomServer

SET_ASIDE_IS_NEWS: Final = timedelta(days=7)
"""So long after the newest file was set aside somebody is asked to look; the card shows the count for ever."""


def silence_of(server: DicomServer, now: datetime) -> Alert | None:
    """The alert of a server that is not heard from; None where it is."""
    name = {"server": server.name}
    if server.last_contact_at is None:
        return Alert(
            Matter.NEVER_HEARD,
            gettext("%(server)s: not heard yet") % name,
            server.enrolled_at,
            gettext("It enrolled and has sent no heartbeat since."),
            gettext("No study of it can be opened."),
            gettext("Start its worker and its scheduler."),
        )
    if server.is_reachable(now):
        return None
    return Alert(
        Matter.UNREACHABLE,
        gettext("%(server)s: server unreachable") % name,
        server.last_contact_at,
        gettext("No heartbeat since %(time)s.") % {"time": clock(server.last_contact_at, seconds=True)},
        gettext("Its studies cannot be opened from outside the hospital. New images wait there and follow later."),
        gettext("Look whether the hospital’s line works, then whether the server and its worker run."),
    )


def server_alerts(server: DicomServer, state: ServerState, now: datetime) -> Iterator[Alert]:
    """Everything that needs a person about a server that is heard from."""
    if state.troubles:
        yield _trouble(server, state)
    for end in ends_soon(state, now):
        yield _certificate(server, end, now)
    if is_nearly_full(state) and not is_about_room(state.troubles):
        yield Alert(
            Matter.DISK,
            gettext("%(server)s: disk nearly full") % {"server": server.name},
            None,
            f"{disk_words(state)}.",
            gettext("New images are refused once it is full. What is stored stays readable."),
            gettext("Enlarge the volume of the archive, or make room on it."),
        )
    if is_outbox_late(state, now):
        yield Alert(
            Matter.OUTBOX,
            gettext("%(server)s: messages wait") % {"server": server.name},
            state.outbox_oldest_waiting_since,
            gettext("The server is heard from, but cannot deliver what it stored: %(outbox)s.")
            % {"outbox": outbox_words(state, now)},
            gettext("New studies appear on worklists when it can. Nothing is lost."),
            gettext("Look whether the server’s worker runs, and what its log says."),
        )
    if _has_set_aside_lately(state, now):
        yield _set_aside(server, state)


def _trouble(server: DicomServer, state: ServerState) -> Alert:
    words = words_of(state.troubles)
    refusing = is_refusing(state.troubles)
    return Alert(
        Matter.TROUBLE,
        gettext("%(server)s: %(trouble)s") % {"server": server.name, "trouble": str(words.short).lower()},
        None,
        str(words.cause),
        gettext("New images are refused for the moment. What is stored stays readable, and nothing is lost.")
        if refusing
        else gettext("New images are kept and appear on worklists later. Nothing is lost."),
        gettext("Repair the archive’s disk, or make room on it. The server goes on by itself.")
        if refusing
        else gettext("Repair the server’s database. The server goes on by itself."),
    )


def _certificate(server: DicomServer, end: CertificateEnd, now: datetime) -> Alert:
    has_ended = end.has_ended(now)
    title = gettext("%(server)s: a certificate ended") if has_ended else gettext("%(server)s: a certificate ends")
    return Alert(
        Matter.CERTIFICATE,
        title % {"server": server.name},
        end.not_after if has_ended else None,
        cause_of_end(end, now),
        effect_of_end(end, now),
        advice_on_end(),
    )


def _has_set_aside_lately(state: ServerState, now: datetime) -> bool:
    """A server of an older version does not say when."""
    if not state.conflicts and not state.quarantined:
        return False
    return state.last_set_aside_at is None or now - state.last_set_aside_at < SET_ASIDE_IS_NEWS


def _set_aside(server: DicomServer, state: ServerState) -> Alert:
    files = state.conflicts + state.quarantined
    causes = []
    if state.quarantined:
        causes.append(gettext("Some files could not be understood."))
    if state.conflicts:
        causes.append(gettext("Some images came a second time under the same number, with other content."))
    return Alert(
        Matter.SET_ASIDE,
        ngettext("%(server)s: a file was set aside", "%(server)s: files were set aside", files)
        % {"server": server.name},
        state.last_set_aside_at,
        " ".join((f"{set_aside_words(state)}.", *causes)),
        gettext("They are kept in the server’s quarantine folder and shown to nobody. Studies may lack images."),
        gettext("Find the reason and the sender in the server’s log, and have the images sent again."),
    )

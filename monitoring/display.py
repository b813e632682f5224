"""What a heartbeat told, in the words of cards and alerts."""

from datetime import datetime

from django.utils.translation import gettext, ngettext

from monitoring.models import ServerState
from monitoring.moments import duration
from portal.studies.display import bytes_text, number


def disk_words(state: ServerState | None) -> str:
    """Free and total room of the archive."""
    if state is None or not state.archive_bytes_total:
        return gettext("unknown")
    return gettext("%(free)s free of %(total)s") % {
        "free": bytes_text(state.archive_bytes_free),
        "total": bytes_text(state.archive_bytes_total),
    }


def outbox_words(state: ServerState | None, now: datetime) -> str:
    """How many messages wait for the portal, and how long."""
    if state is None:
        return gettext("unknown")
    if not state.outbox_waiting:
        return gettext("empty")
    waiting = gettext("%(count)s waiting") % {"count": number(state.outbox_waiting)}
    if state.outbox_oldest_waiting_since is None:
        return waiting
    return f"{waiting}, {duration(now - state.outbox_oldest_waiting_since)}"


def holds_words(state: ServerState | None) -> str:
    """How much the archive holds."""
    if state is None:
        return gettext("unknown")
    studies = ngettext("%(count)s study", "%(count)s studies", state.number_of_studies)
    images = ngettext("%(count)s image", "%(count)s images", state.number_of_instances)
    return ", ".join(
        (
            studies % {"count": number(state.number_of_studies)},
            images % {"count": number(state.number_of_instances)},
        )
    )


def set_aside_words(state: ServerState | None) -> str:
    """Conflicts and files that could not be understood; empty where there are none."""
    if state is None:
        return ""
    parts = []
    if state.conflicts:
        words = ngettext("%(count)s conflict", "%(count)s conflicts", state.conflicts)
        parts.append(words % {"count": number(state.conflicts)})
    if state.quarantined:
        words = ngettext("%(count)s not understood", "%(count)s not understood", state.quarantined)
        parts.append(words % {"count": number(state.quarantined)})
    return ", ".join(parts)

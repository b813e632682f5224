"""Figures for Prometheus, all taken from the database and the disk, so that each process tells the same."""

import contextlib
from collections.abc import Iterator
from enum import StrEnum

from django.db import DatabaseError
from django.utils import timezone
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from dicomserver.access.selectors import open_session_count
from dicomserver.archive import ArchiveError, Trouble
from dicomserver.dicomweb.readiness import current_condition
from dicomserver.equipment.selectors import equipment_checks
from dicomserver.forwarding.selectors import forward_counts
from dicomserver.index.condition import DatabaseTrouble
from dicomserver.index.selectors import index_counts
from dicomserver.ingest.archives import configured_archive
from dicomserver.outbox.selectors import outbox_counts


class ServerCollector(Collector):
    """The state of this DICOM Server; what cannot be looked at is left out."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Look at everything once."""
        yield from _condition()
        with contextlib.suppress(ArchiveError):
            yield from _space()
        with contextlib.suppress(DatabaseError):
            yield from [*_index(), *_outbox(), *_forwards(), *_equipment()]


def exposition() -> tuple[bytes, str]:
    """The metrics as text, and its Content-Type."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(ServerCollector())
    return generate_latest(registry), CONTENT_TYPE_LATEST


def _condition() -> Iterator[GaugeMetricFamily]:
    condition = current_condition()
    trouble = condition.archive.trouble if condition.archive else None
    yield _troubles("archive_trouble", "1 where this keeps the archive from storing.", Trouble, trouble)
    yield _troubles(
        "database_trouble", "1 where this keeps the database from its work.", DatabaseTrouble, condition.database
    )
    if condition.waiting is not None:
        waiting = condition.waiting
        yield _gauge("instances_waiting", "Instances that are safe, but not in the index yet.", waiting.instances)
        yield _gauge("instances_waiting_seconds", "How long the first of them has waited.", waiting.oldest_seconds)


def _space() -> Iterator[GaugeMetricFamily]:
    archive = configured_archive()
    space = archive.space()
    yield _gauge("archive_bytes_total", "Size of the archive's file system.", space.bytes_total)
    yield _gauge("archive_bytes_free", "Free bytes on the archive's file system.", space.bytes_free)
    yield _gauge("archive_bytes_reserve", "Below so many free bytes nothing is taken in.", archive.reserve_bytes)
    yield _gauge("archive_inodes_total", "Inodes of the archive's file system, 0 if not counted.", space.files_total)
    yield _gauge("archive_inodes_free", "Free inodes on the archive's file system.", space.files_free)


def _index() -> Iterator[GaugeMetricFamily]:
    index = index_counts()
    last_received = index.last_received_at.timestamp() if index.last_received_at else 0.0
    yield _gauge("archive_studies", "Studies in the index.", index.studies)
    yield _gauge("archive_instances", "Instances in the index.", index.instances)
    yield _gauge("archive_conflicts", "Instances set aside as conflicts.", index.conflicts)
    yield _gauge("archive_quarantined", "Files in quarantine.", index.quarantined)
    yield _gauge("archive_last_received_timestamp_seconds", "When the last instance came in.", last_received)


def _outbox() -> Iterator[GaugeMetricFamily]:
    outbox = outbox_counts()
    oldest = outbox.oldest_waiting_since
    waiting_seconds = (timezone.now() - oldest).total_seconds() if oldest else 0.0
    yield _gauge("outbox_waiting", "Messages that the portal does not have yet.", outbox.waiting)
    yield _gauge("outbox_parked", "Messages that the portal refuses.", outbox.parked)
    yield _gauge("outbox_oldest_waiting_seconds", "Age of the oldest waiting message.", waiting_seconds)
    yield _gauge("viewing_sessions_open", "Viewing sessions that are going on.", open_session_count())


def _forwards() -> list[GaugeMetricFamily]:
    waiting = _labelled("forwards_waiting", "Instances that wait for a destination.", "destination")
    parked = _labelled("forwards_parked", "Instances that a destination refuses.", "destination")
    uncommitted = _labelled("forwards_uncommitted", "Sent instances that wait for commitment.", "destination")
    oldest = _labelled("forwards_oldest_waiting_seconds", "Age of the oldest waiting instance.", "destination")
    takes = _labelled("forwards_destination_up", "0 where the destination takes nothing now.", "destination")
    now = timezone.now()
    for counts in forward_counts():
        name = [counts.destination.name]
        waiting.add_metric(name, counts.waiting)
        parked.add_metric(name, counts.parked)
        uncommitted.add_metric(name, counts.uncommitted)
        since = counts.oldest_waiting_since
        oldest.add_metric(name, (now - since).total_seconds() if since else 0.0)
        takes.add_metric(name, float(counts.down_since is None))
    return [waiting, parked, uncommitted, oldest, takes]


def _equipment() -> list[GaugeMetricFamily]:
    reachable = _labelled("equipment_reachable", "Whether a watched machine answered the last C-ECHO.", "peer")
    seconds = _labelled("equipment_echo_seconds", "How long its last answer took.", "peer")
    for check in equipment_checks():
        reachable.add_metric([check.peer.name], float(check.is_reachable))
        if check.seconds is not None:
            seconds.add_metric([check.peer.name], check.seconds)
    return [reachable, seconds]


def _labelled(name: str, help_text: str, label: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"dicomserver_{name}", help_text, labels=[label])


def _gauge(name: str, help_text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"dicomserver_{name}", help_text, value=value)


def _troubles(name: str, help_text: str, kinds: type[StrEnum], present: StrEnum | None) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"dicomserver_{name}", help_text, labels=["trouble"])
    for kind in kinds:
        family.add_metric([kind.value], float(kind is present))
    return family

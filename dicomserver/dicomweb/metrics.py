"""Figures for Prometheus, all taken from the database and the disk, so that each process tells the same."""

from collections.abc import Iterator

from django.conf import settings
from django.utils import timezone
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from dicomserver.access.selectors import open_session_count
from dicomserver.archive import Archive
from dicomserver.index.selectors import index_counts
from dicomserver.outbox.selectors import outbox_counts


class ServerCollector(Collector):
    """The state of this DICOM Server."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Look at everything once."""
        index, outbox = index_counts(), outbox_counts()
        space = Archive(settings.DICOM_SERVER_HOME).space()
        oldest = outbox.oldest_waiting_since
        waiting_seconds = (timezone.now() - oldest).total_seconds() if oldest else 0.0
        last_received = index.last_received_at.timestamp() if index.last_received_at else 0.0
        yield _gauge("archive_studies", "Studies in the index.", index.studies)
        yield _gauge("archive_instances", "Instances in the index.", index.instances)
        yield _gauge("archive_conflicts", "Instances set aside as conflicts.", index.conflicts)
        yield _gauge("archive_quarantined", "Files in quarantine.", index.quarantined)
        yield _gauge("archive_bytes_total", "Size of the archive's file system.", space.bytes_total)
        yield _gauge("archive_bytes_free", "Free bytes on the archive's file system.", space.bytes_free)
        yield _gauge("archive_last_received_timestamp_seconds", "When the last instance came in.", last_received)
        yield _gauge("outbox_waiting", "Messages that the portal does not have yet.", outbox.waiting)
        yield _gauge("outbox_parked", "Messages that the portal refuses.", outbox.parked)
        yield _gauge("outbox_oldest_waiting_seconds", "Age of the oldest waiting message.", waiting_seconds)
        yield _gauge("viewing_sessions_open", "Viewing sessions that are going on.", open_session_count())


def exposition() -> tuple[bytes, str]:
    """The metrics as text, and its Content-Type. Raises django.db.DatabaseError."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(ServerCollector())
    return generate_latest(registry), CONTENT_TYPE_LATEST


def _gauge(name: str, help_text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"dicomserver_{name}", help_text, value=value)

"""Prometheus metrics of the network, read from the database when they are asked for."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from monitoring.attention import alerts_of
from monitoring.selectors import all_servers
from monitoring.states import state_of, state_word
from portal.servers.models import DicomServer

_LABELS = ["server_id", "server", "institution"]


def metrics_text() -> bytes:
    """Return the metrics in the text format of Prometheus."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(NetworkCollector(all_servers(), timezone.now()))
    return generate_latest(registry)


class NetworkCollector:
    """Gauges of every DICOM Server, as its last heartbeat said; none of a value that is not known."""

    def __init__(self, servers: list[DicomServer], now: datetime) -> None:
        self.servers = servers
        self.now = now

    def collect(self) -> Iterable[Metric]:
        """Yield each gauge with one value a server."""
        yield self._gauge("reachable", "1 where the server spoke lately.", self._reachable)
        yield self._gauge("works", "1 where the server itself needs nobody.", self._works)
        yield self._gauge("alerts", "What needs a person, the machines around the server too.", self._alerts)
        yield self._gauge("heartbeat_age_seconds", "Time since the last heartbeat.", self._age)
        for name, column, words in (
            ("archive_bytes_total", "archive_bytes_total", "Size of the archive's volume."),
            ("archive_bytes_free", "archive_bytes_free", "Free bytes on the archive's volume."),
            ("studies", "number_of_studies", "Studies in the archive."),
            ("instances", "number_of_instances", "Instances in the archive."),
            ("outbox_waiting", "outbox_waiting", "Messages that wait for the portal."),
            ("conflicts", "conflicts", "Instances set aside because another one has their UID."),
            ("quarantined", "quarantined", "Files set aside because they could not be understood."),
        ):
            yield self._gauge(name, words, lambda server, column=column: getattr(state_of(server), column, None))
        for name, key, words in (
            ("forwards_waiting", "waiting", "Instances that wait to be sent on to other machines."),
            ("forwards_parked", "parked", "Instances that other machines refuse."),
        ):
            yield self._gauge(name, words, lambda server, key=key: (_forwarding(server) or {}).get(key))
        yield self._gauge("equipment_unreachable", "Watched machines that do not answer.", _unreachable)

    def _gauge(self, name: str, words: str, value_of: Any) -> GaugeMetricFamily:
        family = GaugeMetricFamily(f"dicom_network_server_{name}", words, labels=_LABELS)
        for server in self.servers:
            value = value_of(server)
            if value is not None:
                family.add_metric([str(server.pk), server.name, server.institution.code], float(value))
        return family

    def _reachable(self, server: DicomServer) -> bool:
        return server.is_reachable(self.now)

    def _works(self, server: DicomServer) -> bool:
        return state_word(server, state_of(server), self.now) == "works"

    def _alerts(self, server: DicomServer) -> int:
        return len(alerts_of(server, self.now))

    def _age(self, server: DicomServer) -> float | None:
        return (self.now - server.last_contact_at).total_seconds() if server.last_contact_at else None


def _forwarding(server: DicomServer) -> dict[str, Any] | None:
    state = state_of(server)
    return state.forwarding if state else None


def _unreachable(server: DicomServer) -> int | None:
    state = state_of(server)
    return sum(not machine["reachable"] for machine in state.equipment) if state and state.equipment else None

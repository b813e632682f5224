"""All that needs a person, over all servers: one cause, one alert."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from monitoring.alerts import Alert, Matter
from monitoring.destination_alerts import destination_alerts, untold_alerts
from monitoring.equipment_alerts import equipment_alerts
from monitoring.server_alerts import server_alerts, silence_of
from monitoring.states import state_of
from portal.servers.models import DicomServer

_URGENCY: Final = tuple(Matter)


def alerts_for(servers: Iterable[DicomServer], now: datetime) -> tuple[Alert, ...]:
    """The alerts of all these servers, the most urgent first."""
    alerts = [alert for server in servers for alert in alerts_of(server, now)]
    return tuple(sorted(alerts, key=lambda alert: _URGENCY.index(alert.matter)))


def alerts_of(server: DicomServer, now: datetime) -> list[Alert]:
    """The alerts of one server. Of one that is silent nothing else is known for certain."""
    silence = silence_of(server, now)
    state = state_of(server)
    if silence is not None or state is None:
        return [silence] if silence is not None else []
    return [
        *server_alerts(server, state, now),
        *destination_alerts(server, state, now),
        *untold_alerts(server, state, now),
        *equipment_alerts(server, state, now),
    ]

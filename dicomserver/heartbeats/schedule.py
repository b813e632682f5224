"""How often beat sends the heartbeat."""

from typing import Any


def schedule(heartbeat_seconds: int) -> dict[str, dict[str, Any]]:
    """The entries of beat; a heartbeat that could not start before the next is dropped."""
    return {
        "send-heartbeat": {
            "task": "dicomserver.heartbeats.tasks.send_heartbeat",
            "schedule": float(heartbeat_seconds),
            "options": {"expires": float(heartbeat_seconds)},
        }
    }

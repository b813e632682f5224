"""How often beat sends the tasks of the access records."""

from typing import Any, Final

SCHEDULE: Final[dict[str, dict[str, Any]]] = {
    "close-viewing-sessions": {
        "task": "dicomserver.access.tasks.close_viewing_sessions",
        "schedule": 5.0,
        "options": {"expires": 15.0},
    },
    "prune-access": {
        "task": "dicomserver.access.tasks.prune",
        "schedule": 3600.0,
        "options": {"expires": 3600.0},
    },
}

"""How often beat looks for retrievals to begin, and for what is to be forgotten."""

from typing import Any, Final

SCHEDULE: Final[dict[str, dict[str, Any]]] = {
    "fetch-waiting": {
        "task": "dicomserver.elsewhere.tasks.fetch_waiting",
        "schedule": 1.0,
        "options": {"expires": 3.0},
    },
    "prune-elsewhere": {
        "task": "dicomserver.elsewhere.tasks.prune",
        "schedule": 3600.0,
        "options": {"expires": 3600.0},
    },
}

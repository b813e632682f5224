"""How often beat has the watched machines asked."""

from typing import Any, Final

SCHEDULE: Final[dict[str, dict[str, Any]]] = {
    "check-watched-equipment": {
        "task": "dicomserver.equipment.tasks.check_watched_equipment",
        "schedule": 60.0,
        "options": {"expires": 60.0},
    },
}

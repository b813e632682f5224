"""How often beat looks at the studies that are held open."""

from typing import Any, Final

SCHEDULE: Final[dict[str, dict[str, Any]]] = {
    "settle-held-studies": {
        "task": "dicomserver.orders.tasks.settle_held_studies",
        "schedule": 5.0,
        "options": {"expires": 10.0},
    },
    "prune-patients": {
        "task": "dicomserver.orders.tasks.prune_patients",
        "schedule": 3600.0,
        "options": {"expires": 3600.0},
    },
    "prune-announced-instances": {
        "task": "dicomserver.orders.tasks.prune",
        "schedule": 3600.0,
        "options": {"expires": 3600.0},
    },
}

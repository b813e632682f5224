"""How often beat looks for deleted files whose time is over."""

from typing import Any, Final

SCHEDULE: Final[dict[str, dict[str, Any]]] = {
    "purge-deleted": {
        "task": "dicomserver.deleting.tasks.purge_deleted",
        "schedule": 600.0,
        "options": {"expires": 600.0},
    },
}

"""How often beat looks for commitments to tell or to ask for."""

from typing import Any, Final

SCHEDULE: Final[dict[str, dict[str, Any]]] = {
    "work-on-commitments": {
        "task": "dicomserver.commitment.tasks.work_on_due_requests",
        "schedule": 2.0,
        "options": {"expires": 10.0},
    },
    "forget-commitments": {
        "task": "dicomserver.commitment.tasks.forget_old",
        "schedule": 3600.0,
        "options": {"expires": 3600.0},
    },
}

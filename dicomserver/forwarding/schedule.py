"""How often beat looks for instances to send on."""

from typing import Any, Final

SCHEDULE: Final[dict[str, dict[str, Any]]] = {
    "forward-due-instances": {
        "task": "dicomserver.forwarding.tasks.forward_due_instances",
        "schedule": 1.0,
        "options": {"expires": 3.0},
    },
}

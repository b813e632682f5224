"""How often beat sends the outbox's tasks; each run finds its work in the database, so a lost one costs nothing."""

from typing import Any, Final

# A run that could not start within its pace is dropped: the next one does its work.
SCHEDULE: Final[dict[str, dict[str, Any]]] = {
    "deliver-outbox": {
        "task": "dicomserver.outbox.tasks.deliver_outbox",
        "schedule": 1.0,
        "options": {"expires": 3.0},
    },
    "complete-quiet-studies": {
        "task": "dicomserver.outbox.tasks.complete_quiet_studies",
        "schedule": 2.0,
        "options": {"expires": 10.0},
    },
    "prune-outbox": {
        "task": "dicomserver.outbox.tasks.prune",
        "schedule": 3600.0,
        "options": {"expires": 3600.0},
    },
}

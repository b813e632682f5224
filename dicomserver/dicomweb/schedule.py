"""How often beat has prepared what readers will ask for; each run finds its work in the index."""

from typing import Any, Final

# A run that could not start within its pace is dropped: the next one does its work.
SCHEDULE: Final[dict[str, dict[str, Any]]] = {
    "prepare-metadata": {
        "task": "dicomserver.dicomweb.tasks.prepare_metadata",
        "schedule": 2.0,
        "options": {"expires": 4.0},
    },
    "prepare-pictures": {
        "task": "dicomserver.dicomweb.tasks.prepare_pictures",
        "schedule": 5.0,
        "options": {"expires": 10.0},
    },
    "bound-cache": {
        "task": "dicomserver.dicomweb.tasks.bound_cache",
        "schedule": 300.0,
        "options": {"expires": 300.0},
    },
}

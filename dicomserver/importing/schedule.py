"""How often beat sends the import's tasks."""

from typing import Any, Final

SCHEDULE: Final[dict[str, dict[str, Any]]] = {
    # A browser's last piece sends it too; this finds what a lost task left.
    "import-uploads": {
        "task": "dicomserver.importing.tasks.import_uploads",
        "schedule": 2.0,
        "options": {"expires": 5.0},
    },
    "look-into-import-folder": {
        "task": "dicomserver.importing.tasks.look_into_import_folder",
        "schedule": 3.0,
        "options": {"expires": 5.0},
    },
    "forget-uploads": {
        "task": "dicomserver.importing.tasks.forget_uploads",
        "schedule": 600.0,
        "options": {"expires": 600.0},
    },
}

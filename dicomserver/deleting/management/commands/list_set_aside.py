"""Shows the files that were set aside."""

from typing import Any

from django.core.management.base import BaseCommand

from dicomserver.deleting.set_aside import files_set_aside


class Command(BaseCommand):
    """python -m dicomserver list_set_aside."""

    help = (
        "List the files that were set aside, one a line with tabs between: name, reason, when it came (UTC), from "
        "whom, bytes, study, instance, file below quarantine/."
    )

    def handle(self, *_arguments: Any, **_options: Any) -> None:
        """One line each."""
        for one in files_set_aside():
            uids = (one.study_instance_uid, one.sop_instance_uid)
            said = (one.name, one.reason, f"{one.received_at:%Y-%m-%d %H:%M}", one.sender, str(one.file_bytes), *uids)
            self.stdout.write("\t".join(value or "-" for value in (*said, one.path)))

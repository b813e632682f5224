"""Checks that every stored file is what was received."""

import logging
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from dicomserver.ingest.archives import configured_archive
from dicomserver.ingest.verifying import verified_instances

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    """python -m dicomserver verify_archive."""

    help = "Compute the digest of every stored file again; fails and names the files that differ."

    def handle(self, *_arguments: Any, **_options: Any) -> None:
        """Read the whole archive."""
        archive = configured_archive()
        checked = damaged = 0
        for damage in verified_instances(archive):
            checked += 1
            if damage is None:
                continue
            damaged += 1
            self.stderr.write(f"{damage.relative_path}: {damage.problem}")
            logger.error(
                "A stored instance is damaged: %s",
                damage.problem,
                extra={"sop_instance_uid": damage.sop_instance_uid, "relative_path": damage.relative_path},
            )
        self.stdout.write(f"checked: {checked}, damaged: {damaged}")
        if damaged:
            raise CommandError(f"{damaged} of {checked} files are not what was received. Restore them from a backup.")

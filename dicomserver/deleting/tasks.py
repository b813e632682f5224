"""The tasks of deleting: safe to run twice, at once, or never, for the next run does what this one did not."""

from celery import shared_task

from dicomserver.deleting import services
from dicomserver.ingest.archives import configured_archive


@shared_task(acks_late=True)
def purge_deleted() -> None:
    """Remove the bytes of what was deleted long ago, and undo what a crash cut short."""
    archive = configured_archive()
    services.settle_deletions(archive)
    services.purge_deleted(archive)

"""The import's tasks: safe to run twice, at once, or never, for what waits lies in the database and in folders."""

from celery import shared_task

from dicomserver.importing import taking, uploads, watching


@shared_task(acks_late=True)
def import_uploads() -> None:
    """Import what was uploaded in full."""
    taking.import_due_uploads()


@shared_task(acks_late=True)
def forget_uploads() -> None:
    """Remove uploads that nobody went on with, and results that were shown long enough."""
    uploads.forget_old_uploads()


@shared_task(acks_late=True)
def look_into_import_folder() -> None:
    """Take in what lies in the watched folder and grows no more."""
    watching.look_into_folder()

"""The orders' tasks: safe to run twice, at once, or never, for the next run does what this one did not."""

from celery import shared_task

from dicomserver.orders import completeness, patients


@shared_task(acks_late=True)
def settle_held_studies() -> None:
    """Complete or release the studies that were held open."""
    completeness.settle_held_studies()


@shared_task(acks_late=True)
def prune() -> None:
    """Forget announcements of long ago."""
    completeness.prune_announced()


@shared_task(acks_late=True)
def prune_patients() -> None:
    """Forget what was said of patients long ago."""
    patients.prune_patients()

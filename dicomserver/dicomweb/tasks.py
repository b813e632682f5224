"""Tasks that prepare answers: safe to run twice, at once, or never, for a request makes what it does not find."""

from celery import shared_task

from dicomserver.dicomweb import preparation


@shared_task(acks_late=True)
def prepare_metadata() -> None:
    """Prepare the metadata of series that are quiet."""
    preparation.prepare_metadata()


@shared_task(acks_late=True)
def prepare_pictures() -> None:
    """Draw the pictures of studies that are complete."""
    preparation.prepare_pictures()


@shared_task(acks_late=True)
def bound_cache() -> None:
    """Remove what was used least where the cache has grown too large."""
    preparation.bound_cache()

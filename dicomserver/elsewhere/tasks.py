"""Tasks of finding elsewhere: safe to run twice, at once, or late, for what is to be done is in the database."""

from uuid import UUID

from celery import shared_task

from dicomserver.elsewhere import retrievals, retrieving, searching
from dicomserver.outbox.stopping import is_stopping

# One that could not begin in time is found again.
_EXPIRES_SECONDS = 5.0


@shared_task(acks_late=True)
def fetch_waiting() -> None:
    """Begin each retrieval that waits, in a task of its own."""
    retrievals.resume_retrievals()
    for retrieval_id in retrievals.waiting_retrievals():
        fetch.apply_async((str(retrieval_id),), expires=_EXPIRES_SECONDS)


@shared_task(acks_late=True)
def fetch(retrieval_id: str) -> None:
    """Have a study sent here."""
    retrieving.retrieve(UUID(retrieval_id), is_stopping=is_stopping)


@shared_task(acks_late=True)
def prune() -> None:
    """Forget what was found, and what was fetched long ago."""
    searching.forget_searches()
    retrievals.forget_retrievals()

"""Tasks of storage commitment: safe to run twice, at once, or late."""

from celery import shared_task

from dicomserver.commitment import asking, receiving

# A machine that hangs holds up one task only; what could not begin in time is found again.
_EXPIRES_SECONDS = 5.0


@shared_task(acks_late=True)
def work_on_due_requests() -> None:
    """Begin what is due, each machine in a task of its own."""
    for calling_ae_title in receiving.due_callers():
        answer_caller.apply_async((calling_ae_title,), expires=_EXPIRES_SECONDS)
    for peer_pk in asking.due_archives():
        ask_archive.apply_async((peer_pk,), expires=_EXPIRES_SECONDS)


@shared_task(acks_late=True)
def answer_caller(calling_ae_title: str) -> None:
    """Look at what one machine asked, and tell it."""
    receiving.answer_caller(calling_ae_title)


@shared_task(acks_late=True)
def ask_archive(peer_pk: int) -> None:
    """Ask one archive."""
    asking.ask_archive(peer_pk)


@shared_task(acks_late=True)
def forget_old() -> None:
    """Delete requests that are over."""
    receiving.forget_old()
    asking.forget_old()

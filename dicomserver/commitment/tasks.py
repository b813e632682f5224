"""Tasks of storage commitment: safe to run twice, at once, or late."""

from celery import shared_task

from dicomserver.commitment import asking, receiving

# A machine that hangs holds up one task only; what could not begin in time is found again.
_EXPIRES_SECONDS = 60.0


@shared_task(acks_late=True)
def work_on_due_requests() -> None:
    """Begin what is due, each request in a task of its own."""
    for request_pk in receiving.due_requests():
        answer.apply_async((request_pk,), expires=_EXPIRES_SECONDS)
    for request_pk in asking.due_requests():
        ask.apply_async((request_pk,), expires=_EXPIRES_SECONDS)


@shared_task(acks_late=True)
def answer(request_pk: int) -> None:
    """Look at what was asked, and tell it."""
    receiving.answer(request_pk)


@shared_task(acks_late=True)
def ask(request_pk: int) -> None:
    """Ask an archive."""
    asking.ask(request_pk)


@shared_task(acks_late=True)
def forget_old() -> None:
    """Delete requests that are over."""
    receiving.forget_old()
    asking.forget_old()

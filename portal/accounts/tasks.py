"""What is cleaned by the clock: sessions and API tokens that have ended."""

from celery import shared_task

from portal.accounts.services import clear_ended_sign_ins


@shared_task(name="portal.accounts.clear_ended_sign_ins")
def clear_ended_sign_ins_task() -> None:
    """Delete expired sessions and API tokens."""
    clear_ended_sign_ins()

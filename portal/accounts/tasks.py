"""What runs beside the requests: the cleaning of ended sessions and API tokens, and letters."""

from celery import shared_task

from portal.accounts.mail import send_mail_task
from portal.accounts.services import clear_ended_sign_ins

__all__ = ["clear_ended_sign_ins_task", "send_mail_task"]


@shared_task(name="portal.accounts.clear_ended_sign_ins")
def clear_ended_sign_ins_task() -> None:
    """Delete expired sessions and API tokens."""
    clear_ended_sign_ins()

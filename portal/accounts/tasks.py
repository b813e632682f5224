"""What runs beside the requests: the cleaning of ended sessions and API tokens, and letters."""

from celery import shared_task

from portal.accounts.mail import send_mail_task
from portal.accounts.services import clear_ended_sign_ins, send_password_reset

__all__ = ["clear_ended_sign_ins_task", "send_mail_task", "send_password_reset_task"]


@shared_task(name="portal.accounts.clear_ended_sign_ins")
def clear_ended_sign_ins_task() -> None:
    """Delete expired sessions and API tokens."""
    clear_ended_sign_ins()


@shared_task(name="portal.accounts.send_password_reset")
def send_password_reset_task(email: str) -> None:
    """Send a link for a new password to whoever has the address."""
    send_password_reset(email=email)

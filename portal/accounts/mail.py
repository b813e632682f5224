"""Sends letters by e-mail: templates of text, written when the change commits, and never with patient data in them."""

import logging
import smtplib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any, Final
from urllib.parse import urljoin

from celery import shared_task
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template import Context
from django.template.loader import get_template
from django.utils.text import slugify

logger = logging.getLogger(__name__)

ALLOWED_CONTEXT: Final = frozenset(
    {
        "action",
        "address",
        "browser",
        "code",
        "days",
        "deadline",
        "hours",
        "institution",
        "minutes",
        "number",
        "permissions",
        "person",
        "portal",
        "role",
        "sender",
        "server",
        "since",
        "until",
        "url",
        "username",
        "when",
    }
)
"""All that a letter may say, about people who sign in and never about a patient or a study.

`person` is who gets the letter, `sender` the member of staff who caused it, `institution`, `role` and `server` are
names, `action` is what happened in our own words, `url` is an address of the portal (without a name in it).
"""
_RETRY_SECONDS: Final = 30
_RETRIES: Final = 8
_PERMANENT: Final = 500


class UnfitForMail(ValueError):
    """A letter would say what no letter may say."""


class MailServerBusy(OSError):
    """The mail server takes the letter later, it says."""


@dataclass(frozen=True)
class Letter:
    """A subject and a text."""

    subject: str
    body: str


def absolute_url(path: str) -> str:
    """Return the address of a page as people outside of it open it: PORTAL_URL and `path`."""
    return urljoin(f"{settings.PORTAL_URL.rstrip('/')}/", path.lstrip("/"))


def send_mail_on_commit(template: str, to: str, context: Mapping[str, Any]) -> None:
    """Send the letter `templates/emails/<template>.txt` to one address once the transaction has committed.

    Mail is read by others than the addressee: a letter never says a patient's name, number, date of birth, a study
    or a finding; it says that there is something and where to sign in. `context` holds text, numbers and dates under
    the names of ALLOWED_CONTEXT alone. Raises UnfitForMail. An empty address is left out without a word.
    """
    letter = written(template, context)
    if not to:
        return
    send = partial(send_mail_task.delay, to, letter.subject, letter.body)
    # What was changed stays changed where the queue cannot be reached; the log says that the letter did not go.
    transaction.on_commit(send, robust=True)


def written(template: str, context: Mapping[str, Any]) -> Letter:
    """Return the letter; the first line of the template is the subject. Raises UnfitForMail."""
    unknown = sorted(set(context) - ALLOWED_CONTEXT)
    if unknown:
        raise UnfitForMail(f"A letter may not speak of {', '.join(unknown)}. See ALLOWED_CONTEXT in {__name__}.")
    if slugify(template.replace("_", "-")) != template.replace("_", "-"):
        raise UnfitForMail(f"{template!r} is no name of a letter.")
    values = {"portal": settings.PORTAL_URL, **{name: _value(name, value) for name, value in context.items()}}
    # The backend's own template: text must not be escaped as HTML is.
    text = get_template(f"emails/{template}.txt").template.render(Context(values, autoescape=False))  # type: ignore[attr-defined]
    subject, _, body = text.lstrip().partition("\n")
    return Letter(" ".join(subject.split()), body.strip() + "\n")


@shared_task(
    name="portal.accounts.send_mail",
    autoretry_for=(OSError,),
    retry_backoff=_RETRY_SECONDS,
    retry_backoff_max=3600,
    max_retries=_RETRIES,
)
def send_mail_task(to: str, subject: str, body: str) -> None:
    """Hand one letter to the mail server; one that cannot be reached is tried again for hours."""
    try:
        EmailMessage(subject, body, to=[to]).send()
    except smtplib.SMTPRecipientsRefused as error:
        codes = {code for code, _ in error.recipients.values()}
        if min(codes) < _PERMANENT:
            # Without the address, which the log would keep.
            raise MailServerBusy(f"The mail server answers {min(codes)} for now.") from None
        logger.warning("The mail server refuses an address for good (%s): a letter was not sent", min(codes))


def _value(name: str, value: Any) -> Any:
    if isinstance(value, datetime | date | bool | int):
        return value
    if isinstance(value, list | tuple):
        return [_value(name, item) for item in value]
    if hasattr(value, "_meta"):
        raise UnfitForMail(f"{name} is a row of the database, which knows more than a letter may say; give its name.")
    # One line each: what somebody typed must not write paragraphs of its own.
    return " ".join(str(value).split())

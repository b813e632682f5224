"""When the certificates end that a DICOM Server depends on, and what the console says of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext

from monitoring.models import ServerState

ENDS_SOON: Final = timedelta(days=30)
"""So long before its end somebody should put a new certificate in its place."""


@dataclass(frozen=True)
class CertificateEnd:
    """A certificate as the server told of it."""

    purpose: str
    subject: str
    not_after: datetime

    def has_ended(self, now: datetime) -> bool:
        """Whether it is believed no more."""
        return self.not_after <= now


def ends_soon(state: ServerState | None, now: datetime) -> list[CertificateEnd]:
    """The certificates that ended, or soon end, the first first."""
    ends = [
        CertificateEnd(one["purpose"], one["subject"], datetime.fromisoformat(one["not_after"]))
        for one in (state.certificates if state else [])
    ]
    return sorted((end for end in ends if end.not_after - now < ENDS_SOON), key=lambda end: end.not_after)


def next_end(state: ServerState | None, now: datetime) -> CertificateEnd | None:
    """The certificate that ends first, if that is soon, or was."""
    return next(iter(ends_soon(state, now)), None)


def words_of_end(end: CertificateEnd, now: datetime) -> str:
    """The word for the card."""
    if end.has_ended(now):
        return gettext("Certificate ended")
    days = max((end.not_after - now).days, 0)
    return ngettext("Certificate: %(count)s day", "Certificate: %(count)s days", days) % {"count": days}


def cause_of_end(end: CertificateEnd, now: datetime) -> str:
    """Which certificate, and when, in a sentence."""
    whose = {
        "dicom_tls": gettext("The server\u2019s certificate for DICOM by TLS"),
        "dicom_tls_ca": gettext("The certificate of an authority that the server believes"),
    }.get(end.purpose, gettext("A certificate of the server"))
    sentence = (
        gettext("%(whose)s (%(subject)s) ended on %(date)s.")
        if end.has_ended(now)
        else gettext("%(whose)s (%(subject)s) ends on %(date)s.")
    )
    date = date_format(timezone.localtime(end.not_after), "j M Y")
    return sentence % {"whose": whose, "subject": end.subject, "date": date}


def effect_of_end(end: CertificateEnd, now: datetime) -> str:
    """What it means, in a sentence."""
    if end.has_ended(now):
        return gettext("Machines that connect by TLS are refused, or refuse.")
    return gettext("From then on machines that connect by TLS are refused, or refuse.")


def advice_on_end() -> str:
    """What to do, in a sentence."""
    return gettext("Put a new certificate in its place; the server reads it by itself.")

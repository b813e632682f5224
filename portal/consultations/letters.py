"""What is written to consultants and to those who asked them: that there is something, and where to sign in."""

from typing import Any

from django.urls import reverse

from audit.actors import Actor
from portal.accounts.mail import absolute_url, send_mail_on_commit
from portal.consultations.models import Consultation
from portal.institutions.models import Role
from portal.invitations.models import Invitation
from portal.invitations.services import invite


def send_question(actor: Actor, consultation: Consultation, *, number_of_studies: int) -> Invitation | None:
    """Write to the consultant: an invitation to who is none yet, which is returned, else where to sign in."""
    words = _words(consultation) | {"number": number_of_studies}
    if consultation.consultant is not None:
        send_mail_on_commit("consultation_asked", consultation.email, words)
        return None
    invitation, _ = invite(
        actor=actor,
        inviter=consultation.inviter,
        email=consultation.email,
        institution=consultation.institution,
        role=Role.CONSULTANT,
        leads_to=_path(consultation),
        expires_at=consultation.deadline,
        template="consultation_invitation",
        context={name: words[name] for name in ("deadline", "number")},
        purpose="consultation",
    )
    return invitation


def send_answered(consultation: Consultation) -> None:
    """Tell who asked that the answer is there."""
    inviter = consultation.inviter
    words = _words(consultation) | {"person": inviter.full_name, "sender": consultation.asked_of}
    send_mail_on_commit("consultation_answered", inviter.email, words)


def send_withdrawn(consultation: Consultation) -> None:
    """Tell the consultant that no answer is needed any more."""
    send_mail_on_commit("consultation_withdrawn", consultation.email, _words(consultation))


def _words(consultation: Consultation) -> dict[str, Any]:
    return {
        "sender": consultation.inviter.full_name,
        "institution": consultation.institution.name,
        "deadline": consultation.deadline,
        "url": absolute_url(_path(consultation)),
    }


def _path(consultation: Consultation) -> str:
    return reverse("consultations:question", args=[consultation.pk])

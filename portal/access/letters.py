"""The letters about exceptional access: to the owning institution's administrators, and back to who asked."""

from portal.access.models import AccessRequest
from portal.access.selectors import administrators_of
from portal.accounts.mail import absolute_url, send_mail_on_commit
from portal.accounts.models import User
from portal.grants.models import Grant
from portal.institutions.models import Institution

OVERSIGHT = "/access/"
OWN_REQUESTS = "/break-glass/"


def tell_of_break_glass(grant: Grant, institution: Institution, doctor: User) -> None:
    """Write to every administrator of the institution that a doctor opened one of its studies without permission."""
    for administrator in administrators_of(institution):
        send_mail_on_commit(
            "access_break_glass",
            administrator.email,
            {
                "person": administrator.full_name,
                "sender": doctor.full_name,
                "institution": institution.short_name,
                "when": grant.granted_at,
                "until": grant.valid_until,
                "url": absolute_url(OVERSIGHT),
            },
        )


def tell_of_request(institution: Institution, requester: User) -> None:
    """Write to every administrator of the institution that somebody asks for access."""
    for administrator in administrators_of(institution):
        send_mail_on_commit(
            "access_requested",
            administrator.email,
            {
                "person": administrator.full_name,
                "sender": requester.full_name,
                "institution": institution.short_name,
                "url": absolute_url(OVERSIGHT),
            },
        )


def tell_of_decision(request: AccessRequest) -> None:
    """Write to who asked that the institution answered."""
    approved = request.grant is not None
    context: dict[str, object] = {
        "person": request.requester.full_name,
        "institution": request.study.server.institution.short_name,
        "url": absolute_url(OWN_REQUESTS),
    }
    if request.grant is not None:
        context["until"] = request.grant.valid_until
    send_mail_on_commit("access_approved" if approved else "access_declined", request.requester.email, context)

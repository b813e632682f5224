"""Lets a machine of the institution store, or not: its token must be one that this server itself gave out."""

import logging
from typing import Final

from django.http import HttpRequest

from dicomserver.access.models import Sender
from dicomserver.access.senders import SenderList
from dicomserver.dicomweb.admission import bearer_token_of, remote_address_of, tell_audit
from dicomserver.dicomweb.problems import Refused
from dicomserver.dicomweb.tokens import token_gate
from dicomserver.identity import IdentityError
from wire import problems
from wire.tokens import TokenRefused, ViewerClaims

logger = logging.getLogger(__name__)

senders: Final = SenderList()

_REFUSALS: Final = {
    problems.TOKEN_MISSING: (401, "Token needed", "Send the token that `add_sender` printed as Bearer."),
    problems.TOKEN_INVALID: (401, "Token refused", "The token is not one that `add_sender` printed on this server."),
    problems.TOKEN_REVOKED: (401, "Token refused", "This sender was removed from this server."),
    problems.TOKEN_WITHOUT_PERMISSION: (403, "Not allowed", "A viewer token permits reading, and nothing else."),
}


def admit_sender(request: HttpRequest, study_instance_uid: str | None) -> Sender:
    """Who stores, if its token allows it. Raises Refused, after the audit was told."""
    token = bearer_token_of(request)
    sender = None if token is None else senders.find(token)
    if sender is not None and sender.disabled_at is None:
        return sender
    claims: ViewerClaims | None = None
    if token is None:
        reason = problems.TOKEN_MISSING
    elif sender is not None:
        reason = problems.TOKEN_REVOKED
        logger.warning("A sender that was removed tried to store", extra={"sender": sender.name})
    else:
        claims = _viewer_claims(token)
        reason = problems.TOKEN_WITHOUT_PERMISSION if claims else problems.TOKEN_INVALID
    tell_audit(reason, claims, study_instance_uid, remote_address_of(request))
    status, title, detail = _REFUSALS[reason]
    raise Refused(status, reason, title, detail)


def _viewer_claims(token: str) -> ViewerClaims | None:
    """Whose viewer token it is; one that has ended says no more than any other words."""
    try:
        return token_gate().verify(token)
    except (TokenRefused, IdentityError):
        return None

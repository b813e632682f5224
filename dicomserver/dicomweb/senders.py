"""Lets somebody store, or not: machines by tokens that this server gave out, readers by viewer tokens of the portal."""

import logging
from typing import Final

from django.http import HttpRequest

from dicomserver.access.models import Service
from dicomserver.access.peers import peer_of_token, removed_peer_of_token
from dicomserver.dicomweb import selectors
from dicomserver.dicomweb.admission import admit, bearer_token_of, remote_address_of, tell_audit
from dicomserver.dicomweb.problems import Refused, absent
from dicomserver.dicomweb.storing.viewers import Storer
from wire import problems
from wire.tokens import ViewerClaims

logger = logging.getLogger(__name__)

_REFUSALS: Final = {
    problems.TOKEN_MISSING: (401, "Token needed", "Send the token that `add_peer` printed as Bearer."),
    problems.TOKEN_INVALID: (401, "Token refused", "The token is not one that `add_peer` printed on this server."),
    problems.TOKEN_REVOKED: (401, "Token refused", "This peer was removed from this server."),
    problems.TOKEN_WITHOUT_PERMISSION: (
        403,
        "Not allowed",
        "A viewer token stores into the study that it opens, a peer's token where it was given the service.",
    ),
}
# header.payload.signature (RFC 7515 7.1); tokens of machines have no dots.
_DOTS_OF_A_SIGNED_TOKEN: Final = 2


def admit_storer(request: HttpRequest, study_instance_uid: str | None) -> Storer:
    """Who stores, if the token allows it. Raises Refused, after the audit was told."""
    token = bearer_token_of(request)
    peer = None if token is None else peer_of_token(token)
    if peer is not None and Service.STORE in peer.services:
        return Storer(peer.name, peer.ae_title)
    if token is not None and peer is None and token.count(".") == _DOTS_OF_A_SIGNED_TOKEN:
        return _reader(request, study_instance_uid)
    if token is None:
        reason = problems.TOKEN_MISSING
    elif peer is not None:
        reason = problems.TOKEN_WITHOUT_PERMISSION
    elif (removed := removed_peer_of_token(token)) is not None:
        reason = problems.TOKEN_REVOKED
        logger.warning("A peer that was removed tried to store", extra={"peer": removed.name})
    else:
        reason = problems.TOKEN_INVALID
    raise _refused(request, reason, None, study_instance_uid)


def _reader(request: HttpRequest, study_instance_uid: str | None) -> Storer:
    """A person with the permission to report, for the study that the address names."""
    access = admit(request, study_instance_uid, "report")
    if access.disguise is not None or study_instance_uid is None:
        raise _refused(request, problems.TOKEN_WITHOUT_PERMISSION, access.claims, study_instance_uid)
    study = selectors.study_for_search(study_instance_uid)
    if study is None:
        raise absent("study")
    return Storer(f"viewer {access.claims.sub}", study=study)


def _refused(request: HttpRequest, reason: str, claims: ViewerClaims | None, study_instance_uid: str | None) -> Refused:
    # The audit knows no mapped UIDs, and of a disguised study's token only whose it is.
    known = None if claims is not None and claims.deidentification is not None else study_instance_uid
    tell_audit(reason, claims, known, remote_address_of(request))
    status, title, detail = _REFUSALS[reason]
    return Refused(status, reason, title, detail)

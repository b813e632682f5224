"""Lets somebody store, or not: machines by tokens that this server gave out, readers by viewer tokens of the portal."""

from typing import Final

from django.http import HttpRequest

from dicomserver.access.models import Service
from dicomserver.dicomweb.admission import admit, admit_machine, bearer_token_of, remote_address_of, tell_audit
from dicomserver.dicomweb.machines import is_signed
from dicomserver.dicomweb.problems import Refused, absent
from dicomserver.dicomweb.storing.viewers import Storer
from dicomserver.index.selectors import study_by_uid
from wire import problems
from wire.tokens import ViewerClaims

_REFUSALS: Final = {
    problems.TOKEN_MISSING: (401, "Token needed", "Send the token that `add_peer` printed as Bearer."),
    problems.TOKEN_WITHOUT_PERMISSION: (403, "Not allowed", "A viewer token stores into the study that it opens."),
}


def admit_storer(request: HttpRequest, study_instance_uid: str | None) -> Storer:
    """Who stores, if the token allows it. Raises Refused, after the audit was told."""
    token = bearer_token_of(request)
    if token is None:
        raise _refused(request, problems.TOKEN_MISSING, None, study_instance_uid)
    if is_signed(token):
        return _reader(request, study_instance_uid)
    peer = admit_machine(request, token, Service.STORE, study_instance_uid)
    return Storer(peer.name, peer.ae_title)


def _reader(request: HttpRequest, study_instance_uid: str | None) -> Storer:
    """A person with the permission to report, for the study that the address names."""
    access = admit(request, study_instance_uid, "report")
    if access.disguise is not None or study_instance_uid is None or access.claims is None:
        raise _refused(request, problems.TOKEN_WITHOUT_PERMISSION, access.claims, study_instance_uid)
    study = study_by_uid(study_instance_uid)
    if study is None:
        raise absent("study")
    return Storer(f"viewer {access.claims.sub}", study=study, reader=access.reader)


def _refused(request: HttpRequest, reason: str, claims: ViewerClaims | None, study_instance_uid: str | None) -> Refused:
    # The audit knows no mapped UIDs, and of a disguised study's token only whose it is.
    known = None if claims is not None and claims.deidentification is not None else study_instance_uid
    tell_audit(reason, claims, known, remote_address_of(request))
    status, title, detail = _REFUSALS[reason]
    return Refused(status, reason, title, detail)

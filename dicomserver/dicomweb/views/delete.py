"""DELETE of studies, series and instances: for machines that were given it, and for people sent to delete one study."""

import functools
import logging
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import unquote

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from dicomserver.access.models import Service
from dicomserver.archive import ArchiveError
from dicomserver.deleting.services import Deleter, Named, NothingDeleted, delete_instances, kept_until
from dicomserver.dicomweb.admission import admit_machine, answered, bearer_token_of, remote_address_of
from dicomserver.dicomweb.errands.admission import admit_errand
from dicomserver.dicomweb.machines import is_signed
from dicomserver.dicomweb.problems import Refused, absent
from dicomserver.ingest.archives import configured_archive
from wire import problems

logger = logging.getLogger(__name__)

METHOD: Final = "DELETE"
# What a client may say of why, beyond ASCII as UTF-8 in percents; nothing in the standard does.
REASON_HEADER: Final = "Reason"
# What became of it: how many instances left, and until when they can be restored.
INSTANCES_HEADER: Final = "Deleted-Instances"
KEPT_HEADER: Final = "Deleted-Kept-Until"


def or_delete(other: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """The view of an address that can be deleted too."""

    @functools.wraps(other)
    def view(request: HttpRequest, **uids: Any) -> HttpResponseBase:
        if request.method == METHOD:
            return delete(request, **uids)
        response = other(request, **uids)
        if "Allow" in response.headers:
            response.headers["Allow"] = response.headers["Allow"].replace("OPTIONS", f"{METHOD}, OPTIONS")
        return response

    return view


def delete(
    request: HttpRequest, study: str, series: str | None = None, instance: str | None = None
) -> HttpResponseBase:
    """Delete what the address names; it can be restored for some days."""
    return answered(request, lambda: _delete(request, Named(study, series, instance)), methods=(METHOD,))


def _delete(request: HttpRequest, named: Named) -> HttpResponse:
    by = _deleter(request, named.study_instance_uid)
    reason = unquote(request.headers.get(REASON_HEADER, ""))
    try:
        deletion = delete_instances(named, by=by, reason=reason, archive=configured_archive())
    except NothingDeleted as error:
        raise absent("study, series or instance") from error
    except ArchiveError as error:
        logger.error("Nothing could be deleted", extra={"trouble": str(error)})
        detail = "Nothing was deleted: the archive's files cannot be moved at the moment."
        raise Refused(503, problems.UNAVAILABLE, "Unavailable", detail) from error
    response = HttpResponse(status=204)
    response.headers["Cache-Control"] = "no-store"
    response.headers[INSTANCES_HEADER] = str(deletion.instances)
    response.headers[KEPT_HEADER] = kept_until(deletion).isoformat(timespec="seconds")
    return response


def _deleter(request: HttpRequest, study_instance_uid: str) -> Deleter:
    """Who deletes. Raises Refused, after the audit was told."""
    token = bearer_token_of(request)
    if token is not None and not is_signed(token):
        peer = admit_machine(request, token, Service.DELETE, study_instance_uid)
        return Deleter(peer.name, remote_address=remote_address_of(request))
    errand = admit_errand(request, "delete", study_instance_uid)
    return Deleter(
        f"person {errand.sub}",
        sub=errand.sub,
        session_id=errand.session_id,
        token_id=errand.token_id,
        remote_address=errand.remote_address,
    )

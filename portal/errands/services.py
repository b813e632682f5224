"""Issues the tokens with which people's browsers do errands at DICOM Servers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

from django.core.cache import cache
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from audit.actors import Actor
from audit.services import record_errand
from audit.subjects import AuditedStudy
from portal.accounts.models import User
from portal.errands.rights import servers_for_errand
from portal.grants.audited import audited_study
from portal.grants.selectors import person_to_change
from portal.servers.models import DicomServer
from portal.servers.signing import portal_key
from portal.studies.selectors import held_study
from wire import errands
from wire.claims import MAX_LIFETIME
from wire.errands import ErrandName

ISSUER: Final = "dicom-network-portal"
_DICOMWEB: Final = "/dicomweb"


class ErrandDenied(Exception):
    """The errand is not the person's, or there is no such server or study; to them that is the same."""


@dataclass(frozen=True)
class Order:
    """What somebody is about to do; "delete" names its study and says why."""

    errand: ErrandName
    study_instance_uid: str | None = None
    reason: str = ""


@dataclass(frozen=True)
class ErrandToken:
    """A token, the server that takes it, and its end."""

    server: DicomServer
    token: str
    expires_at: datetime


@transaction.atomic
def issue_errand_token(*, actor: Actor, user: User, server_id: UUID, order: Order, session: str) -> ErrandToken:
    """A token for one person, one server, one kind of errand and at most five minutes.

    The role is asked for under the lock on which revocations take turns. One event is recorded for a stay whose
    tokens follow one another without a gap, and one for each order to delete: what was done with the token comes
    back from the server. Raises ErrandDenied.
    """
    person = person_to_change(user.pk)
    server = servers_for_errand(person, order.errand).filter(pk=server_id).first()
    if server is None:
        raise ErrandDenied
    study = _ordered_study(server, order)
    session_id = _session_id(person, server, order.errand, session)
    key = portal_key()
    claims = errands.new_claims(
        iss=ISSUER,
        aud=str(server.pk),
        sub=str(person.subject),
        sid=session_id,
        errand=order.errand,
        study_instance_uid=order.study_instance_uid,
        now=timezone.now(),
    )
    if not _is_renewal(session_id, order):
        record_errand(
            actor=actor,
            errand=order.errand,
            server_id=str(server.pk),
            server_name=server.name,
            institution=server.institution.short_name,
            study=study,
            session_id=session_id,
            token_id=claims.jti,
            reason=order.reason,
        )
    return ErrandToken(server, errands.issue(claims, key.private_key, key.kid), claims.expires_at)


def base_url_of(server: DicomServer) -> str:
    """Where the server's addresses begin: its DICOMweb address without `/dicomweb`."""
    parts = urlsplit(server.dicomweb_url)
    path = parts.path.rstrip("/").removesuffix(_DICOMWEB)
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def _ordered_study(server: DicomServer, order: Order) -> AuditedStudy | None:
    if order.study_instance_uid is None:
        return None
    study = held_study(server, order.study_instance_uid)
    if study is None:
        raise ErrandDenied
    return audited_study(study)


def _session_id(person: User, server: DicomServer, errand: ErrandName, session: str) -> str:
    """The same for each renewal, and nothing from which the session's own secret could be told."""
    return salted_hmac("errand", f"{person.pk} {server.pk} {errand} {session}", algorithm="sha256").hexdigest()[:32]


def _is_renewal(session_id: str, order: Order) -> bool:
    """True where a token of this stay is still good; nothing is remembered of what did not come to pass."""
    if order.errand == "delete":
        return False
    key = f"errand:{session_id}"
    is_known = cache.get(key) is not None
    transaction.on_commit(lambda: cache.set(key, True, MAX_LIFETIME.total_seconds()))
    return is_known

"""Lets a request in or not: its token must be good, for this study, with the permission, and not revoked.

People come with viewer tokens of the portal, each for one study; machines with tokens of this server, which open all
studies for the services that each machine was given.
"""

import functools
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Concatenate, Final, ParamSpec

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from dicomserver.access.models import EVERY_STUDY, Peer, Service
from dicomserver.access.reads import Reader
from dicomserver.access.refusals import Refusal
from dicomserver.dicomweb import records
from dicomserver.dicomweb.deidentified import names
from dicomserver.dicomweb.deidentified.disguise import Disguise
from dicomserver.dicomweb.forms import TOKEN_FIELD, form_of, is_form, only_value
from dicomserver.dicomweb.machines import REFUSALS, MachineRefused, is_signed, machine_with
from dicomserver.dicomweb.problems import Refused, absent, invalid, problem
from dicomserver.dicomweb.tokens import token_gate
from dicomserver.identity import IdentityError
from wire import problems
from wire.claims import TimedClaims, TokenRefused
from wire.text import SHORT_LENGTH, clean
from wire.tokens import Permission, ViewerClaims

logger = logging.getLogger(__name__)

SCHEME: Final = "bearer "
# How a machine gets what it reads here, as wire.events says.
WADO_RS: Final = "wado_rs"
READ: Final = ("GET", "HEAD")
# What a browser asks without a pre-flight, with the token in a form.
READ_BY_FORM: Final = ("GET", "HEAD", "POST")

_UNAUTHORIZED: Final = {
    problems.TOKEN_MISSING: (
        "Token needed",
        "Send a viewer token of the portal, or the token that `add_peer` printed for a machine, as Bearer.",
    ),
    problems.TOKEN_INVALID: ("Token refused", "The token is not one of the portal's."),
    problems.TOKEN_EXPIRED: ("Token expired", "Ask the portal for a new token."),
    problems.TOKEN_FOR_ANOTHER_SERVER: ("Token refused", "The token is for another DICOM Server."),
    problems.TOKEN_REVOKED: ("Access revoked", "The access to this study was revoked; ask the portal again."),
}
_FORBIDDEN: Final = {
    problems.TOKEN_FOR_ANOTHER_STUDY: ("Not allowed", "The token is for another study."),
    problems.TOKEN_WITHOUT_PERMISSION: ("Not allowed", "The token does not permit this."),
}

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


@dataclass(frozen=True, slots=True)
class Access:
    """A request that was let in: of which study, who reads, for the records, and how answers are disguised.

    `study_instance_uid` is the study as this server knows it, which the reader of a disguised one never learns;
    EVERY_STUDY where a machine asks without naming one. `claims` is None for a machine, `peer` for a person.
    """

    study_instance_uid: str
    reader: Reader
    claims: ViewerClaims | None = None
    disguise: Disguise | None = None
    peer: Peer | None = None

    @property
    def shown_study_instance_uid(self) -> str:
        """The study as its reader knows it."""
        return self.study_instance_uid if self.claims is None else self.claims.study_instance_uid

    @property
    def opens_every_study(self) -> bool:
        """Whether the answer is about all that this server holds."""
        return self.study_instance_uid == EVERY_STUDY

    @property
    def answered_for(self) -> str:
        """Part of what an answer is kept under: a disguised one is never taken for another, nor another for it."""
        return "" if self.disguise is None else self.disguise.digest


def admitted(
    permission: Permission, methods: tuple[str, ...] = READ, *, service: Service = Service.RETRIEVE
) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Guard a view of a study: it gets an Access in the place of the token and the study's UID.

    A person needs the permission, a machine the service. The URL names the study as `study`; without one, the study is
    the token's, and for a machine every one. Series and instance come to the view as this server knows them, whatever
    the token calls them.
    """

    def guard(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *, study: str | None = None, **uids: Any) -> HttpResponseBase:
            def answer() -> HttpResponseBase:
                access = admit(request, study, permission, service)
                return view(request, access, **originals(access, uids))

            return answered(request, retried(answer), methods=methods)

        return guarded

    return guard


def originals(access: Access, uids: dict[str, Any]) -> dict[str, Any]:
    """The arguments of the view with UIDs of the index. Raises Refused where a mapped one stands for nothing."""
    if access.disguise is None or "series" not in uids:
        return uids
    found = names.memory.originals(access.disguise, uids["series"], uids.get("instance"))
    if found is None:
        raise absent("series or instance")
    originals = dict(zip(("series", "instance"), found, strict=True))
    return uids | {name: originals[name] for name in originals.keys() & uids.keys()}


def retried(answer: Callable[[], HttpResponseBase]) -> Callable[[], HttpResponseBase]:
    """The answer of something that only reads, so that it can be asked for twice."""
    return functools.partial(_read, answer)


def _read(answer: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """The answer; it only reads, so it is tried again where PostgreSQL has closed the connection in the meantime.

    That is rare, and asking before each read whether the connection still stands would take as long as the read.
    """
    connection.health_check_done = True  # type: ignore[attr-defined]  # not in Django's stubs
    was_open = connection.connection is not None
    try:
        return answer()
    except (OperationalError, InterfaceError):
        if not was_open or connection.in_atomic_block:
            raise
        connection.close()
        return answer()


def answered(
    request: HttpRequest, answer: Callable[[], HttpResponseBase], *, methods: tuple[str, ...] = READ
) -> HttpResponseBase:
    """The answer, or the problem that stands in its way."""
    if request.method not in methods:
        return method_refused(request, methods)
    try:
        return answer()
    except Refused as refusal:
        response = refusal.response()
        if refusal.status == 401:
            response.headers["WWW-Authenticate"] = _challenge(refusal.code)
        return response
    except DatabaseError:
        logger.exception("The index cannot be read")
        return _unavailable("The index of this server cannot be read at the moment.")


def method_refused(request: HttpRequest, methods: tuple[str, ...]) -> HttpResponseBase:
    """What an address can be asked by, for who asks that (RFC 9110 9.3.7) and for who asks by something else."""
    if request.method == "OPTIONS":
        answer: HttpResponseBase = HttpResponse(status=204)
    else:
        detail = "The header Allow says by which methods this address is asked."
        answer = problem(405, problems.METHOD_NOT_ALLOWED, "Method not allowed", detail)
    answer.headers["Allow"] = ", ".join((*methods, "OPTIONS"))
    return answer


def admit(
    request: HttpRequest, study_instance_uid: str | None, permission: Permission, service: Service = Service.RETRIEVE
) -> Access:
    """Who reads, if the token allows it. Raises Refused, after the audit was told."""
    token = _token_of(request)
    if token is not None and not is_signed(token):
        return _machine(request, token, study_instance_uid, service)
    return _person(request, token, study_instance_uid, permission)


def _machine(request: HttpRequest, token: str, study_instance_uid: str | None, service: Service) -> Access:
    peer = admit_machine(request, token, service, study_instance_uid)
    study = study_instance_uid or EVERY_STUDY
    reader = Reader(
        # A machine has no session.
        session_id="",
        sub=peer.name,
        study_instance_uid=study,
        token_id="",
        remote_address=remote_address_of(request),
        way=WADO_RS,
    )
    return Access(study, reader, peer=peer)


def admit_machine(request: HttpRequest, token: str, service: Service, study_instance_uid: str | None) -> Peer:
    """The machine whose token it is, if it was given the service. Raises Refused, after the audit was told."""
    remote_address = remote_address_of(request)
    try:
        return machine_with(token, service, remote_address)
    except MachineRefused as error:
        tell_audit(error.code, None, study_instance_uid, remote_address)
        status, title, detail = REFUSALS[error.code]
        raise Refused(status, error.code, title, detail) from error


def _person(request: HttpRequest, token: str | None, study_instance_uid: str | None, permission: Permission) -> Access:
    remote_address = remote_address_of(request)
    disguise = None
    try:
        claims = None if token is None else token_gate().verify(token)
        disguise = token_gate().disguise(claims) if claims else None
        refusal = _reason_against(claims, disguise, study_instance_uid, permission)
    except TokenRefused as error:
        claims, refusal = error.claims if isinstance(error.claims, ViewerClaims) else None, error.code
    except IdentityError as error:
        raise not_enrolled(error) from error
    if refusal or claims is None:
        reason = refusal or problems.TOKEN_MISSING
        tell_audit(reason, claims, _audited_study(study_instance_uid, claims, disguise), remote_address)
        raise _refused(reason)
    # The audit must say which study was read, not what it was called.
    study = disguise.study_instance_uid if disguise else claims.study_instance_uid
    reader = Reader(
        session_id=claims.sid,
        sub=claims.sub,
        study_instance_uid=study,
        token_id=claims.jti,
        remote_address=remote_address,
    )
    return Access(study, reader, claims, disguise)


def not_enrolled(error: IdentityError) -> Refused:
    """No token can be checked, as nobody said whose to believe."""
    logger.warning("No token can be checked: %s", error)
    return Refused(503, problems.UNAVAILABLE, "Not enrolled", "This server is not part of a network yet.")


def require_study(request: HttpRequest, access: Access, study_instance_uid: str) -> None:
    """The same refusal as in the path for a study that is named in a query. Raises Refused."""
    if not access.opens_every_study and study_instance_uid != access.shown_study_instance_uid:
        reason = problems.TOKEN_FOR_ANOTHER_STUDY
        tell_audit(reason, access.claims, study_instance_uid, remote_address_of(request))
        raise _refused(reason)


def remote_address_of(request: HttpRequest) -> str:
    """Where the request comes from; behind a reverse proxy, what that says last."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "") if settings.SECURE_PROXY_SSL_HEADER else ""
    return clean(forwarded.rpartition(",")[2].strip() or request.META.get("REMOTE_ADDR", ""), SHORT_LENGTH)


def bearer_token_of(request: HttpRequest) -> str | None:
    """The token that the request carries (RFC 6750 2.1); None where it carries none."""
    authorization: str = request.META.get("HTTP_AUTHORIZATION", "")
    if authorization[: len(SCHEME)].lower() != SCHEME:
        return None
    return authorization[len(SCHEME) :].strip()


def _token_of(request: HttpRequest) -> str | None:
    """The token of a reader: in the header, or in the form of an address that is read by POST (RFC 6750 2.1, 2.2)."""
    token = bearer_token_of(request)
    if not is_form(request):
        return token
    in_form = only_value(form_of(request), TOKEN_FIELD)
    if in_form is not None and token is not None:
        raise invalid("The token is sent twice: in the header and in the form.")
    return token if in_form is None else in_form


def _audited_study(
    study_instance_uid: str | None, claims: ViewerClaims | None, disguise: Disguise | None
) -> str | None:
    """The study that was asked for, by the UID that the portal knows."""
    asked_for = study_instance_uid or (claims.study_instance_uid if claims else None)
    if claims is not None and disguise is not None and asked_for == claims.study_instance_uid:
        return disguise.study_instance_uid
    return asked_for


def _reason_against(
    claims: ViewerClaims | None, disguise: Disguise | None, study_instance_uid: str | None, permission: Permission
) -> str:
    if claims is None:
        return problems.TOKEN_MISSING
    if records.revocations.revokes(claims, disguise.study_instance_uid if disguise else None):
        return problems.TOKEN_REVOKED
    if study_instance_uid is not None and study_instance_uid != claims.study_instance_uid:
        return problems.TOKEN_FOR_ANOTHER_STUDY
    if permission not in claims.permissions:
        return problems.TOKEN_WITHOUT_PERMISSION
    return ""


def tell_audit(reason: str, claims: TimedClaims | None, study_instance_uid: str | None, address: str) -> None:
    """Tell the portal's audit of a refused token, a flood of the same as one event."""
    try:
        server_id = token_gate().identity().server_id
    except IdentityError:
        return
    records.refusals.record(
        Refusal(
            reason=reason,
            remote_address=address,
            sub=claims.sub if claims else None,
            session_id=claims.sid if claims else None,
            token_id=claims.jti if claims else None,
            study_instance_uid=study_instance_uid or getattr(claims, "study_instance_uid", None),
        ),
        server_id=server_id,
    )


def _refused(code: str) -> Refused:
    if code in _FORBIDDEN:
        return Refused(403, code, *_FORBIDDEN[code])
    return Refused(401, code, *_UNAUTHORIZED[code])


def _challenge(code: str) -> str:
    """RFC 6750 3: without a token there is nothing to say but the scheme."""
    return 'Bearer realm="dicomweb"' + ("" if code == problems.TOKEN_MISSING else ', error="invalid_token"')


def _unavailable(detail: str) -> HttpResponse:
    response = problem(503, problems.UNAVAILABLE, "Unavailable", detail)
    response.headers["Retry-After"] = "5"
    return response

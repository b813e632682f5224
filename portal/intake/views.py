"""The door for DICOM Servers: signed bodies in, nothing but a status or a problem out."""

from django.utils import timezone
from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from audit.actors import UnknownActor
from audit.services import record_access_denied
from portal.accounts.actors import remote_address
from portal.accounts.problems import ProblemError
from portal.intake import services
from portal.servers.authentication import refuse_replay
from portal.servers.bodies import bounded_body, refuse_large
from portal.servers.services import EnrolmentCodeInvalid, enrol_server
from portal.servers.signing import portal_keys
from portal.servers.views import SignedView, parsed, signed_message, signing_server
from wire.credentials import CredentialRefused, verify_request
from wire.enrolments import Enrolment, EnrolmentAnswer
from wire.events import AccessEvent
from wire.keys import parse_public_key, thumbprint
from wire.orders import OrderReport, OrdersRequest
from wire.problems import ENROLMENT_CODE_INVALID
from wire.studies import StudyReport

# An enrolment is a few hundred bytes, and its sender is not known yet.
MAX_ENROLMENT_BYTES = 16 * 1024


class StudyReportsView(SignedView):
    """POST a StudyReport."""

    def post(self, request: Request) -> Response:
        """Answer 204 once the catalogue holds it, or held it before."""
        report = signed_message(request, StudyReport)
        services.take_in_study_report(server=signing_server(request), report=report)
        return Response(status=status.HTTP_204_NO_CONTENT)


class AccessEventsView(SignedView):
    """POST an AccessEvent."""

    def post(self, request: Request) -> Response:
        """Answer 204 once the audit holds it, or held it before."""
        event = signed_message(request, AccessEvent)
        services.take_in_access_event(server=signing_server(request), event=event)
        return Response(status=status.HTTP_204_NO_CONTENT)


class OrdersView(SignedView):
    """POST an OrdersRequest."""

    def post(self, request: Request) -> Response:
        """Answer 200 with orders that are newer than those that the server has."""
        asked = signed_message(request, OrdersRequest)
        answer = services.newer_orders(server=signing_server(request), after_revision=asked.after_revision)
        return Response(answer.model_dump(mode="json"))


class OrderReportsView(SignedView):
    """POST an OrderReport."""

    def post(self, request: Request) -> Response:
        """Answer 204 once the portal knows it, or knew it before."""
        report = signed_message(request, OrderReport)
        services.take_in_order_report(server=signing_server(request), report=report)
        return Response(status=status.HTTP_204_NO_CONTENT)


class EnrolmentThrottle(SimpleRateThrottle):
    """Bounds how often codes can be tried from one address."""

    scope = "enrolment"
    rate = "30/min"

    def get_cache_key(self, request: Request, view: APIView) -> str:  # noqa: ARG002
        """Count by the address that our own proxies tell, not by what the sender writes."""
        return self.cache_format % {"scope": self.scope, "ident": remote_address(request)}


class EnrolmentsView(APIView):
    """POST an Enrolment, signed with the key that it brings."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (EnrolmentThrottle,)
    parser_classes = ()
    http_method_names = ["post"]
    schema = None

    def post(self, request: Request) -> Response:
        """Answer 201 with who the server is from now on."""
        plain = request._request  # noqa: SLF001 (the body must be read bounded, before DRF looks at it)
        refuse_large(plain, MAX_ENROLMENT_BYTES)
        enrolment = parsed(Enrolment, bounded_body(plain, MAX_ENROLMENT_BYTES))
        prove_possession(request, enrolment)
        request_id = str(getattr(request, "request_id", ""))
        try:
            server = enrol_server(enrolment=enrolment, remote_address=remote_address(request), request_id=request_id)
        except EnrolmentCodeInvalid as error:
            actor = UnknownActor(remote_address=remote_address(request), request_id=request_id)
            record_access_denied(actor=actor, tried="enrolment", reason=ENROLMENT_CODE_INVALID)
            raise ProblemError(status.HTTP_403_FORBIDDEN, ENROLMENT_CODE_INVALID) from error
        answer = EnrolmentAnswer(
            server_id=server.pk,
            institution_code=server.institution.code,
            institution_name=server.institution.name,
            portal_keys=portal_keys(),
        )
        return Response(answer.model_dump(mode="json"), status=status.HTTP_201_CREATED)


def prove_possession(request: Request, enrolment: Enrolment) -> None:
    """Raise ProblemError 401 unless the request is signed, once, with the key that it brings."""
    plain = request._request  # noqa: SLF001 (as above)
    key = parse_public_key(enrolment.public_key)
    try:
        claims = verify_request(
            plain.headers.get("Authorization"),
            public_key=key,
            issuer=thumbprint(key),
            method=plain.method or "",
            path=plain.path,
            body=bounded_body(plain, MAX_ENROLMENT_BYTES),
            now=timezone.now(),
        )
    except CredentialRefused as error:
        raise ProblemError(status.HTTP_401_UNAUTHORIZED, error.code, str(error)) from error
    refuse_replay(claims)

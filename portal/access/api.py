"""`/api/v1/studies/<uid>/access/`, `/break-glass/` and `/access-requests/`: why, in an emergency, and on request."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.exceptions import NotFound, Throttled
from rest_framework.request import Request
from rest_framework.response import Response

from audit.services import record_access_denied
from portal.access import services
from portal.access.errors import TooManyTries
from portal.access.explanations import CheckedRule, explain_to_owner, record_explained
from portal.access.lookups import study_at
from portal.access.models import AccessRequest
from portal.access.selectors import person_of_subject, requests_known_to
from portal.access.serializers import (
    AccessRequestSerializer,
    AccessSerializer,
    ApproveSerializer,
    BreakGlassSerializer,
    DeclineSerializer,
    OpenedSerializer,
    RequestAccessSerializer,
)
from portal.access.tries import WITHIN_SECONDS
from portal.accounts.actors import actor_of
from portal.accounts.models import User
from portal.accounts.problems import ProblemError
from portal.grants.api import GrantPagination
from portal.grants.api_door import StudyDoor
from portal.grants.decisions import Decision
from portal.grants.errors import GrantRefused, NotYours
from portal.grants.guards import GUARD, asked_server
from portal.grants.lookup import holdings_of_institutions
from portal.grants.policy import sight_of
from portal.grants.selectors import administered_institutions
from portal.studies.models import Study

SERVER: Final = OpenApiParameter("server", OpenApiTypes.UUID, description="Where several servers hold the study.")
UID: Final = OpenApiParameter(
    "study_instance_uid", OpenApiTypes.STR, OpenApiParameter.PATH, pattern=r"^[0-9.]{1,64}$", required=True
)
PERSON: Final = OpenApiParameter(
    "person", OpenApiTypes.UUID, description="Of somebody else, for administrators of the institution that owns it."
)


class AccessGuard(StudyDoor):
    """Signed in, or 401; what is not the caller's is 404. Either leaves one audit event."""

    guard = "signed in, and the policy of portal.grants"
    tried = "access"

    def doctors_only(self, request: Request) -> User:
        """The caller, where they are a doctor. Raises NotFound."""
        if not isinstance(request.user, User) or not request.user.has_perm("access.break_glass"):
            raise self.refuse(request)
        return request.user

    def study_asked_for(self, request: Request, asked: dict[str, Any]) -> Study:
        """The holding of an exact address. Raises NotFound, Throttled."""
        server = asked.get("server")
        try:
            study = study_at(
                actor=actor_of(request),
                person=request.user,  # type: ignore[arg-type]
                study_instance_uid=asked["study_instance_uid"],
                server_id=str(server) if server else None,
            )
        except TooManyTries as error:
            record_access_denied(actor=actor_of(request), tried=self.tried)
            raise Throttled(WITHIN_SECONDS) from error
        if study is None:
            raise NotFound
        return study


@dataclass(frozen=True)
class Explained:
    """A decision as it is answered; the rules looked at only where the caller administers the owner."""

    person: User
    study: Study
    decision: Decision
    checked: tuple[CheckedRule, ...] = ()


class StudyAccessView(AccessGuard, generics.GenericAPIView[Study]):
    """Why the caller, or for the owner's administrators somebody else, may or may not see a study."""

    guard = GUARD
    serializer_class = AccessSerializer
    pagination_class = None
    tried = "access_explained"

    @extend_schema(operation_id="studies_access", tags=["access"], parameters=[UID, SERVER, PERSON])
    def get(self, request: Request, study_instance_uid: str) -> Response:
        """The decision in words. Gives no token; that it was asked for is recorded."""
        subject = request.query_params.get("person", "")
        person = person_of_subject(_uuid(subject)) if subject else request.user
        explained = self._explained(request, person, study_instance_uid) if isinstance(person, User) else None
        if explained is None:
            raise self.refuse(request, study_instance_uid)
        return Response(AccessSerializer(explained).data)

    def _explained(self, request: Request, person: User, study_instance_uid: str) -> Explained | None:
        server = asked_server(request)
        if person == request.user:
            found = sight_of(person).holding(study_instance_uid, server)
            if found is not None:
                study, decision = found
                record_explained(actor=actor_of(request), person=person, study=study, decision=decision)
                return Explained(person, study, decision)
        owners = administered_institutions(request.user, timezone.now())
        owned = holdings_of_institutions(owners, study_instance_uid)
        fitting = [one for one in owned if server in (None, str(one.server_id))]
        if not fitting or fitting[0].study_instance_uid != study_instance_uid:
            return None
        explanation = explain_to_owner(actor=actor_of(request), person=person, study=fitting[0])
        return Explained(person, explanation.study, explanation.decision, explanation.checked)


class BreakGlassView(AccessGuard, generics.GenericAPIView[Study]):
    """A study opened for one hour by giving a reason."""

    serializer_class = BreakGlassSerializer
    pagination_class = None
    tried = "break_glass"

    @extend_schema(
        operation_id="break_glass", tags=["access"], request=BreakGlassSerializer, responses={201: OpenedSerializer}
    )
    def post(self, request: Request) -> Response:
        """Open a study that the policy denies; for radiologists and referring doctors."""
        person = self.doctors_only(request)
        asked = BreakGlassSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        study = self.study_asked_for(request, asked.validated_data)
        try:
            grant = services.break_glass(
                actor=actor_of(request), person=person, study=study, reason=asked.validated_data["reason"]
            )
        except GrantRefused as error:
            raise ProblemError(400, error.code, str(error)) from error
        return Response(OpenedSerializer(grant).data, status=201)


class RequestPagination(GrantPagination):
    """Newest first."""

    ordering = ("-requested_at", "-id")


class AccessRequestListView(AccessGuard, generics.GenericAPIView[AccessRequest]):
    """Requests that the caller made, or that their institution decides."""

    serializer_class = AccessRequestSerializer
    pagination_class = RequestPagination
    queryset = AccessRequest.objects.none()
    tried = "access_request"

    @extend_schema(operation_id="access_requests_list", tags=["access"], responses=AccessRequestSerializer(many=True))
    def get(self, request: Request) -> Response:
        """One page of requests."""
        page = self.paginate_queryset(requests_known_to(request.user)) or []
        return self.get_paginated_response(AccessRequestSerializer(page, many=True).data)

    @extend_schema(
        operation_id="access_requests_create",
        tags=["access"],
        request=RequestAccessSerializer,
        responses={201: AccessRequestSerializer},
    )
    def post(self, request: Request) -> Response:
        """Ask the institution that owns a study for access; for radiologists and referring doctors."""
        person = self.doctors_only(request)
        asked = RequestAccessSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        study = self.study_asked_for(request, asked.validated_data)
        try:
            made = services.request_access(
                actor=actor_of(request),
                person=person,
                study=study,
                permissions=tuple(asked.validated_data["permissions"]),
                valid_until=asked.validated_data["valid_until"],
                reason=asked.validated_data["reason"],
            )
        except GrantRefused as error:
            raise ProblemError(400, error.code, str(error)) from error
        return Response(AccessRequestSerializer(made).data, status=201)


class AccessRequestView(AccessGuard, generics.GenericAPIView[AccessRequest]):
    """One request."""

    serializer_class = AccessRequestSerializer
    pagination_class = None
    tried = "access_request"

    @extend_schema(operation_id="access_requests_retrieve", tags=["access"])
    def get(self, request: Request, request_id: UUID) -> Response:
        """The request, to whom it is known."""
        found = requests_known_to(request.user).filter(pk=request_id).first()
        if found is None:
            raise self.refuse(request)
        return Response(AccessRequestSerializer(found).data)

    @extend_schema(operation_id="access_requests_withdraw", tags=["access"], responses={204: None})
    def delete(self, request: Request, request_id: UUID) -> Response:
        """Take one's own request back."""
        self.changed(
            request,
            lambda person: services.withdraw_request(actor=actor_of(request), person=person, request_id=request_id),
        )
        return Response(status=204)

    def changed(self, request: Request, change: Callable[[User], AccessRequest]) -> AccessRequest:
        """Make the change as the caller. Raises NotFound for what is not theirs, ProblemError."""
        try:
            return change(request.user)  # type: ignore[arg-type]
        except NotYours as error:
            raise self.refuse(request) from error
        except GrantRefused as error:
            raise ProblemError(400, error.code, str(error)) from error


class ApproveView(AccessRequestView):
    """The owner's yes."""

    http_method_names = ("post", "options")

    @extend_schema(
        operation_id="access_requests_approve",
        tags=["access"],
        request=ApproveSerializer,
        responses=AccessRequestSerializer,
    )
    def post(self, request: Request, request_id: UUID) -> Response:
        """Give what was asked for, or less of it; for administrators of the owner."""
        given = ApproveSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        permissions = given.validated_data.get("permissions")
        decided = self.changed(
            request,
            lambda person: services.approve_request(
                actor=actor_of(request),
                administrator=person,
                request_id=request_id,
                permissions=tuple(permissions) if permissions else None,
                valid_until=given.validated_data.get("valid_until"),
            ),
        )
        return Response(AccessRequestSerializer(decided).data)


class DeclineView(AccessRequestView):
    """The owner's no."""

    http_method_names = ("post", "options")

    @extend_schema(
        operation_id="access_requests_decline",
        tags=["access"],
        request=DeclineSerializer,
        responses=AccessRequestSerializer,
    )
    def post(self, request: Request, request_id: UUID) -> Response:
        """Say no, and why; for administrators of the owner."""
        said = DeclineSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        decided = self.changed(
            request,
            lambda person: services.decline_request(
                actor=actor_of(request),
                administrator=person,
                request_id=request_id,
                reason=said.validated_data["reason"],
            ),
        )
        return Response(AccessRequestSerializer(decided).data)


def _uuid(text: str) -> UUID:
    """The number as typed; one of nobody for what is no number."""
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)

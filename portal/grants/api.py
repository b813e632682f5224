"""`/api/v1/grants/`: access given, received or overseen; giving and revoking it."""

from typing import Any, NoReturn
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from audit.services import record_access_denied
from portal.accounts.actors import actor_of
from portal.accounts.api_door import AuditedDoor
from portal.accounts.pagination import PlacePagination
from portal.accounts.problems import ProblemError
from portal.grants.audited import audited_try
from portal.grants.errors import GrantRefused, NotYours, ShareNotAllowed, UnknownGrantee
from portal.grants.filters import FILTERS, GrantFilters
from portal.grants.models import Grant
from portal.grants.policy import holding_for
from portal.grants.selectors import grants_known_to
from portal.grants.serializers import GiveGrantSerializer, GrantSerializer
from portal.grants.services import give_grant, revoke_grant

GUARD = "signed in, and grants_known_to"


class GrantPagination(PlacePagination):
    """Newest first."""

    ordering = ("-granted_at", "-id")


def _shown(request: Request, grants: Any, *, many: bool = False) -> Any:
    return GrantSerializer(grants, many=many, context={"reader": request.user}).data


def _nobody() -> NoReturn:
    raise UnknownGrantee


class GrantsGuard(AuditedDoor):
    """Signed in, or 401; a grant of others is 404. Either leaves one audit event."""

    guard = GUARD
    tried = "grants"


class GrantListView(GrantsGuard, generics.GenericAPIView[Grant]):
    """Grants that the caller gave, received, or oversees as administrator of the owning institution."""

    serializer_class = GrantSerializer
    pagination_class = GrantPagination
    queryset = Grant.objects.none()

    @extend_schema(
        operation_id="grants_list", tags=["grants"], parameters=FILTERS, responses=GrantSerializer(many=True)
    )
    def get(self, request: Request) -> Response:
        """One page of grants, newest first."""
        asked = GrantFilters(request.query_params)
        page = self.paginate_queryset(asked.narrowed(request.user)) or []
        return self.get_paginated_response(_shown(request, page, many=True))

    @extend_schema(
        operation_id="grants_create", tags=["grants"], request=GiveGrantSerializer, responses={201: GrantSerializer}
    )
    def post(self, request: Request) -> Response:
        """Give access to a study that the caller may share."""
        asked = GiveGrantSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        uid: str = asked.validated_data["study_instance_uid"]
        server = asked.validated_data.get("server")
        found = holding_for(request.user, uid, str(server) if server else None)
        if found is None:
            self._record_denied(request, uid, server)
            raise NotFound
        try:
            grant = give_grant(
                actor=actor_of(request),
                giver=request.user,  # type: ignore[arg-type]
                grantee=asked.recipient or _nobody(),
                study=found[0],
                terms=asked.terms,
            )
        except ShareNotAllowed as error:
            self._record_denied(request, uid, server)
            raise ProblemError(403, error.code, str(error)) from error
        except GrantRefused as error:
            raise ProblemError(400, error.code, str(error)) from error
        return Response(_shown(request, grant), status=201)

    def _record_denied(self, request: Request, uid: str, server: UUID | None) -> None:
        subject = audited_try(uid, str(server) if server else None)
        record_access_denied(actor=actor_of(request), study=subject, tried="give_access")


class GrantDetailView(GrantsGuard, generics.GenericAPIView[Grant]):
    """One grant."""

    serializer_class = GrantSerializer
    pagination_class = None

    @extend_schema(operation_id="grants_retrieve", tags=["grants"])
    def get(self, request: Request, grant_id: UUID) -> Response:
        """The grant, to whom it is known."""
        grant = grants_known_to(request.user).filter(pk=grant_id).first()
        if grant is None:
            record_access_denied(actor=actor_of(request), tried="grant")
            raise NotFound
        return Response(_shown(request, grant))

    @extend_schema(operation_id="grants_revoke", tags=["grants"], responses={204: None})
    def delete(self, request: Request, grant_id: UUID) -> Response:
        """Take the access back; running viewers stop."""
        try:
            revoke_grant(actor=actor_of(request), revoker=request.user, grant_id=grant_id)  # type: ignore[arg-type]
        except NotYours as error:
            record_access_denied(actor=actor_of(request), tried="revoke_access")
            raise NotFound from error
        return Response(status=204)

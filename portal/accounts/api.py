"""`/api/v1/me/…`: one's own sessions and API tokens."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

from audit.services import record_access_denied
from portal.accounts.actors import actor_of
from portal.accounts.api_door import AuditedDoor
from portal.accounts.factors import SECOND_FACTORS, factors_of
from portal.accounts.models import ApiToken, User
from portal.accounts.pagination import PlacePagination
from portal.accounts.problems import ProblemError
from portal.accounts.selectors import own_api_tokens, own_sessions
from portal.accounts.serializers import (
    ApiTokenSerializer,
    MakeApiTokenSerializer,
    NewApiTokenSerializer,
    SessionSerializer,
)
from portal.accounts.services import InvalidToken, create_api_token, end_session, revoke_api_token
from portal.accounts.throttles import PersonThrottle, SignInThrottle

GUARD = "signed in, and one's own"


class SessionPagination(PlacePagination):
    """The last begun first."""

    ordering = ("-created_at", "-id")


class ApiTokenPagination(PlacePagination):
    """Newest first."""

    ordering = ("-made_at", "-id")


class OwnGuard(AuditedDoor):
    """Signed in, or 401; what belongs to others is 404. Either leaves one audit event."""

    guard = GUARD
    tried = "me"
    turned_away_by = (*AuditedDoor.turned_away_by, NotFound)

    @property
    def person(self) -> User:
        """Who asks."""
        assert isinstance(self.request.user, User)  # noqa: S101 - the permission class saw to it
        return self.request.user


class SessionListView(OwnGuard, generics.GenericAPIView[Any]):
    """Where the caller is signed in."""

    serializer_class = SessionSerializer
    pagination_class = SessionPagination
    tried = "sessions"

    @extend_schema(operation_id="my_sessions_list", tags=["me"], responses=SessionSerializer(many=True))
    def get(self, request: Request) -> Response:
        """One page of sessions."""
        page = self.paginate_queryset(own_sessions(self.person)) or []
        context = {"session_key": request._request.session.session_key}  # noqa: SLF001
        return self.get_paginated_response(SessionSerializer(page, many=True, context=context).data)


class SessionDetailView(OwnGuard):
    """One session."""

    tried = "session"

    @extend_schema(operation_id="my_sessions_end", tags=["me"], responses={204: None})
    def delete(self, request: Request, session_id: int) -> Response:
        """End it."""
        session = own_sessions(self.person).filter(pk=session_id).first()
        if session is None:
            raise NotFound
        end_session(actor=actor_of(request), person=self.person, session=session)
        return Response(status=204)


class ApiTokenListView(OwnGuard, generics.GenericAPIView[ApiToken]):
    """The caller's API tokens."""

    serializer_class = ApiTokenSerializer
    pagination_class = ApiTokenPagination
    throttle_scope = "sign_in"
    tried = "api_tokens"

    def get_throttles(self) -> list[BaseThrottle]:
        """Few new tokens; the list as often as anything."""
        return [SignInThrottle() if self.request.method == "POST" else PersonThrottle()]

    @extend_schema(operation_id="my_tokens_list", tags=["me"], responses=ApiTokenSerializer(many=True))
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """One page of tokens; never the tokens themselves."""
        page = self.paginate_queryset(own_api_tokens(self.person)) or []
        return self.get_paginated_response(ApiTokenSerializer(page, many=True).data)

    @extend_schema(
        operation_id="my_tokens_create",
        tags=["me"],
        request=MakeApiTokenSerializer,
        responses={201: NewApiTokenSerializer},
    )
    def post(self, request: Request) -> Response:
        """Make a token; the answer is the only place that ever shows it. Needs a browser's session."""
        if request.auth is not None:
            # A token that got out must not make others that outlive it.
            record_access_denied(actor=actor_of(request), tried="api_token_by_token")
            raise ProblemError(403, "session_required", "Sign in with a browser to make a token.")
        asked = MakeApiTokenSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        factors = factors_of(request._request, self.person)  # noqa: SLF001
        try:
            token, text = create_api_token(
                actor=actor_of(request),
                person=self.person,
                name=asked.validated_data["name"],
                lifetime=timedelta(days=asked.validated_data["days"]),
                is_read_only=asked.validated_data["is_read_only"],
                with_second_factor=bool(SECOND_FACTORS.intersection(factors)),
            )
        except InvalidToken as error:
            raise ProblemError(400, "request_invalid", str(error)) from error
        return Response({**ApiTokenSerializer(token).data, "token": text}, status=201)


class ApiTokenDetailView(OwnGuard):
    """One API token."""

    tried = "api_token"

    @extend_schema(operation_id="my_tokens_revoke", tags=["me"], responses={204: None})
    def delete(self, request: Request, token_id: UUID) -> Response:
        """Revoke it."""
        token = own_api_tokens(self.person).filter(pk=token_id).first()
        if token is None:
            raise NotFound
        revoke_api_token(actor=actor_of(request), token=token)
        return Response(status=204)

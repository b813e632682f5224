"""`/api/v1/identity-conflicts/`: national IDs under which institutions describe different people."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from audit.services import record_identity_conflict_opened
from portal.access.api import AccessGuard
from portal.access.selectors import PAGE_SIZE
from portal.access.serializers import (
    ConflictListSerializer,
    ConflictPageSerializer,
    ConflictSerializer,
    RulingSerializer,
)
from portal.accounts.actors import actor_of
from portal.accounts.models import NationalIdentity, User
from portal.accounts.problems import ProblemError
from portal.grants.conflicts import Conflict, Reach, conflict_lines, conflict_of, reach_of
from portal.grants.errors import GrantRefused, NotYours
from portal.grants.rulings import rule_on_description, undo_ruling


class ConflictGuard(AccessGuard):
    """Signed in, or 401; who settles no conflicts finds none: 404. Either leaves one audit event."""

    guard = "access.settle_identities"
    tried = "identity_conflicts"

    def person_and_reach(self, request: Request) -> tuple[User, Reach]:
        """The caller, and what they may rule on. Raises NotFound."""
        if not isinstance(request.user, User) or not request.user.has_perm(self.guard):
            raise self.refuse(request)
        return request.user, reach_of(request.user)

    def conflict(self, request: Request, identity_pk: int) -> Conflict:
        """The conflict. Raises NotFound."""
        _, reach = self.person_and_reach(request)
        found = conflict_of(reach, identity_pk)
        if found is None:
            raise self.refuse(request)
        return found


class ConflictListView(ConflictGuard, generics.GenericAPIView[Any]):
    """National IDs in question at the institutions that the caller administers, newest first."""

    serializer_class = ConflictListSerializer
    pagination_class = None

    @extend_schema(
        operation_id="identity_conflicts_list",
        tags=["access"],
        parameters=[OpenApiParameter("before", OpenApiTypes.INT, description="From `next`.")],
        responses=ConflictPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """One page of them; the settled ones too."""
        _, reach = self.person_and_reach(request)
        before = request.query_params.get("before", "")
        if before and not (before.isascii() and before.isdigit() and len(before) <= 18):
            raise ValidationError({"before": ["This is no place in the list."]})
        lines = conflict_lines(reach, before=int(before) if before else None, size=PAGE_SIZE + 1)
        shown = lines[:PAGE_SIZE]
        here = request.build_absolute_uri()
        following = replace_query_param(here, "before", shown[-1].identity.pk) if len(lines) > PAGE_SIZE else None
        results = ConflictListSerializer(shown, many=True).data
        return Response({"next": following, "previous": None, "results": results})


class ConflictView(ConflictGuard, generics.GenericAPIView[Any]):
    """One national ID with the descriptions under it."""

    serializer_class = ConflictSerializer
    pagination_class = None

    @extend_schema(operation_id="identity_conflicts_retrieve", tags=["access"])
    def get(self, request: Request, identity_pk: int) -> Response:
        """The descriptions side by side; of other institutions no more than what is needed to compare."""
        found = self.conflict(request, identity_pk)
        record_identity_conflict_opened(
            actor=actor_of(request),
            issuer=found.identity.issuer,
            national_id=found.identity.national_id,
            results=len(found.descriptions),
        )
        return Response(_told(found))


class RulingView(ConflictGuard, generics.GenericAPIView[Any]):
    """The word on one description."""

    serializer_class = RulingSerializer
    pagination_class = None

    @extend_schema(
        operation_id="identity_conflicts_rule", tags=["access"], request=RulingSerializer, responses=ConflictSerializer
    )
    def put(self, request: Request, identity_pk: int, patient_pk: int) -> Response:
        """Say that the description is of the bearer, or of somebody else."""
        self.person_and_reach(request)
        said = RulingSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        return self._changed(
            request,
            identity_pk,
            lambda identity, person: rule_on_description(
                actor=actor_of(request),
                administrator=person,
                identity=identity,
                patient_pk=patient_pk,
                is_the_bearer=said.validated_data["is_the_bearer"],
                reason=said.validated_data["reason"],
            ),
        )

    @extend_schema(operation_id="identity_conflicts_undo", tags=["access"], responses={200: ConflictSerializer})
    def delete(self, request: Request, identity_pk: int, patient_pk: int) -> Response:
        """Take the word back."""
        return self._changed(
            request,
            identity_pk,
            lambda identity, person: undo_ruling(
                actor=actor_of(request), administrator=person, identity=identity, patient_pk=patient_pk
            ),
        )

    def _changed(
        self, request: Request, identity_pk: int, change: Callable[[NationalIdentity, User], object]
    ) -> Response:
        person, _ = self.person_and_reach(request)
        found = self.conflict(request, identity_pk)
        try:
            change(found.identity, person)
        except NotYours as error:
            raise self.refuse(request) from error
        except GrantRefused as error:
            raise ProblemError(400, error.code, str(error)) from error
        return Response(_told(self.conflict(request, identity_pk)))


def _told(conflict: Conflict) -> Any:
    return ConflictSerializer(conflict).data

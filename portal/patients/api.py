"""`/api/v1/me/images/` and `/api/v1/me/looks/`: what the patient's own pages show, for programs."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.exceptions import (
    NotFound,
    ValidationError,
)
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from portal.accounts.actors import actor_of
from portal.accounts.api_door import AuditedDoor
from portal.accounts.models import User
from portal.grants.policy import sight_of
from portal.patients.selectors import parse_day, parse_key
from portal.patients.serializers import (
    LookPageSerializer,
    LookSerializer,
    OwnStudyPageSerializer,
    OwnStudySerializer,
)
from portal.patients.services import read_looks, read_own_images
from portal.studies.models import Study


class OwnGuard(AuditedDoor):
    """Signed in, or 401; a patient, or 404. Either leaves one audit event. Nothing but the caller's own is told."""

    guard = "patients.see_own"
    tried = "images"

    def patient(self, request: Request) -> User:
        """The caller, where they are a patient. Raises NotFound."""
        if not isinstance(request.user, User) or not request.user.has_perm(self.guard):
            self.record_denied()
            raise NotFound
        return request.user


class OwnImagesView(OwnGuard, generics.GenericAPIView[Study]):
    """The caller's own studies, of all institutions."""

    serializer_class = OwnStudySerializer
    pagination_class = None

    @extend_schema(
        operation_id="me_images",
        tags=["me"],
        parameters=[OpenApiParameter("after", OpenApiTypes.INT, description="From `next`.")],
        responses=OwnStudyPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """One page of the timeline, the latest first. Recorded as a look."""
        person = self.patient(request)
        text = request.query_params.get("after", "")
        after = parse_key(text)
        if text and after is None:
            raise ValidationError({"after": ["This is no place in the list."]})
        page = read_own_images(actor=actor_of(request), sight=sight_of(person), after=after)
        here = request.build_absolute_uri()
        return Response(
            {
                "next": replace_query_param(here, "after", page.next) if page.next else None,
                "previous": None,
                "results": OwnStudySerializer(page.studies, many=True).data,
            }
        )


class OwnLooksView(OwnGuard, generics.GenericAPIView[Study]):
    """Who looked at the caller's own images."""

    serializer_class = LookSerializer
    pagination_class = None
    tried = "looks"

    @extend_schema(
        operation_id="me_looks",
        tags=["me"],
        parameters=[OpenApiParameter("until", OpenApiTypes.DATE, description="The last day that is wanted.")],
        responses=LookPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """The looks of some days, the newest first. That they were read is recorded."""
        person = self.patient(request)
        text = request.query_params.get("until", "")
        until = parse_day(text)
        if text and until is None:
            raise ValidationError({"until": ["Give a day as 2026-11-20."]})
        found = read_looks(actor=actor_of(request), user=person, until=until)
        here = request.build_absolute_uri()
        return Response(
            {
                "next": replace_query_param(here, "until", found.next.isoformat()) if found.next else None,
                "previous": None,
                "results": LookSerializer(found.looks, many=True).data,
            }
        )

"""`/api/v1/studies/`: what the worklist and the study page show, for programs; recorded like them."""

from typing import Any, Final

from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.exceptions import (
    ValidationError,
)
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.actors import actor_of
from portal.grants.api_door import StudyDoor
from portal.grants.guards import GUARD, asked_server
from portal.grants.policy import visible_studies
from portal.studies.models import Study
from portal.worklist.filters import StudyFilterSet
from portal.worklist.lists import record_look, with_what_rows_show
from portal.worklist.pagination import StudyPagination
from portal.worklist.serializers import StudyDetailSerializer, StudySerializer
from portal.worklist.study_page import open_study

LIST_PARAMETERS: Final = frozenset({*StudyFilterSet.base_filters, "ordering", "cursor", "page_size"})
STUDY_PARAMETERS: Final = [
    OpenApiParameter(
        "study_instance_uid", OpenApiTypes.STR, OpenApiParameter.PATH, pattern=r"^[0-9.]{1,64}$", required=True
    ),
    OpenApiParameter(
        "server",
        OpenApiTypes.UUID,
        description="ID of the DICOM Server, where several hold the study; without it the most complete reachable one.",
    ),
]


class StudiesGuard(StudyDoor):
    """Signed in, or 401; what the policy hides is 404. Either leaves one audit event."""

    guard = GUARD
    tried = "study"


class StudyListView(StudiesGuard, generics.ListAPIView[Study]):
    """Studies that the caller may see. Sorted by `ordering`, newest first without it."""

    serializer_class = StudySerializer
    filter_backends = (DjangoFilterBackend,)
    filterset_class = StudyFilterSet
    pagination_class = StudyPagination
    queryset = Study.objects.none()
    tried = "worklist"

    def get_queryset(self) -> QuerySet[Study]:
        """The policy's answer, with all that is serialized."""
        return with_what_rows_show(visible_studies(self.request.user))

    @extend_schema(operation_id="studies_list", tags=["studies"])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One page of studies, newest first unless `ordering` says otherwise. Each look is recorded."""
        _refuse_unknown(request)
        response = self.list(request, *args, **kwargs)
        asked = StudyFilterSet(request.query_params, queryset=Study.objects.none())
        order = self.paginator.order  # type: ignore[union-attr]
        record_look(actor=actor_of(request), values=asked.values, order=order, shown=len(response.data["results"]))
        return response


def _refuse_unknown(request: Request) -> None:
    """A filter that is misspelt must not show more than was asked for."""
    known = ", ".join(sorted(LIST_PARAMETERS))
    unknown = sorted(set(request.query_params) - LIST_PARAMETERS)
    if unknown:
        raise ValidationError({name: [f"There is no such filter; these are: {known}."] for name in unknown})


class StudyDetailView(StudiesGuard, generics.GenericAPIView[Study]):
    """One study with its series, and why the caller may see it."""

    serializer_class = StudyDetailSerializer
    pagination_class = None
    filter_backends = ()

    @extend_schema(operation_id="studies_retrieve", tags=["studies"], parameters=STUDY_PARAMETERS)
    def get(self, request: Request, study_instance_uid: str) -> Response:
        """The study, recorded as opened."""
        page = open_study(
            actor=actor_of(request),
            user=request.user,
            study_instance_uid=study_instance_uid,
            server_id=asked_server(request),
        )
        if page is None:
            raise self.refuse(request, study_instance_uid)
        return Response(StudyDetailSerializer(page.study, context={"page": page}).data)

"""`/api/v1/studies/<uid>/annotations/`: marks on the images of a study, kept with all their versions."""

from typing import Any, Final, NoReturn
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.actors import actor_of
from portal.accounts.asking_sessions import session_of
from portal.accounts.models import User
from portal.accounts.pagination import PlacePagination
from portal.accounts.problems import ProblemError, problem_members
from portal.accounts.throttles import PersonThrottle
from portal.grants.guards import asked_server
from portal.worklist.api import STUDY_PARAMETERS, StudiesGuard
from viewer.marks.errors import (
    ChangedMeanwhile,
    NoSuchMark,
    NotYourMark,
    ReportNotAllowed,
    StudyHidden,
    TooManyMarks,
)
from viewer.marks.models import Mark, MarkVersion
from viewer.marks.selectors import marks_on, versions_of
from viewer.marks.serializers import ChangedMeanwhileSerializer, MarkInputSerializer, MarkSerializer
from viewer.marks.services import Place, keep_mark, take_mark_away
from viewer.opened import Opened, opened
from wire import problems

CHANGED_MEANWHILE: Final = "changed_meanwhile"
_CONFLICT: Final[Any] = {(409, problems.CONTENT_TYPE): ChangedMeanwhileSerializer}
_VERSION: Final = OpenApiParameter(
    "version",
    {"type": "integer", "minimum": 1, "maximum": 2**31 - 1},
    required=True,
    description="The version that is taken away.",
)
_MARK: Final = OpenApiParameter("mark_id", OpenApiTypes.UUID, OpenApiParameter.PATH, required=True)


class MarkPagination(PlacePagination):
    """In the order of their making; a reader's whole study is one page."""

    page_size = 500
    max_page_size = 2000
    ordering = ("created_at", "id")


class VersionPagination(PlacePagination):
    """The oldest first."""

    ordering = ("made_at", "id")


class MarksThrottle(PersonThrottle):
    """A rate of its own: a viewer that saves each change uses up nothing that other pages need, nor they its."""

    scope = "marks"


class MarksGuard(StudiesGuard):
    """Signed in, or 401; a study that the policy hides is 404. Either leaves one audit event."""

    tried = "marks"
    throttle_classes = (MarksThrottle, *StudiesGuard.throttle_classes[1:])

    @property
    def reader(self) -> User:
        """Whoever asks."""
        return self.request.user  # type: ignore[return-value]

    def opened(self, study_instance_uid: str) -> Opened:
        """The study, or 404."""
        found = opened(self.request.user, study_instance_uid, asked_server(self.request))
        if found is None:
            raise self.refuse(self.request, study_instance_uid)
        return found

    def shown(self, found: Any, *, many: bool = False) -> Any:
        """Marks or versions as the reader reads them."""
        return MarkSerializer(found, many=many, context={"reader": self.reader}).data

    def place(self, study_instance_uid: str, mark_id: UUID) -> Place:
        """Who changes which mark."""
        return Place(
            user=self.reader,
            study_instance_uid=study_instance_uid,
            server_id=asked_server(self.request),
            mark_id=mark_id,
            session=session_of(self.request),
        )

    def not_allowed(self, study_instance_uid: str, code: str, words: str) -> NoReturn:
        """Answer 403 and write who tried."""
        self.tried = "change_mark"
        self.record_denied(study_instance_uid)
        raise ProblemError(403, code, words)


class MarkListView(MarksGuard, generics.GenericAPIView[Mark]):
    """Marks on a study."""

    serializer_class = MarkSerializer
    pagination_class = MarkPagination
    queryset = Mark.objects.none()
    filter_backends = ()

    @extend_schema(
        operation_id="annotations_list",
        tags=["viewer"],
        parameters=STUDY_PARAMETERS,
        responses=MarkSerializer(many=True),
    )
    def get(self, request: Request, study_instance_uid: str) -> Response:  # noqa: ARG002
        """One page of marks, the oldest first. Patients and holders of share links read none of others."""
        page = self.paginate_queryset(marks_on(self.opened(study_instance_uid), self.reader)) or []
        return self.get_paginated_response(self.shown(page, many=True))


class MarkView(MarksGuard):
    """One mark, under the number that its viewer gave it."""

    @extend_schema(
        operation_id="annotations_keep",
        tags=["viewer"],
        parameters=[*STUDY_PARAMETERS, _MARK],
        request=MarkInputSerializer,
        responses={200: MarkSerializer, **_CONFLICT},
    )
    def put(self, request: Request, study_instance_uid: str, mark_id: UUID) -> Response:
        """Keep a new mark, or another version of one's own; the same twice is kept once."""
        self._may_write(study_instance_uid)
        sent = MarkInputSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        place = self.place(study_instance_uid, mark_id)
        try:
            mark, _is_new = keep_mark(
                actor=actor_of(request), place=place, based_on=sent.validated_data["version"], content=sent.content
            )
        except ChangedMeanwhile as error:
            return self._conflict(error.current)
        except (StudyHidden, NoSuchMark, NotYourMark, ReportNotAllowed, TooManyMarks) as error:
            self._refuse(study_instance_uid, error)
        return Response(self.shown(mark))

    @extend_schema(
        operation_id="annotations_take_away",
        tags=["viewer"],
        parameters=[*STUDY_PARAMETERS, _MARK, _VERSION],
        request=None,
        responses={204: None, **_CONFLICT},
    )
    def delete(self, request: Request, study_instance_uid: str, mark_id: UUID) -> Response:
        """Take one's own mark away; what it said stays among its versions."""
        self._may_write(study_instance_uid)
        sent = serializers.IntegerField(min_value=1, max_value=2**31 - 1)
        try:
            based_on = sent.run_validation(request.query_params.get("version"))
        except serializers.ValidationError as error:
            raise serializers.ValidationError({"version": error.detail}) from error
        place = self.place(study_instance_uid, mark_id)
        try:
            take_mark_away(actor=actor_of(request), place=place, based_on=based_on)
        except ChangedMeanwhile as error:
            return self._conflict(error.current)
        except (StudyHidden, NoSuchMark, NotYourMark, ReportNotAllowed, TooManyMarks) as error:
            self._refuse(study_instance_uid, error)
        return Response(status=204)

    def _may_write(self, study_instance_uid: str) -> None:
        """Turn away before the body is read: what is wrong with it is for those to know who may send it."""
        if "report" not in self.opened(study_instance_uid).permissions:
            self._refuse(study_instance_uid, ReportNotAllowed())

    def _refuse(self, study_instance_uid: str, error: Exception) -> NoReturn:
        match error:
            case StudyHidden():
                raise self.refuse(self.request, study_instance_uid) from error
            case ReportNotAllowed():
                words = "You may see this study, and not make marks on it."
                self.not_allowed(study_instance_uid, problems.NOT_ALLOWED, words)
            case NotYourMark():
                words = "This mark is somebody else's. Copy it to change it."
                self.not_allowed(study_instance_uid, "not_yours", words)
            case TooManyMarks():
                raise ProblemError(
                    400, "too_many_marks", "There are too many marks, or changes of this one."
                ) from error
            case _:
                self.record_denied(study_instance_uid)
                raise NotFound from error

    def _conflict(self, mark: Mark) -> Response:
        words = "This mark was changed meanwhile."
        members = problem_members(409, CHANGED_MEANWHILE, words) | {"current": self.shown(mark)}
        return Response(members, status=409, content_type=problems.CONTENT_TYPE)


class MarkVersionsView(MarksGuard, generics.GenericAPIView[MarkVersion]):
    """What a mark said, from its making until now."""

    serializer_class = MarkSerializer
    pagination_class = VersionPagination
    queryset = MarkVersion.objects.none()
    filter_backends = ()

    @extend_schema(
        operation_id="annotation_versions_list",
        tags=["viewer"],
        parameters=[*STUDY_PARAMETERS, _MARK],
        responses=MarkSerializer(many=True),
    )
    def get(self, request: Request, study_instance_uid: str, mark_id: UUID) -> Response:  # noqa: ARG002
        """One page of versions, the oldest first; also of a mark that was taken away."""
        versions = versions_of(self.opened(study_instance_uid), self.reader, mark_id)
        if versions is None:
            self.record_denied(study_instance_uid)
            raise NotFound
        page = self.paginate_queryset(versions) or []
        return self.get_paginated_response(self.shown(page, many=True))

"""`/api/v1/consultations/`: asking consultants and answering; `/api/v1/studies/<uid>/findings/`: what they found."""

from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.actors import actor_of
from portal.accounts.problems import ProblemError
from portal.consultations.errors import Closed, ConsultationRefused, NotYours, ShareNotAllowed
from portal.consultations.models import Consultation
from portal.consultations.pages import question_known_to, shown_question
from portal.consultations.selectors import answers_on, known_to
from portal.consultations.serializers import (
    AnswerSerializer,
    AskConsultantSerializer,
    ConsultationSerializer,
    FindingSerializer,
)
from portal.consultations.services import answer, ask, withdraw
from portal.grants.api import GrantPagination
from portal.grants.api_door import StudyDoor
from portal.grants.guards import asked_server
from portal.grants.policy import sight_of
from portal.invitations.errors import InvitationRefused, TooManyLetters
from portal.studies.models import Study

GUARD = "signed in, and questions known to the caller"


class ConsultationPagination(GrantPagination):
    """Newest first."""

    ordering = ("-asked_at", "-id")


class FindingPagination(GrantPagination):
    """Newest first."""

    ordering = ("-answered_at", "-id")


class ConsultationsGuard(StudyDoor):
    """Signed in, or 401; what others asked is 404. Either leaves one audit event."""

    guard = GUARD
    tried = "question"

    def shown(self, consultation_id: UUID) -> Response:
        """The question as the caller reads it, or 404."""
        found = question_known_to(self.request.user, consultation_id)  # type: ignore[arg-type]
        if found is None:
            self.record_denied()
            raise NotFound
        return Response(ConsultationSerializer(found).data)


class ConsultationListView(ConsultationsGuard, generics.GenericAPIView[Consultation]):
    """Questions that the caller asked or is asked."""

    serializer_class = ConsultationSerializer
    pagination_class = ConsultationPagination
    queryset = Consultation.objects.none()
    tried = "questions"

    @extend_schema(
        operation_id="consultations_list", tags=["consultations"], responses=ConsultationSerializer(many=True)
    )
    def get(self, request: Request) -> Response:
        """One page of questions."""
        page = self.paginate_queryset(known_to(request.user)) or []
        shown = [shown_question(request.user, one) for one in page]  # type: ignore[arg-type]
        return self.get_paginated_response(ConsultationSerializer(shown, many=True).data)

    @extend_schema(
        operation_id="consultations_create",
        tags=["consultations"],
        request=AskConsultantSerializer,
        responses={201: ConsultationSerializer},
    )
    def post(self, request: Request) -> Response:
        """Ask a consultant about studies of one patient that the caller may share."""
        self.tried = "ask_consultant"
        asked = AskConsultantSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        studies = [self._study(request, one) for one in asked.validated_data["studies"]]
        try:
            consultation = ask(
                actor=actor_of(request),
                inviter=request.user,  # type: ignore[arg-type]
                studies=studies,
                question=asked.asked,
            )
        except ShareNotAllowed as error:
            self.record_denied(studies[0].study_instance_uid)
            raise ProblemError(403, error.code, str(error)) from error
        except ConsultationRefused as error:
            raise ProblemError(400, error.code, str(error)) from error
        except InvitationRefused as error:
            raise ProblemError(400, error.code, str(error)) from error
        except TooManyLetters as error:
            raise ProblemError(429, error.code, str(error), wait=error.wait) from error
        shown = shown_question(request.user, consultation)  # type: ignore[arg-type]
        return Response(ConsultationSerializer(shown).data, status=201)

    def _study(self, request: Request, named: dict[str, Any]) -> Study:
        server = str(named["server"]) if named.get("server") else None
        found = sight_of(request.user).holding(named["study_instance_uid"], server)
        if found is None:
            self.record_denied(named["study_instance_uid"])
            raise NotFound
        return found[0]


class ConsultationDetailView(ConsultationsGuard):
    """One question."""

    @extend_schema(operation_id="consultations_retrieve", tags=["consultations"], responses=ConsultationSerializer)
    def get(self, request: Request, consultation_id: UUID) -> Response:  # noqa: ARG002
        """The question, to whom it is known."""
        return self.shown(consultation_id)


class AnswerView(ConsultationsGuard):
    """The consultant's answer."""

    tried = "answer_question"

    @extend_schema(
        operation_id="consultations_answer",
        tags=["consultations"],
        request=AnswerSerializer,
        responses={200: ConsultationSerializer},
    )
    def post(self, request: Request, consultation_id: UUID) -> Response:
        """Answer; the access that came with the question ends."""
        given = AnswerSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        try:
            answer(
                actor=actor_of(request),
                consultant=request.user,  # type: ignore[arg-type]
                consultation_id=consultation_id,
                text=given.validated_data["answer"],
            )
        except NotYours as error:
            self.record_denied()
            raise NotFound from error
        except Closed as error:
            raise ProblemError(409, "consultation_closed", "This question is over.") from error
        except ConsultationRefused as error:
            raise ProblemError(400, error.code, str(error)) from error
        return self.shown(consultation_id)


class WithdrawView(ConsultationsGuard):
    """The end of a question before its answer."""

    tried = "withdraw_question"

    @extend_schema(
        operation_id="consultations_withdraw",
        tags=["consultations"],
        request=None,
        responses={200: ConsultationSerializer},
    )
    def post(self, request: Request, consultation_id: UUID) -> Response:
        """Take the question back, with all access that came with it."""
        try:
            withdraw(actor=actor_of(request), inviter=request.user, consultation_id=consultation_id)  # type: ignore[arg-type]
        except NotYours as error:
            self.record_denied()
            raise NotFound from error
        except Closed as error:
            raise ProblemError(409, "consultation_closed", "This question is over.") from error
        return self.shown(consultation_id)


class FindingListView(ConsultationsGuard, generics.GenericAPIView[Consultation]):
    """What was found on a study, for everybody who may view it with the patient's identity."""

    guard = "signed in, and visible_studies"
    serializer_class = FindingSerializer
    pagination_class = FindingPagination
    queryset = Consultation.objects.none()
    tried = "findings"

    @extend_schema(
        operation_id="findings_list",
        tags=["studies"],
        parameters=[
            OpenApiParameter(
                "study_instance_uid",
                OpenApiTypes.STR,
                OpenApiParameter.PATH,
                pattern=r"^[0-9.]{1,64}$",
                required=True,
            ),
            OpenApiParameter("server", OpenApiTypes.UUID, description="Where several servers hold the study."),
        ],
        responses=FindingSerializer(many=True),
    )
    def get(self, request: Request, study_instance_uid: str) -> Response:
        """One page of findings."""
        found = sight_of(request.user).holding(study_instance_uid, asked_server(request))
        if found is None:
            self.record_denied(study_instance_uid)
            raise NotFound
        page = self.paginate_queryset(answers_on(found[0])) or []
        return self.get_paginated_response(FindingSerializer(page, many=True).data)

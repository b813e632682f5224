"""`POST …/viewer-token/`: how a viewer gets, and renews, the right to read images; `…/taken-out/`: what leaves it."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.actors import actor_of
from portal.accounts.asking_sessions import session_of
from portal.accounts.models import User
from portal.accounts.problems import ProblemError
from portal.grants.guards import asked_server
from portal.grants.policy import holding_for
from portal.worklist.api import STUDY_PARAMETERS, StudiesGuard
from viewer.opened import opened
from viewer.serializers import TakenOutSerializer, ViewerTokenSerializer
from viewer.services import (
    ServerCannotDeidentify,
    ServerDisabled,
    ViewerToken,
    ViewerTokenDenied,
    issue_deidentified_token,
    issue_viewer_token,
)
from viewer.taken_out import TakingNotAllowed, note_taken_out
from wire import problems


class ViewerTokenView(StudiesGuard):
    """A token for one study on the server that holds it."""

    tried = "viewer_token"

    @extend_schema(
        operation_id="viewer_token_create",
        tags=["studies"],
        parameters=STUDY_PARAMETERS,
        request=None,
        responses={200: ViewerTokenSerializer},
    )
    def post(self, request: Request, study_instance_uid: str) -> Response:
        """Issue a token, or renew the viewing session's. A mapped UID gets one for images without identity."""
        try:
            issued = self._issued(request, study_instance_uid)
        except ViewerTokenDenied as error:
            raise self.refuse(request, study_instance_uid) from error
        except ServerDisabled as error:
            raise ProblemError(503, problems.UNAVAILABLE, "The DICOM Server was taken out of service.") from error
        except ServerCannotDeidentify as error:
            raise ProblemError(503, problems.UNAVAILABLE, "The DICOM Server cannot remove identity now.") from error
        return Response(ViewerTokenSerializer(issued).data, headers={"Cache-Control": "no-store"})

    def _issued(self, request: Request, study_instance_uid: str) -> ViewerToken:
        person: User = request.user  # type: ignore[assignment]
        server_id, session = asked_server(request), session_of(request)
        found = holding_for(person, study_instance_uid, server_id)
        if found is not None:
            return issue_viewer_token(actor=actor_of(request), user=person, study=found[0], session=session)
        return issue_deidentified_token(
            actor=actor_of(request),
            user=person,
            study_instance_uid=study_instance_uid,
            server_id=server_id,
            session=session,
        )


class TakenOutView(StudiesGuard):
    """Images that leave the viewer: printed, saved, or measurements stored with the study."""

    tried = "taken_out"

    @extend_schema(
        operation_id="taken_out_create",
        tags=["viewer"],
        parameters=STUDY_PARAMETERS,
        request=TakenOutSerializer,
        responses={204: None},
    )
    def post(self, request: Request, study_instance_uid: str) -> Response:
        """Say what is about to be taken out; recorded for the audit. Needs `download`, for "sr" `report`."""
        found = opened(request.user, study_instance_uid, asked_server(request))
        if found is None:
            raise self.refuse(request, study_instance_uid)
        sent = TakenOutSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        try:
            note_taken_out(actor=actor_of(request), found=found, **sent.validated_data)
        except TakingNotAllowed as error:
            self.record_denied(study_instance_uid)
            words = "You may see this study, and not take its images out."
            raise ProblemError(403, problems.NOT_ALLOWED, words) from error
        return Response(status=204)

"""`POST /api/v1/studies/<uid>/viewer-token/`: how a viewer gets, and renews, the right to read images."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.actors import actor_of
from portal.accounts.problems import ProblemError
from portal.grants.policy import holding_for
from portal.worklist.api import STUDY_PARAMETERS, StudiesGuard
from portal.grants.guards import asked_server
from viewer.serializers import ViewerTokenSerializer
from viewer.services import ServerDisabled, ViewerTokenDenied, issue_viewer_token
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
        """Issue a token, or renew the viewing session's."""
        found = holding_for(request.user, study_instance_uid, asked_server(request))
        if found is None:
            raise self.refuse(request, study_instance_uid)
        try:
            issued = issue_viewer_token(
                actor=actor_of(request),
                user=request.user,  # type: ignore[arg-type]
                study=found[0],
                session=_session_of(request),
            )
        except ViewerTokenDenied as error:
            raise self.refuse(request, study_instance_uid) from error
        except ServerDisabled as error:
            raise ProblemError(503, problems.UNAVAILABLE, "The DICOM Server was taken out of service.") from error
        return Response(ViewerTokenSerializer(issued).data, headers={"Cache-Control": "no-store"})


def _session_of(request: Request) -> str:
    """The browser session or the API token that asks; never the secret itself."""
    token: Any = request.auth
    if token is not None:
        return f"token {token.pk}"
    return f"session {request.session.session_key}"

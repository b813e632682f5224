"""`POST /api/v1/servers/<id>/errands/`: how a browser gets, and renews, the right to do an errand at a DICOM Server."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from audit.services import record_access_denied
from portal.accounts.actors import actor_of
from portal.accounts.api_door import AuditedDoor
from portal.accounts.asking_sessions import session_of
from portal.accounts.models import User
from portal.errands.rights import may_do_something
from portal.errands.serializers import ErrandTokenSerializer, OrderSerializer
from portal.errands.services import ErrandDenied, Order, issue_errand_token
from portal.grants.audited import audited_try

GUARD = "signed in, and servers_for_errand"


class ErrandView(AuditedDoor):
    """Signed in, or 401; a server at which one has no errand is 404. Either leaves one audit event."""

    guard = GUARD
    tried = "errand"

    @extend_schema(
        operation_id="errands_create",
        tags=["errands"],
        request=OrderSerializer,
        responses={200: ErrandTokenSerializer},
    )
    def post(self, request: Request, server_id: UUID) -> Response:
        """Issue a token: to upload or to find elsewhere for radiologists of the server's institution, to delete one
        study for its administrators."""
        person: User = request.user  # type: ignore[assignment]
        if not may_do_something(person, server_id):
            self.record_denied()
            raise NotFound
        asked = OrderSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        order = Order(**asked.validated_data)
        try:
            issued = issue_errand_token(
                actor=actor_of(request),
                user=person,
                server_id=server_id,
                order=order,
                session=session_of(request),
            )
        except ErrandDenied as error:
            uid = order.study_instance_uid
            study = audited_try(uid, str(server_id)) if uid else None
            record_access_denied(actor=actor_of(request), study=study, tried=f"errand_{order.errand}")
            raise NotFound from error
        return Response(ErrandTokenSerializer(issued).data, headers={"Cache-Control": "no-store"})

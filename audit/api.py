"""`GET /api/v1/audit-events/`: the log for programs of auditors; reading it is recorded too."""

from typing import Final

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import (
    AuthenticationFailed,
    NotAuthenticated,
    NotFound,
    PermissionDenied,
    ValidationError,
)
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from audit.actors import actor_of
from audit.forms import AuditFilterForm
from audit.models import Action
from audit.selectors import MAX_PAGE_SIZE, PAGE_SIZE, Cursor, InvalidCursor, audit_page, parse_cursor
from audit.serializers import AuditEventListSerializer, AuditEventSerializer
from audit.services import record_audit_denied, record_audit_read
from audit.views import PERMISSION

PARAMETERS: Final = [
    OpenApiParameter("since", OpenApiTypes.DATE, description="First day, in the portal's time zone."),
    OpenApiParameter("until", OpenApiTypes.DATE, description="Last day, included."),
    OpenApiParameter("person", OpenApiTypes.STR, description="Part of the actor's name, or the whole actor_id."),
    OpenApiParameter("patient", OpenApiTypes.STR, description="Any whole identifier of the patient."),
    OpenApiParameter("action", OpenApiTypes.STR, enum=Action.values),
    OpenApiParameter("institution", OpenApiTypes.STR, description="Short name; of the study or of the actor."),
    OpenApiParameter("rule", OpenApiTypes.STR),
    OpenApiParameter("study_instance_uid", OpenApiTypes.STR, description="StudyInstanceUID."),
    OpenApiParameter("denied", OpenApiTypes.BOOL, description="Only what was denied."),
    OpenApiParameter("cursor", OpenApiTypes.STR),
    OpenApiParameter("page_size", OpenApiTypes.INT, description=f"At most {MAX_PAGE_SIZE}."),
]


class AuditEventList(APIView):
    """Guard: signed in, else 401, and the permission to view the log, else 404; either leaves one event."""

    guard = PERMISSION
    permission_classes = (IsAuthenticated,)

    def handle_exception(self, exc: Exception) -> Response:
        """Write who was turned away at the door (signed out, a bad token, a forged request), then turn them away."""
        if isinstance(exc, NotAuthenticated | AuthenticationFailed | PermissionDenied):
            record_audit_denied(actor=actor_of(self.request))
        return super().handle_exception(exc)

    @extend_schema(
        operation_id="audit_events_list", parameters=PARAMETERS, responses=AuditEventListSerializer, tags=["audit"]
    )
    def get(self, request: Request) -> Response:
        """Answer one page of events, newest first."""
        actor = actor_of(request)
        if not request.user.has_perm(PERMISSION):
            record_audit_denied(actor=actor)
            raise NotFound
        _refuse_unknown(request)
        form = AuditFilterForm(request.query_params)
        if not form.is_valid():
            raise ValidationError({field: [str(error) for error in errors] for field, errors in form.errors.items()})
        filters = form.filters
        page = audit_page(filters, _cursor(request), _page_size(request))
        record_audit_read(
            actor=actor,
            filters=filters.set_ones,
            results=len(page.events),
            patient_identifiers=filters.patient_identifiers,
        )
        return Response(
            {
                "next": _url(request, page.next),
                "previous": _url(request, page.previous),
                "results": AuditEventSerializer(page.events, many=True).data,
            }
        )


def _refuse_unknown(request: Request) -> None:
    """A filter that is misspelt must not show more than was asked for."""
    known = {parameter.name for parameter in PARAMETERS}
    unknown = sorted(set(request.query_params) - known)
    if unknown:
        raise ValidationError(
            {name: [f"There is no such filter; these are: {', '.join(sorted(known))}."] for name in unknown}
        )


def _cursor(request: Request) -> Cursor | None:
    try:
        return parse_cursor(request.query_params.get("cursor", ""))
    except InvalidCursor as error:
        raise ValidationError({"cursor": [str(error)]}) from error


def _page_size(request: Request) -> int:
    text = request.query_params.get("page_size", "")
    if not text:
        return PAGE_SIZE
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text) > 0):
        raise ValidationError({"page_size": [f"Give a whole number from 1 to {MAX_PAGE_SIZE}."]})
    return min(int(text), MAX_PAGE_SIZE)


def _url(request: Request, cursor: Cursor | None) -> str | None:
    return replace_query_param(request.build_absolute_uri(), "cursor", str(cursor)) if cursor else None

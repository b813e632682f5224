"""`/api/v1/viewer/preferences/` and `/api/v1/viewer/hangings/`: what a person set for the viewer."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.api_door import AuditedDoor
from portal.accounts.models import User
from portal.accounts.problems import ProblemError
from viewer.bounded import OutOfBounds, bounded_object
from viewer.personal.selectors import preferences_of
from viewer.personal.serializers import HangingKindSerializer, HangingSerializer
from viewer.personal.services import (
    PREFERENCES,
    TooManyHangings,
    change_preferences,
    forget_hanging,
    keep_hanging,
    keep_preferences,
)

_PREFERENCES: Final[dict[str, Any]] = {
    "type": "object",
    "additionalProperties": {},
    "maxProperties": PREFERENCES.members,
    "description": "One object of at most 16 000 bytes, which the viewer alone understands.",
}
_KIND: Final = [
    OpenApiParameter("modality", OpenApiTypes.STR, description="Empty: any."),
    OpenApiParameter("body_part", OpenApiTypes.STR, description="Empty: any."),
]


class OwnDoor(AuditedDoor):
    """Signed in, or 401 with one audit event; whoever asks reads and changes what is theirs."""

    guard = "signed in, and one's own"
    tried = "viewer_settings"

    @property
    def person(self) -> User:
        """Whoever asks."""
        return self.request.user  # type: ignore[return-value]


class PreferencesView(OwnDoor):
    """The viewer's settings of the person."""

    @extend_schema(operation_id="viewer_preferences_retrieve", tags=["viewer"], responses={200: _PREFERENCES})
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """What is kept; an empty object where nothing is."""
        return Response(preferences_of(self.person))

    @extend_schema(
        operation_id="viewer_preferences_update",
        tags=["viewer"],
        request={"application/json": _PREFERENCES},
        responses={200: _PREFERENCES},
    )
    def put(self, request: Request) -> Response:
        """Keep this in the place of what was kept."""
        with _refusal():
            preferences = bounded_object(request.data, PREFERENCES)
        return Response(keep_preferences(person=self.person, preferences=preferences).preferences)

    @extend_schema(
        operation_id="viewer_preferences_partial_update",
        tags=["viewer"],
        request={"application/json": _PREFERENCES},
        responses={200: _PREFERENCES},
    )
    def patch(self, request: Request) -> Response:
        """Change what is named, within objects too; null takes it away (RFC 7396). Answers with all that is kept."""
        with _refusal():
            changes = bounded_object(request.data, PREFERENCES)
            return Response(change_preferences(person=self.person, changes=changes).preferences)


@contextmanager
def _refusal() -> Iterator[None]:
    """Answer 400 where what was sent, or what would come of it, is out of bounds."""
    try:
        yield
    except OutOfBounds as error:
        raise serializers.ValidationError({"preferences": [str(error)]}) from error


class HangingsView(OwnDoor):
    """How the person reads kinds of studies."""

    @extend_schema(
        operation_id="viewer_hangings_update",
        tags=["viewer"],
        request=HangingSerializer,
        responses={200: HangingSerializer},
    )
    def put(self, request: Request) -> Response:
        """Keep the layout of one modality and body part."""
        sent = HangingSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        try:
            kept = keep_hanging(person=self.person, **sent.validated_data)
        except TooManyHangings as error:
            raise ProblemError(400, "too_many_hangings", "Forget another layout first.") from error
        return Response(HangingSerializer(kept).data)

    @extend_schema(
        operation_id="viewer_hangings_forget", tags=["viewer"], parameters=_KIND, request=None, responses={204: None}
    )
    def delete(self, request: Request) -> Response:
        """Forget the layout of one modality and body part."""
        sent = HangingKindSerializer(data=request.query_params)
        sent.is_valid(raise_exception=True)
        forget_hanging(person=self.person, **sent.validated_data)
        return Response(status=204)

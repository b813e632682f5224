"""`/api/v1/invitations/`: inviting to roles, sending again and withdrawing."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.actors import actor_of
from portal.accounts.problems import ProblemError
from portal.institutions.api_guard import ManagersGuard
from portal.institutions.models import Role
from portal.institutions.pagination import NewestInvitations
from portal.institutions.rights import institutions_open_to
from portal.invitations import services
from portal.invitations.errors import InvitationClosed, InvitationError, MayNotInvite, NotYourInvitation, TooManyLetters
from portal.invitations.models import Invitation
from portal.invitations.selectors import invitations_known_to
from portal.invitations.serializers import InvitationSerializer, InviteSerializer


class InvitationsGuard(ManagersGuard):
    """For who manages people."""

    tried = "invitations"

    def shown(self, invitation_id: UUID) -> dict[str, object]:
        """The invitation as it stands now, which is the caller's."""
        return InvitationSerializer(invitations_known_to(self.administrator).get(pk=invitation_id)).data


class InvitationListView(InvitationsGuard, generics.GenericAPIView[Invitation]):
    """The invitations of the caller and of their institutions."""

    serializer_class = InvitationSerializer
    pagination_class = NewestInvitations
    queryset = Invitation.objects.none()

    @extend_schema(operation_id="invitations_list", tags=["invitations"], responses=InvitationSerializer(many=True))
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """One page of invitations in whatever state, the newest first."""
        page = self.paginate_queryset(invitations_known_to(self.administrator)) or []
        return self.get_paginated_response(InvitationSerializer(page, many=True).data)

    @extend_schema(
        operation_id="invitations_create",
        tags=["invitations"],
        request=InviteSerializer,
        responses={201: InvitationSerializer},
    )
    def post(self, request: Request) -> Response:
        """Send a link. The answer does not tell whether the address has an account."""
        asked = InviteSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        institution = institutions_open_to(self.administrator).filter(code=asked.validated_data["institution"]).first()
        if institution is None:
            raise self.nothing_here(request)
        try:
            invitation, _created = services.invite(
                actor=actor_of(request),
                inviter=self.administrator,
                email=asked.validated_data["email"],
                institution=institution,
                role=Role(asked.validated_data["role"]),
            )
        except MayNotInvite as error:
            raise self.nothing_here(request) from error
        except InvitationError as error:
            raise _problem(error) from error
        return Response(self.shown(invitation.pk), status=201)


class InvitationDetailView(InvitationsGuard, generics.GenericAPIView[Invitation]):
    """One of them."""

    serializer_class = InvitationSerializer
    pagination_class = None

    @extend_schema(operation_id="invitations_retrieve", tags=["invitations"])
    def get(self, request: Request, invitation_id: UUID) -> Response:
        """The invitation."""
        if not invitations_known_to(self.administrator).filter(pk=invitation_id).exists():
            raise self.nothing_here(request)
        return Response(self.shown(invitation_id))

    @extend_schema(operation_id="invitations_withdraw", tags=["invitations"], responses={204: None})
    def delete(self, request: Request, invitation_id: UUID) -> Response:
        """Take it back; its link opens nothing any more."""
        try:
            services.withdraw(actor=actor_of(request), person=self.administrator, invitation_id=invitation_id)
        except NotYourInvitation as error:
            raise self.nothing_here(request) from error
        except InvitationError as error:
            raise _problem(error) from error
        return Response(status=204)


class ResendView(InvitationsGuard, generics.GenericAPIView[Invitation]):
    """`resend/`."""

    serializer_class = InvitationSerializer
    pagination_class = None

    @extend_schema(
        operation_id="invitations_resend", tags=["invitations"], request=None, responses=InvitationSerializer
    )
    def post(self, request: Request, invitation_id: UUID) -> Response:
        """Send a new link in place of the old one."""
        try:
            services.resend(actor=actor_of(request), person=self.administrator, invitation_id=invitation_id)
        except NotYourInvitation as error:
            raise self.nothing_here(request) from error
        except InvitationError as error:
            raise _problem(error) from error
        return Response(self.shown(invitation_id))


def _problem(error: InvitationError) -> ProblemError:
    if isinstance(error, TooManyLetters):
        return ProblemError(429, error.code, str(error), wait=error.wait)
    return ProblemError(409 if isinstance(error, InvitationClosed) else 400, error.code, str(error))

"""`/api/v1/share-links/`: making, reading and taking back share links."""

from uuid import UUID

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from audit.services import record_access_denied
from portal.accounts.actors import actor_of
from portal.accounts.api_door import AuditedDoor
from portal.accounts.problems import ProblemError
from portal.grants.api import GrantPagination
from portal.grants.audited import audited_try
from portal.grants.errors import GrantRefused, ShareNotAllowed
from portal.grants.policy import holding_for
from portal.sharing.errors import NotYourLink
from portal.sharing.models import ShareLink
from portal.sharing.selectors import share_links_known_to
from portal.sharing.serializers import MadeShareLinkSerializer, MakeShareLinkSerializer, ShareLinkSerializer
from portal.sharing.services import make_share_link, revoke_share_link

GUARD = "signed in, and share_links_known_to"


class ShareLinkPagination(GrantPagination):
    """Newest first."""

    ordering = ("-created_at", "-id")


class ShareLinksGuard(AuditedDoor):
    """Signed in, or 401; a link of others is 404. Either leaves one audit event."""

    guard = GUARD
    tried = "share_links"


class ShareLinkListView(ShareLinksGuard, generics.GenericAPIView[ShareLink]):
    """Links that the caller made, or oversees as administrator of the owning institution."""

    serializer_class = ShareLinkSerializer
    pagination_class = ShareLinkPagination
    queryset = ShareLink.objects.none()

    @extend_schema(operation_id="share_links_list", tags=["share links"], responses=ShareLinkSerializer(many=True))
    def get(self, request: Request) -> Response:
        """One page of links."""
        page = self.paginate_queryset(share_links_known_to(request.user)) or []
        return self.get_paginated_response(ShareLinkSerializer(page, many=True).data)

    @extend_schema(
        operation_id="share_links_create",
        tags=["share links"],
        request=MakeShareLinkSerializer,
        responses={201: MadeShareLinkSerializer},
    )
    def post(self, request: Request) -> Response:
        """Make a link to a study that the caller may share; its address and PIN are in this answer alone."""
        asked = MakeShareLinkSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        uid: str = asked.validated_data["study_instance_uid"]
        server = asked.validated_data.get("server")
        found = holding_for(request.user, uid, str(server) if server else None)
        if found is None:
            self._record_denied(request, uid, server)
            raise NotFound
        try:
            made = make_share_link(
                actor=actor_of(request),
                maker=request.user,  # type: ignore[arg-type]
                study=found[0],
                terms=asked.terms,
            )
        except ShareNotAllowed as error:
            self._record_denied(request, uid, server)
            raise ProblemError(403, error.code, str(error)) from error
        except GrantRefused as error:
            raise ProblemError(400, error.code, str(error)) from error
        secrets = {"url": request.build_absolute_uri(reverse("sharing:open", args=[made.token])), "pin": made.pin}
        data = MadeShareLinkSerializer(made.link, context=secrets).data
        return Response(data, status=201, headers={"Cache-Control": "no-store"})

    def _record_denied(self, request: Request, uid: str, server: UUID | None) -> None:
        subject = audited_try(uid, str(server) if server else None)
        record_access_denied(actor=actor_of(request), study=subject, tried="make_share_link")


class ShareLinkDetailView(ShareLinksGuard, generics.GenericAPIView[ShareLink]):
    """One link."""

    serializer_class = ShareLinkSerializer
    pagination_class = None

    @extend_schema(operation_id="share_links_retrieve", tags=["share links"])
    def get(self, request: Request, link_id: UUID) -> Response:
        """The link, to whom it is known."""
        link = share_links_known_to(request.user).filter(pk=link_id).first()
        if link is None:
            record_access_denied(actor=actor_of(request), tried="share_links")
            raise NotFound
        return Response(ShareLinkSerializer(link).data)

    @extend_schema(operation_id="share_links_revoke", tags=["share links"], responses={204: None})
    def delete(self, request: Request, link_id: UUID) -> Response:
        """Take the link back; whoever is looking stops."""
        try:
            revoke_share_link(actor=actor_of(request), revoker=request.user, link_id=link_id)  # type: ignore[arg-type]
        except NotYourLink as error:
            record_access_denied(actor=actor_of(request), tried="revoke_share_link")
            raise NotFound from error
        return Response(status=204)

"""`/api/v1/identity-providers/`: the providers of an administrator's institutions."""

from typing import Final

from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.actors import actor_of
from portal.accounts.pagination import PlacePagination
from portal.accounts.problems import ProblemError
from portal.institutions.api_guard import ManagersGuard
from portal.institutions.selectors import institutions_managed_by
from portal.single_sign_on import services
from portal.single_sign_on.errors import NotYourProvider, ProviderRefused
from portal.single_sign_on.models import IdentityProvider
from portal.single_sign_on.selectors import providers_managed_by
from portal.single_sign_on.serializers import (
    ChangeProviderSerializer,
    IdentityProviderSerializer,
    NewProviderSerializer,
)
from wire import problems

GUARD = "institutions.manage_people"
_LONGEST_KEY: Final = len(str(2**63 - 1)) - 1


class ProviderPagination(PlacePagination):
    """The oldest first."""

    ordering = "pk"

    def is_place(self, position: str) -> bool:
        """True for a number that a row can have."""
        return position.isascii() and position.isdigit() and len(position) <= _LONGEST_KEY


class ProvidersGuard(ManagersGuard):
    """For who manages people; to others there is nothing here. Either leaves one audit event."""

    tried = "identity_providers"


class ProviderListView(ProvidersGuard, generics.GenericAPIView[IdentityProvider]):
    """The providers of the caller's institutions."""

    serializer_class = IdentityProviderSerializer
    pagination_class = ProviderPagination
    queryset = IdentityProvider.objects.none()

    @extend_schema(
        operation_id="identity_providers_list",
        tags=["identity providers"],
        responses=IdentityProviderSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """One page of providers."""
        page = self.paginate_queryset(providers_managed_by(request.user)) or []  # type: ignore[arg-type]
        return self.get_paginated_response(IdentityProviderSerializer(page, many=True).data)

    @extend_schema(
        operation_id="identity_providers_create",
        tags=["identity providers"],
        request=NewProviderSerializer,
        responses={201: IdentityProviderSerializer},
    )
    def post(self, request: Request) -> Response:
        """Set a provider up."""
        asked = NewProviderSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = asked.given
        managed = institutions_managed_by(request.user)  # type: ignore[arg-type]
        institution = managed.filter(code=given.pop("institution")).first()
        if institution is None:
            raise self.nothing_here(request)
        try:
            provider = services.set_up_provider_as_administrator(
                actor=actor_of(request),
                administrator=request.user,  # type: ignore[arg-type]
                institution_pk=institution.pk,
                terms=services.ProviderTerms(**given),
            )
        except ProviderRefused as error:
            raise _problem(error) from error
        return Response(IdentityProviderSerializer(provider).data, status=201)


class ProviderDetailView(ProvidersGuard, generics.GenericAPIView[IdentityProvider]):
    """One provider of the caller's institutions."""

    serializer_class = IdentityProviderSerializer
    pagination_class = None

    @extend_schema(operation_id="identity_providers_retrieve", tags=["identity providers"])
    def get(self, request: Request, pk: int) -> Response:
        """The provider."""
        return Response(IdentityProviderSerializer(self._own(request, pk)).data)

    @extend_schema(
        operation_id="identity_providers_update",
        tags=["identity providers"],
        request=ChangeProviderSerializer,
        responses=IdentityProviderSerializer,
    )
    def patch(self, request: Request, pk: int) -> Response:
        """Change what is given."""
        provider = self._own(request, pk)
        asked = ChangeProviderSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        try:
            changed = services.change_provider(
                actor=actor_of(request),
                administrator=request.user,  # type: ignore[arg-type]
                pk=provider.pk,
                terms=services.terms_of(provider, **asked.given),
            )
        except ProviderRefused as error:
            raise _problem(error) from error
        return Response(IdentityProviderSerializer(changed).data)

    @extend_schema(operation_id="identity_providers_disable", tags=["identity providers"], responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Disable it: nobody comes in by it any more; what it did stays on record."""
        try:
            services.disable_provider(actor=actor_of(request), administrator=request.user, pk=pk)  # type: ignore[arg-type]
        except NotYourProvider as error:
            raise self.nothing_here(request) from error
        return Response(status=204)

    def _own(self, request: Request, pk: int) -> IdentityProvider:
        provider = providers_managed_by(request.user).filter(pk=pk).first()  # type: ignore[arg-type]
        if provider is None:
            raise self.nothing_here(request)
        return provider


def _problem(error: ProviderRefused) -> ProblemError:
    return ProblemError(400, problems.REQUEST_INVALID, str(error))

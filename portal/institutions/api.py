"""`/api/v1/people/` and `/api/v1/institutions/`: whom one manages, their roles, and what one's institution chose."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.actors import actor_of
from portal.accounts.models import User
from portal.accounts.problems import ProblemError
from portal.institutions import services, suspensions
from portal.institutions.api_guard import ManagersGuard
from portal.institutions.institution_services import NotYourInstitution, UnknownTimeZone, change_institution
from portal.institutions.models import Institution, Membership
from portal.institutions.pagination import InstitutionsByCode, NewestPeople, NewestRoles
from portal.institutions.people import people_named
from portal.institutions.rights import institutions_open_to, people_managed_by
from portal.institutions.serializers import (
    ChangeInstitutionSerializer,
    GiveRoleSerializer,
    InstitutionSerializer,
    MembershipSerializer,
    PersonSerializer,
)
from wire import problems

SEARCH = OpenApiParameter("search", str, description="Words of the name, the user name or the e-mail address.")
_LONGEST_SEARCH = 100


class PeopleGuard(ManagersGuard):
    """For who manages people."""

    def person(self, request: Request, person_id: UUID) -> User:
        """One of the caller's people. Raises NotFound."""
        person = people_managed_by(self.administrator).filter(subject=person_id).first()
        if person is None:
            raise self.nothing_here(request)
        return person

    def changed(self, request: Request, change: Callable[[], Any]) -> Any:
        """Make the change; what is not the caller's to change does not exist for them."""
        try:
            return change()
        except services.NotYourPerson as error:
            raise self.nothing_here(request) from error
        except services.NotForYourself as error:
            raise ProblemError(403, "not_for_yourself", str(error)) from error
        except services.PersonSuspended as error:
            raise ProblemError(409, "person_suspended", str(error)) from error


class PersonListView(PeopleGuard, generics.GenericAPIView[User]):
    """The people whom the caller manages."""

    serializer_class = PersonSerializer
    pagination_class = NewestPeople
    queryset = User.objects.none()

    @extend_schema(
        operation_id="people_list", tags=["people"], parameters=[SEARCH], responses=PersonSerializer(many=True)
    )
    def get(self, request: Request) -> Response:
        """One page of people, the newest first."""
        search = request.query_params.get("search", "").replace("\x00", "")[:_LONGEST_SEARCH]
        page = self.paginate_queryset(people_named(people_managed_by(self.administrator), search)) or []
        return self.get_paginated_response(PersonSerializer(page, many=True).data)


class PersonDetailView(PeopleGuard, generics.GenericAPIView[User]):
    """One of them."""

    serializer_class = PersonSerializer
    pagination_class = None

    @extend_schema(operation_id="people_retrieve", tags=["people"])
    def get(self, request: Request, person_id: UUID) -> Response:
        """The person, with the roles that the caller may know of."""
        return Response(PersonSerializer(self.person(request, person_id)).data)


class MembershipListView(PeopleGuard, generics.GenericAPIView[Membership]):
    """The roles of one of them."""

    serializer_class = MembershipSerializer
    pagination_class = NewestRoles
    queryset = Membership.objects.none()

    @extend_schema(operation_id="people_memberships_list", tags=["people"], responses=MembershipSerializer(many=True))
    def get(self, request: Request, person_id: UUID) -> Response:
        """One page of the roles that the caller may know of and that have not ended, suspended ones too."""
        held: list[Membership] = self.person(request, person_id).held  # type: ignore[attr-defined]
        known = Membership.objects.filter(pk__in=[one.pk for one in held]).select_related("institution")
        page = self.paginate_queryset(known) or []
        return self.get_paginated_response(MembershipSerializer(page, many=True).data)

    @extend_schema(
        operation_id="people_memberships_create",
        tags=["people"],
        request=GiveRoleSerializer,
        responses={201: MembershipSerializer},
    )
    def post(self, request: Request, person_id: UUID) -> Response:
        """Give the person a role."""
        person = self.person(request, person_id)
        asked = GiveRoleSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        institution = institutions_open_to(self.administrator).filter(code=asked.validated_data["institution"]).first()
        if institution is None:
            raise self.nothing_here(request)
        membership = self.changed(
            request,
            lambda: services.give_role_as_administrator(
                actor=actor_of(request),
                administrator=self.administrator,
                person_pk=person.pk,
                institution_pk=institution.pk,
                role=asked.validated_data["role"],
            ),
        )
        return Response(MembershipSerializer(membership).data, status=201)


class MembershipDetailView(PeopleGuard, generics.GenericAPIView[Membership]):
    """One role of one of them."""

    serializer_class = MembershipSerializer
    pagination_class = None

    @extend_schema(operation_id="people_memberships_delete", tags=["people"], responses={204: None})
    def delete(self, request: Request, person_id: UUID, membership_id: int) -> Response:
        """End it; open viewers stop within a minute."""
        held: list[Membership] = self.person(request, person_id).held  # type: ignore[attr-defined]
        if membership_id not in {one.pk for one in held}:
            raise self.nothing_here(request)
        self.changed(
            request,
            lambda: services.end_role_as_administrator(
                actor=actor_of(request), administrator=self.administrator, membership_pk=membership_id
            ),
        )
        return Response(status=204)


class KeepOutView(PeopleGuard, generics.GenericAPIView[User]):
    """Base of what keeps a person out, or lets them back in."""

    serializer_class = PersonSerializer
    pagination_class = None

    def kept(self, request: Request, person_id: UUID, act: Callable[..., User]) -> Response:
        """Do it, and answer with how the person stands now."""
        person = self.person(request, person_id)
        self.changed(
            request,
            lambda: act(actor=actor_of(request), administrator=self.administrator, person_pk=person.pk),
        )
        return Response(PersonSerializer(self.person(request, person_id)).data)


class SuspendView(KeepOutView):
    """`suspend/`."""

    @extend_schema(operation_id="people_suspend", tags=["people"], request=None, responses=PersonSerializer)
    def post(self, request: Request, person_id: UUID) -> Response:
        """Keep the person out of the roles that the caller may end."""
        return self.kept(request, person_id, suspensions.suspend_person)


class ResumeView(KeepOutView):
    """`resume/`."""

    @extend_schema(operation_id="people_resume", tags=["people"], request=None, responses=PersonSerializer)
    def post(self, request: Request, person_id: UUID) -> Response:
        """Let the person back into these roles."""
        return self.kept(request, person_id, suspensions.resume_person)


class SuspendAccountView(KeepOutView):
    """`account/suspend/`."""

    @extend_schema(operation_id="people_account_suspend", tags=["people"], request=None, responses=PersonSerializer)
    def post(self, request: Request, person_id: UUID) -> Response:
        """Keep the person out of the network; for system administrators."""
        return self.kept(request, person_id, suspensions.suspend_account)


class ResumeAccountView(KeepOutView):
    """`account/resume/`."""

    @extend_schema(operation_id="people_account_resume", tags=["people"], request=None, responses=PersonSerializer)
    def post(self, request: Request, person_id: UUID) -> Response:
        """Let the account sign in again; for system administrators."""
        return self.kept(request, person_id, suspensions.resume_account)


class InstitutionListView(ManagersGuard, generics.GenericAPIView[Institution]):
    """The institutions in which the caller may give roles."""

    serializer_class = InstitutionSerializer
    pagination_class = InstitutionsByCode
    queryset = Institution.objects.none()
    tried = "institution_settings"

    @extend_schema(operation_id="institutions_list", tags=["institutions"], responses=InstitutionSerializer(many=True))
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """One page of institutions."""
        page = self.paginate_queryset(institutions_open_to(self.administrator)) or []
        return self.get_paginated_response(InstitutionSerializer(page, many=True).data)


class InstitutionDetailView(ManagersGuard, generics.GenericAPIView[Institution]):
    """One institution of the caller's own."""

    serializer_class = InstitutionSerializer
    pagination_class = None
    guard = "institutions.change_settings"
    tried = "institution_settings"

    @extend_schema(
        operation_id="institutions_update",
        tags=["institutions"],
        request=ChangeInstitutionSerializer,
        responses=InstitutionSerializer,
    )
    def patch(self, request: Request, code: str) -> Response:
        """Change what is given."""
        asked = ChangeInstitutionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        found = Institution.objects.filter(code=code).first() if "\x00" not in code else None
        try:
            if found is None:
                raise NotYourInstitution
            changed = change_institution(
                actor=actor_of(request),
                administrator=self.administrator,
                institution_pk=found.pk,
                changes=asked.validated_data,
            )
        except NotYourInstitution as error:
            raise self.nothing_here(request) from error
        except UnknownTimeZone as error:
            raise ProblemError(400, problems.REQUEST_INVALID, str(error)) from error
        return Response(InstitutionSerializer(changed).data)

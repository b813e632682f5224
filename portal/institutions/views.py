"""Home, the hat that one wears, and the people of one's institution."""

from collections.abc import Callable

from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from audit.services import record_access_denied
from portal.accounts.actors import actor_of, person_of
from portal.accounts.guards import only_signed_in
from portal.accounts.national_ids import InvalidNationalId
from portal.institutions import services
from portal.institutions.context import home_of
from portal.institutions.forms import GiveRoleForm, NationalIdForm, PhysicianAliasForm
from portal.institutions.guards import only_with
from portal.institutions.middleware import SESSION_KEY
from portal.institutions.people import people_page
from portal.institutions.selectors import running_memberships

_manages_people = only_with("institutions.manage_people", page="people")


@require_GET
@only_signed_in
def home(request: HttpRequest) -> HttpResponse:
    """Lead to where the hat begins."""
    return redirect(home_of(request.hat))  # type: ignore[attr-defined]


@require_POST
@only_signed_in
def switch_hat(request: HttpRequest) -> HttpResponse:
    """Put on another of one's own hats."""
    chosen = request.POST.get("membership", "")
    held = [membership for membership in running_memberships(person_of(request)) if str(membership.pk) == chosen]
    if not held:
        raise Http404
    request.session[SESSION_KEY] = held[0].pk
    return redirect(home_of(held[0]))


@require_GET
@_manages_people
def people(request: HttpRequest) -> HttpResponse:
    """List the people of the administrator's institutions."""
    return render(request, "institutions/people.html", {"page": people_page(person_of(request))})


@require_POST
@_manages_people
def give_role(request: HttpRequest, person_pk: int) -> HttpResponse:
    """Give one of the own people a role."""

    def change(form: Form) -> str:
        membership = services.give_role_as_administrator(
            actor=actor_of(request),
            administrator=person_of(request),
            person_pk=person_pk,
            institution_pk=form.cleaned_data["institution"],
            role=form.cleaned_data["role"],
        )
        return _("%(person)s is now %(role)s.") % {
            "person": membership.user.full_name,
            "role": membership.get_role_display(),
        }

    return _changed(request, GiveRoleForm(request.POST), change)


@require_POST
@_manages_people
def end_role(request: HttpRequest, membership_pk: int) -> HttpResponse:
    """End a role in the own institution."""

    def change(form: Form) -> str:  # noqa: ARG001
        services.end_role_as_administrator(
            actor=actor_of(request), administrator=person_of(request), membership_pk=membership_pk
        )
        return _("The role has ended. Open viewers stop within a minute.")

    return _changed(request, Form(request.POST), change)


@require_POST
@_manages_people
def set_national_id(request: HttpRequest, person_pk: int) -> HttpResponse:
    """Vouch for the national ID of one of the own people."""

    def change(form: Form) -> str:
        identity = services.set_national_id_as_administrator(
            actor=actor_of(request),
            administrator=person_of(request),
            person_pk=person_pk,
            national_id=form.cleaned_data["national_id"],
        )
        return _("%(person)s now sees their own studies.") % {"person": identity.user.full_name}

    return _changed(request, NationalIdForm(request.POST), change)


@require_POST
@_manages_people
def add_alias(request: HttpRequest, membership_pk: int) -> HttpResponse:
    """Say how the equipment writes a referring doctor."""

    def change(form: Form) -> str:
        alias = services.set_physician_alias_as_administrator(
            actor=actor_of(request),
            administrator=person_of(request),
            membership_pk=membership_pk,
            written_as=form.cleaned_data["written_as"],
        )
        return _("Studies that name %(name)s are now found.") % {"name": alias.written_as}

    return _changed(request, PhysicianAliasForm(request.POST), change)


def _changed(request: HttpRequest, form: Form, change: Callable[[Form], str]) -> HttpResponse:
    """Make the change and say what happened; what is not theirs to change does not exist for them."""
    if not form.is_valid():
        messages.error(request, _("Nothing was changed: a field is empty or too long."))
        return redirect("people")
    try:
        messages.success(request, change(form))
    except services.NotYourPerson as error:
        record_access_denied(actor=actor_of(request), tried="people")
        raise Http404 from error
    except services.NotForYourself as error:
        record_access_denied(actor=actor_of(request), tried="people", reason=str(error))
        messages.error(request, _("Nothing was changed: another administrator does this for you."))
    except (InvalidNationalId, services.PeopleError) as error:
        messages.error(request, str(error))
    return redirect("people")
